//! The account of a replay: what was found, when, why, who was told, what it did. Read from the API alone.

mod collect;
mod course;
mod print;
mod themes;
mod tracing;

use std::collections::BTreeMap;

use attune_api::feedback::v1::CourseDay;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::customers::Decisions;

pub(crate) use collect::{Observed, collect};
pub(crate) use print::print;

/// Everything there is to say about a replay.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    /// What was replayed.
    pub(crate) input: String,
    /// The hour after the last row: nothing after it was observed.
    pub(crate) observed_until: DateTime<Utc>,
    /// Whether rollouts stand for changes that are known to have gone live.
    pub(crate) real_changes: bool,
    pub(crate) feedback: Counts,
    pub(crate) customers: Decisions,
    /// What people talked about in the end, found without telling the platform what to look for; the largest first.
    pub(crate) themes: Vec<ThemeAccount>,
    pub(crate) issues: Vec<IssueAccount>,
    pub(crate) initiatives: Vec<InitiativeAccount>,
    pub(crate) told: Told,
    pub(crate) mails: Mails,
    pub(crate) notices: Vec<NoticeAccount>,
    /// Whether every issue could be walked from one complaint forward to its last step, and back to every complaint.
    pub(crate) trace_complete: bool,
    pub(crate) traces: Vec<TraceAccount>,
}

/// What went in.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    /// Known before: the same source id and channel came twice.
    pub(crate) duplicates: u64,
    pub(crate) rejections: Vec<RejectionAccount>,
}

/// A line that was left out.
#[derive(Debug, Serialize)]
pub(crate) struct RejectionAccount {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

/// Something that people talked about.
#[derive(Debug, Serialize)]
pub(crate) struct ThemeAccount {
    pub(crate) theme_id: String,
    pub(crate) label: String,
    pub(crate) phrases: Vec<String>,
    /// The days that `texts` are of; `texts_before` are of as many days before.
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) texts: i64,
    pub(crate) texts_before: i64,
    /// None where nobody talked about it before.
    pub(crate) growth: Option<f64>,
    pub(crate) languages: Vec<String>,
    pub(crate) quotes: Vec<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct IssueAccount {
    pub(crate) issue_id: String,
    pub(crate) hot_issue_id: String,
    pub(crate) title: String,
    pub(crate) topic: String,
    /// Empty where it is about all products.
    pub(crate) product: String,
    pub(crate) opened_at: Option<DateTime<Utc>>,
    pub(crate) window_start: Option<DateTime<Utc>>,
    pub(crate) state: String,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// When the volume was back in its usual range, whatever the reason.
    pub(crate) subsided_at: Option<DateTime<Utc>>,
    pub(crate) observed: i64,
    pub(crate) expected: f64,
    pub(crate) p_value: Option<f64>,
    pub(crate) q_value: f64,
    pub(crate) tested: i32,
    pub(crate) comparable_windows: i32,
    /// Persons, frozen when it was found.
    pub(crate) cohort: i64,
    pub(crate) evidence: i64,
    pub(crate) explanation: String,
    /// The words that tell its mentions from everything else that was said then.
    pub(crate) keywords: Vec<String>,
    pub(crate) quotes: Vec<String>,
    /// Drawn for people; programs ask for them.
    #[serde(skip)]
    pub(crate) days: Vec<CourseDay>,
}

/// What was done about an issue.
#[derive(Debug, Serialize)]
pub(crate) struct InitiativeAccount {
    pub(crate) initiative_id: String,
    /// The issue's id.
    pub(crate) issue: String,
    pub(crate) title: String,
    pub(crate) hypothesis: String,
    pub(crate) owner: String,
    pub(crate) state: String,
    /// The tries that were judged.
    pub(crate) iterations: Vec<IterationAccount>,
    /// The try without a verdict, if there is one.
    pub(crate) open_iteration: Option<OpenIteration>,
}

/// A judged try.
#[derive(Debug, Serialize)]
pub(crate) struct IterationAccount {
    pub(crate) number: i32,
    pub(crate) change: String,
    pub(crate) rolled_out_at: Option<DateTime<Utc>>,
    pub(crate) baseline: Option<f64>,
    /// `effective`, `ineffective` or `inconclusive`.
    pub(crate) verdict: &'static str,
    pub(crate) decided_at: Option<DateTime<Utc>>,
    /// The change of the share against what would have been; none where it cannot be told.
    pub(crate) effect: Option<f64>,
    pub(crate) relative_effect: Option<f64>,
    pub(crate) interval: Option<[f64; 2]>,
    pub(crate) level: f64,
    /// Pieces of feedback after the rollout.
    pub(crate) n: i64,
    pub(crate) n_before: i64,
    pub(crate) method: String,
    pub(crate) reason: String,
    pub(crate) assumptions: Vec<String>,
    pub(crate) told: Told,
}

/// A try that has no verdict when the data end.
#[derive(Debug, Serialize)]
pub(crate) struct OpenIteration {
    pub(crate) number: i32,
    /// Why it came to be.
    pub(crate) because: String,
    pub(crate) change: String,
    pub(crate) rolled_out_at: Option<DateTime<Utc>>,
    pub(crate) next_look: Option<DateTime<Utc>>,
    pub(crate) told: Told,
}

/// Who was told, in numbers of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    pub(crate) sent: i64,
    pub(crate) blocked: BTreeMap<String, i64>,
    pub(crate) pending: i64,
    pub(crate) failed: i64,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.pending += other.pending;
        self.failed += other.failed;
        for (reason, count) in &other.blocked {
            *self.blocked.entry(reason.clone()).or_default() += count;
        }
    }

    fn blocked_in_all(&self) -> i64 {
        self.blocked.values().sum()
    }
}

/// What the mail server really received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Mails {
    pub(crate) to_customers: u64,
    pub(crate) to_departments: u64,
    /// Whether as many mails arrived at customers as the platform says were sent.
    pub(crate) as_told: bool,
}

/// What was noticed and is no issue.
#[derive(Debug, Serialize)]
pub(crate) struct NoticeAccount {
    pub(crate) kind: String,
    pub(crate) product: String,
    pub(crate) noticed_at: Option<DateTime<Utc>>,
    pub(crate) description: String,
}

/// How one issue's loop was walked.
#[derive(Debug, Serialize)]
pub(crate) struct TraceAccount {
    pub(crate) issue: String,
    /// The complaint the walk forward began with.
    pub(crate) from_feedback: String,
    /// The steps that the complaint led to, as far as they happened.
    pub(crate) reached: Vec<&'static str>,
    /// The complaints found on the walk back.
    pub(crate) complaints: i64,
    /// Whether they are all there are, the one of the walk forward among them, and both walks agree.
    pub(crate) complete: bool,
}
