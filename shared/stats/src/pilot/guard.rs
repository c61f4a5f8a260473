//! Guard metrics: what must not get worse while a pilot runs.

use serde::{Deserialize, Serialize};

use super::arm::Sample;
use super::judge::Judgement;
use super::plan::{Better, level};
use super::strata::{Contrast, Stratum, contrast};
use crate::verdict::Interval;

/// A metric beside the one the pilot is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard<'a> {
    /// Which way it is better.
    pub better: Better,
    /// How much worse it may become before the pilot has to stop, in units of the metric; not negative.
    pub tolerated: f64,
    /// The outcomes of those without the change.
    pub control: Sample,
    /// The outcomes of those with it.
    pub treated: Sample,
    /// The same by strata; empty where there are none.
    pub strata: &'a [Stratum],
}

/// What a guard says at a look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GuardCheck {
    /// Whether harm beyond what is tolerated is shown: stop the pilot.
    pub breached: bool,
    /// `treated − control`; none where an arm has no outcomes or no look was due.
    pub effect: Option<f64>,
    /// The interval of the effect at this look.
    pub interval: Option<Interval>,
    /// The interval's level.
    pub level: f64,
}

/// Checks a guard at the look of `judgement`, with the error rate this look may spend: each guard stops a harmless
/// change with at most half of the plan's alpha over all looks together. Without a look there is no check.
pub fn guard(judgement: &Judgement, guard: &Guard<'_>) -> GuardCheck {
    let unknown = GuardCheck {
        breached: false,
        effect: None,
        interval: None,
        level: judgement.level,
    };
    let Some(critical) = judgement.critical.filter(|critical| critical.is_finite()) else {
        return unknown;
    };
    if guard.control.n() == 0 || guard.treated.n() == 0 {
        return unknown;
    }
    let arms = (&guard.control, &guard.treated);
    let Some(Contrast {
        control,
        treated,
        interval,
    }) = contrast(arms, guard.strata, critical)
    else {
        return unknown;
    };
    let tolerated = guard.tolerated.max(0.0);
    let breached = match guard.better {
        Better::Lower => interval.low > tolerated,
        Better::Higher => interval.high < -tolerated,
    };
    GuardCheck {
        breached,
        effect: Some(treated - control),
        interval: Some(interval),
        level: level(critical),
    }
}
