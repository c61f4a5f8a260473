//! A question what moves a score.

use attune_stats::metric::AnswerScale;

use super::{Measure, Slice, Step, Window};

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drivers {
    pub(crate) scale: AnswerScale,
    pub(crate) slice: Slice,
    pub(crate) window: Window,
}

impl Drivers {
    /// How many answers the effects are estimated from; of more a sample is taken.
    pub(crate) const SAMPLE: u64 = 20_000;

    /// The question how many answers there are.
    pub(crate) fn measure(&self) -> Measure {
        Measure {
            metric: self.scale.metric(),
            slice: self.slice.clone(),
            window: self.window,
            step: Step::Whole,
        }
    }
}
