//! The verdict as it is stored: a record that explains the decision.

use serde::{Deserialize, Serialize};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The share moved as it was to, by at least the smallest effect worth having.
    Effective,
    /// The share did not move so by the smallest effect worth having.
    Ineffective,
    /// The plan is exhausted, or nothing sound to compare with can be had.
    Inconclusive,
    /// Too early: the next planned look has not been reached, or the last one left it open.
    NotYet,
}

/// What the share after the change was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A forecast from the level after detection and before the rollout.
    PlateauForecast,
    /// The level before the rollout, moved as a comparable group moved.
    DifferenceInDifferences,
    /// Two arms at the same time.
    Pilot,
}

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Whether an assumption was found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The data agree with it.
    Holds,
    /// The data contradict it, or are too few where that must count as contradiction.
    Fails,
    /// The data cannot tell.
    Untestable,
}

/// One assumption the verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// What is assumed, in words.
    pub statement: String,
    /// Whether it was found to hold.
    pub finding: Finding,
    /// The numbers behind it.
    pub detail: String,
}

/// The counterfactual in which the issue would have faded by itself towards the level before the event, at the
/// worst pace that the plateau does not rule out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fading {
    /// The half-life of the excess at that pace, in days; none where no fading is the worst case.
    pub half_life_days: Option<f64>,
    /// The share it would have led to, on average over the time after the rollout.
    pub counterfactual_share: f64,
    /// How far the effect is from merely this fading, in standard errors (larger: better ruled out).
    pub distance: f64,
    /// The distance this look asks for.
    pub required: f64,
}

/// What was seen of a group in which nothing was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// What it is, in words for people.
    pub name: String,
    /// Whether the verdict compares with it; else it was given and found not to be comparable.
    pub compared_with: bool,
    /// Feedback of it between detection and rollout.
    pub n_before: u64,
    /// Feedback of it after the rollout that was looked at.
    pub n_after: u64,
    /// Its share between detection and rollout; none without feedback.
    pub share_before: Option<f64>,
    /// Its share after the rollout; none without feedback.
    pub share_after: Option<f64>,
}

/// The judgement of one iteration of an initiative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was decided.
    pub decision: Decision,
    /// Absolute change of the share against the counterfactual; negative is a fall, which is an improvement unless the share
    /// is to rise.
    pub effect: Option<f64>,
    /// The change as a fraction of the counterfactual share; −0.3 is a fall by 30 %.
    pub relative_effect: Option<f64>,
    /// The interval of `effect`.
    pub interval: Option<Interval>,
    /// The interval of `relative_effect` (Fieller's); none where the counterfactual share may be zero.
    pub relative_interval: Option<Interval>,
    /// The confidence level of both intervals; at an early look it is higher than that of the plan.
    pub level: f64,
    /// Feedback before the rollout that the counterfactual rests on.
    pub n_before: u64,
    /// Feedback after the rollout that was looked at.
    pub n_after: u64,
    /// Which planned look this is, from one; zero before the first.
    pub look: u32,
    /// How many looks were planned.
    pub looks: u32,
    /// What was compared with.
    pub method: Method,
    /// The variance of what is compared over the binomial one, 1 at least: of days among themselves, and beside a group
    /// also of days that hang together.
    pub overdispersion: f64,
    /// What was seen of the group that was given; none where none was.
    #[serde(default)]
    pub beside: Option<Beside>,
    /// Whether fading by itself explains the fall; none where it was not needed.
    pub fading: Option<Fading>,
    /// What was assumed and checked.
    pub assumptions: Vec<Assumption>,
    /// The decision in words for people.
    pub reason: String,
}
