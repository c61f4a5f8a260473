//! The judgement of an iteration.

use attune_stats::verdict as stats;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Slice;

/// What a verdict decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Decision {
    /// It helped by at least the smallest effect worth having.
    Effective,
    /// It did not.
    Ineffective,
    /// It cannot be told, and waiting would not change that.
    Inconclusive,
    /// The next look decides.
    NotYet,
}

impl Decision {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Ineffective => "ineffective",
            Self::Inconclusive => "inconclusive",
            Self::NotYet => "not_yet",
        }
    }

    /// The name for people.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Effective => "it helped",
            Self::Ineffective => "it did not help enough",
            Self::Inconclusive => "it cannot be told whether it helped",
            Self::NotYet => "it cannot be told yet",
        }
    }
}

impl From<stats::Decision> for Decision {
    fn from(decision: stats::Decision) -> Self {
        match decision {
            stats::Decision::Effective => Self::Effective,
            stats::Decision::Ineffective => Self::Ineffective,
            stats::Decision::Inconclusive => Self::Inconclusive,
            stats::Decision::NotYet => Self::NotYet,
        }
    }
}

/// One statement about an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) effect: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) relative_effect: Option<f64>,
    pub(crate) level: f64,
    pub(crate) n_before: i64,
    pub(crate) n_after: i64,
    pub(crate) method: String,
    pub(crate) reason: String,
    pub(crate) assumptions: Vec<String>,
    pub(crate) decided_at: DateTime<Utc>,
    /// Which of the plan's looks it was, from 1.
    pub(crate) look: i32,
    /// What was seen where nothing was changed.
    #[serde(default)]
    pub(crate) comparison: Option<VerdictComparison>,
    /// Whether it states an earlier one again, with feedback that arrived late.
    #[serde(default)]
    pub(crate) restated: bool,
}

/// The feedback about which nothing was changed, over the same time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct VerdictComparison {
    pub(crate) slice: Slice,
    /// Whether the verdict compares with it, or found that it cannot.
    pub(crate) compared_with: bool,
    pub(crate) n_before: i64,
    pub(crate) n_after: i64,
    pub(crate) share_before: Option<f64>,
    pub(crate) share_after: Option<f64>,
}

impl Verdict {
    /// What the statistics say at `look`, as a statement of this service; `unchanged` is what they compared with.
    pub(crate) fn of(
        judged: &stats::Verdict,
        unchanged: Option<&Slice>,
        look: i32,
        decided_at: DateTime<Utc>,
    ) -> Self {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            decision: judged.decision.into(),
            effect: judged.effect,
            low: judged.interval.map(|interval| interval.low),
            high: judged.interval.map(|interval| interval.high),
            relative_effect: judged.relative_effect,
            level: judged.level,
            n_before: count(judged.n_before),
            n_after: count(judged.n_after),
            method: method(judged.method).to_owned(),
            reason: judged.reason.clone(),
            assumptions: judged.assumptions.iter().map(assumption).collect(),
            decided_at,
            look,
            comparison: judged
                .beside
                .as_ref()
                .zip(unchanged)
                .map(|(beside, slice)| VerdictComparison {
                    slice: slice.clone(),
                    compared_with: beside.compared_with,
                    n_before: count(beside.n_before),
                    n_after: count(beside.n_after),
                    share_before: beside.share_before,
                    share_after: beside.share_after,
                }),
            restated: false,
        }
    }

    /// Makes it the statement of an earlier one again.
    pub(crate) fn restate(&mut self) {
        self.restated = true;
    }

    /// Whether this statement says what `earlier` said: then nothing has arrived since. A stored number may differ from the
    /// computed one in its last digit.
    pub(crate) fn says_the_same(&self, earlier: &Self) -> bool {
        let counts = |verdict: &Self| {
            let beside = verdict
                .comparison
                .as_ref()
                .map(|seen| (seen.n_before, seen.n_after));
            (verdict.decision, verdict.n_before, verdict.n_after, beside)
        };
        let alike = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-9,
            (one, other) => one.is_none() && other.is_none(),
        };
        counts(self) == counts(earlier)
            && alike(self.effect, earlier.effect)
            && alike(self.relative_effect, earlier.relative_effect)
    }
}

impl Verdict {
    /// Takes back what was decided, because what was compared cannot be: the numbers stay to be seen.
    pub(crate) fn withhold(&mut self, why: &str) {
        if matches!(self.decision, Decision::Effective | Decision::Ineffective) {
            self.decision = Decision::Inconclusive;
            self.reason = format!("the topic counts otherwise than before: {why}");
        }
    }
}

const fn method(method: stats::Method) -> &'static str {
    match method {
        stats::Method::PlateauForecast => "before_after_forecast",
        stats::Method::DifferenceInDifferences => "difference_in_differences",
        stats::Method::Pilot => "pilot",
    }
}

/// An assumption with what was found, in words.
pub(crate) fn assumption(assumption: &stats::Assumption) -> String {
    let stats::Assumption {
        statement,
        finding,
        detail,
    } = assumption;
    let finding = match finding {
        stats::Finding::Holds => "holds",
        stats::Finding::Fails => "fails",
        stats::Finding::Untestable => "cannot be tested",
    };
    format!("{statement}: {finding} ({detail})")
}
