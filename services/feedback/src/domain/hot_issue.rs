//! Hot issues: what was found, why, and how it goes on.

use attune_stats::hot::{HotCell, Settings};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::UNRECORDED;

/// Whether a hot issue goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum HotIssueState {
    Open,
    Ended,
}

/// Which feedback a hot issue is about, beside its topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Empty for all products.
    pub(crate) product: String,
    /// Products that were not part of what was tested over all products, because their volume had just started.
    pub(crate) left_out: Vec<String>,
}

impl Scope {
    pub(crate) fn holds(&self, product: &str) -> bool {
        (self.product.is_empty() || self.product == product)
            && !self.left_out.iter().any(|out| out == product)
    }
}

/// Why a hot issue was opened, as it was when that was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DecisionRecord {
    /// The rule and its version.
    pub(crate) rule: String,
    /// The finding with its numbers.
    pub(crate) finding: HotCell,
    /// What the rule promised and demanded.
    pub(crate) settings: Settings,
    /// How many cells the run tested.
    pub(crate) tested: usize,
    /// Products left out of the overall counts.
    pub(crate) left_out: Vec<String>,
    /// Mentions a day before the window: the level to come back to.
    pub(crate) usual_per_day: f64,
    /// Mentions found, a person's several ones included.
    pub(crate) evidence: usize,
    /// Of those, mentions of persons who are not known.
    pub(crate) anonymous: usize,
    /// Persons frozen.
    pub(crate) cohort: usize,
    /// Full hours before this run that were not looked at, because time had passed them already.
    pub(crate) skipped_hours: i32,
    /// The version of the taxonomy that stood; [`UNRECORDED`] in records from before it was kept.
    #[serde(default = "unrecorded")]
    pub(crate) taxonomy_version: i64,
    /// From when on its topic was coded alike, where something else was said before that: no earlier window was
    /// compared.
    #[serde(default)]
    pub(crate) coded_since: Option<DateTime<Utc>>,
    /// Versions within the history that changed only the examples of other topics, with which its own are learnt.
    #[serde(default)]
    pub(crate) learnt_again: Vec<i64>,
    /// Why and how it was widened, where it was.
    #[serde(default)]
    pub(crate) widening: Option<Widening>,
}

const fn unrecorded() -> i64 {
    UNRECORDED
}

/// That an issue of one product became one of all products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Widening {
    /// The rule and its version.
    pub(crate) rule: String,
    pub(crate) at: DateTime<Utc>,
    /// The product it had been about.
    pub(crate) from: String,
    /// What was found elsewhere.
    pub(crate) finding: HotCell,
    /// Products left out of it, because their volume had just started.
    pub(crate) left_out: Vec<String>,
    /// Mentions it was extended by.
    pub(crate) evidence: usize,
    /// Of those, mentions of persons who are not known.
    pub(crate) anonymous: usize,
    /// Persons the cohort was extended by.
    pub(crate) joined: i64,
}

/// A topic whose volume left its usual range.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct HotIssue {
    pub(crate) hot_issue_id: Uuid,
    pub(crate) topic_id: String,
    pub(crate) topic_name: String,
    /// Empty for all products.
    pub(crate) product: String,
    pub(crate) left_out: Vec<String>,
    pub(crate) state: HotIssueState,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) window_start: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) usual_since: Option<DateTime<Utc>>,
    pub(crate) widened_at: Option<DateTime<Utc>>,
    pub(crate) observed: i64,
    pub(crate) last_observed: i64,
    pub(crate) expected: f64,
    pub(crate) p_value: f64,
    pub(crate) q_value: f64,
    pub(crate) usual_per_day: f64,
    pub(crate) cohort_size: i64,
    pub(crate) evidence_size: i64,
    /// Counts the events told about it.
    pub(crate) version: i64,
    pub(crate) quotes: Vec<String>,
    pub(crate) record: Json<DecisionRecord>,
}

/// What a run sees of an open hot issue's slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sight {
    /// Mentions in the last window of the length that was tested when it was found.
    pub(crate) in_window: i64,
    /// Mentions in the last 24 hours.
    pub(crate) in_day: i64,
    /// Whether the run found its topic hot again, in any slice.
    pub(crate) hot: bool,
}

/// How long a hot issue must have been back in its usual range to be over.
const LASTING: TimeDelta = TimeDelta::hours(24);

impl HotIssue {
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            product: self.product.clone(),
            left_out: self.left_out.clone(),
        }
    }

    /// The product it was opened for; empty for all.
    pub(crate) fn opened_product(&self) -> &str {
        let widening = self.record.widening.as_ref();
        widening.map_or(&self.product, |widening| &widening.from)
    }

    /// From now on it is about its topic in all products of `scope`.
    pub(crate) fn widen(&mut self, widening: Widening, usual_per_day: f64) {
        self.product = String::new();
        self.left_out.clone_from(&widening.left_out);
        self.widened_at = Some(widening.at);
        self.usual_since = None;
        self.usual_per_day = usual_per_day;
        self.record.widening = Some(widening);
        self.version += 1;
    }

    pub(crate) fn window(&self) -> TimeDelta {
        self.opened_at - self.window_start
    }

    /// Takes in what a run at `now` sees; true when it is over by that.
    ///
    /// Back in its usual range means: the run does not find the topic hot, and the mentions of the last 24 hours
    /// are fewer than it takes to be hot at all ([`Settings::minimum_support`], or [`Settings::minimum_ratio`]
    /// times the daily level from before it was found, whichever is more). It is over when that has lasted 24
    /// hours.
    pub(crate) fn observe(&mut self, now: DateTime<Utc>, sight: Sight) -> bool {
        self.last_observed = sight.in_window;
        let settings = &self.record.settings;
        let demanded = (settings.minimum_ratio * self.usual_per_day).max(settings.minimum_support as f64);
        if sight.hot || sight.in_day as f64 >= demanded {
            self.usual_since = None;
            return false;
        }
        let since = *self.usual_since.get_or_insert(now);
        let over = now - since >= LASTING;
        if over {
            self.state = HotIssueState::Ended;
            self.ended_at = Some(now);
        }
        over
    }

    /// By how much comparable windows vary beyond chance: variance = mean + κ · mean². Of the slice it is about now.
    pub(crate) fn overdispersion(&self) -> f64 {
        let widening = self.record.widening.as_ref();
        let finding = widening.map_or(&self.record.finding, |widening| &widening.finding);
        finding.overdispersion
    }

    /// The variance of comparable windows over their mean: 1 for a Poisson process.
    pub(crate) fn variance_over_mean(&self) -> f64 {
        1.0 + self.record.finding.overdispersion * self.expected
    }
}

/// What a run decided about one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ruling {
    pub(crate) outcome: Outcome,
    /// The hot issue that it opened, or belongs to.
    pub(crate) hot_issue_id: Uuid,
    pub(crate) finding: HotCell,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It opened a hot issue.
    Opened,
    /// Its topic's hot issue was open already.
    Absorbed,
    /// It widened its topic's hot issue from one product to all.
    Widened,
}

/// Something a run noticed that is not an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) kind: String,
    pub(crate) product: String,
    pub(crate) noticed_at: DateTime<Utc>,
    pub(crate) description: String,
}
