//! The metric registry and the statistics of judgement: how a number is computed and how sure it is, when a
//! topic is hot, whether two numbers differ, what moves a score, whether a change worked, how a pilot is planned and
//! judged, and what an improvement is worth.
//!
//! Everything here is a pure function of its arguments: no input or output, no clock, no randomness.

pub mod comparison;
mod distribution;
pub mod driver;
pub mod hot;
pub mod metric;
mod multiple;
pub mod pilot;
pub mod registry;
mod sequential;
pub mod trend;
pub mod verdict;
pub mod worth;

pub use metric::{Estimate, Outcome};
pub use registry::{MetricDefinition, MetricId};
