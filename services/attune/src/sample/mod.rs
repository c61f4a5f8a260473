//! The bundled sample: half a year's feedback would be more, ten weeks are enough to see the loop close.

mod generator;

pub use generator::{SEED, generate};

/// How the sample is called in an account.
pub(crate) const NAME: &str = "the bundled sample (a fictional bank, written by us)";
/// The feedback.
pub const FEEDBACK: &str = include_str!("../../sample/feedback.tsv");
/// What the fictional company changed, and when.
pub const CHANGES: &str = include_str!("../../sample/changes.tsv");
