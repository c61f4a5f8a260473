//! The metric registry and the statistics of judgement: how a number is computed and how sure it is, when a
//! topic is hot, and whether a change worked.
//!
//! Everything here is a pure function of its arguments: no input or output, no clock, no randomness.

mod distribution;
pub mod hot;
pub mod metric;
pub mod registry;
pub mod verdict;

pub use metric::{Estimate, Outcome};
pub use registry::{MetricDefinition, MetricId};
