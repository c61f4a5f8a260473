//! One run with everything it knows, and what follows from that.

use std::collections::BTreeMap;

use attune_stats::hot::{self, HotCell, Level, Settings};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::count;
use crate::analysis::TenantTaxonomy;
use crate::domain::{
    Cohort, DecisionRecord, Evidence, HotIssue, HotIssueState, Outcome, Ruling, Scope, Series, Sight, above,
};
use crate::store::detection::RunRecord;

/// The rule by which issues are opened, as records name it. Another way to decide is another version.
const RULE: &str = "hot_issue/1";

/// One run with everything it knows.
pub(super) struct Run<'a> {
    pub(super) hour: DateTime<Utc>,
    pub(super) taxonomy: &'a TenantTaxonomy,
    pub(super) settings: Settings,
    pub(super) series: Series,
    /// From when on a topic was coded as it is now, where it was not always.
    pub(super) coded_since: BTreeMap<String, DateTime<Utc>>,
    pub(super) result: hot::Run,
    pub(super) skipped_hours: i32,
}

impl Run<'_> {
    pub(super) fn above(&self, topic: &str) -> impl Iterator<Item = &str> {
        above(&self.taxonomy.topics, topic)
    }

    /// Whether two topics are the same, or one stands above the other.
    pub(super) fn is_one_line(&self, one: &str, other: &str) -> bool {
        one == other || self.above(one).any(|over| over == other) || self.above(other).any(|over| over == one)
    }

    pub(super) fn sight_of(&self, issue: &HotIssue) -> Sight {
        let scope = issue.scope();
        let in_last = |length| self.series.mentions_in_last(&issue.topic_id, &scope, length);
        Sight {
            in_window: in_last(issue.window()),
            in_day: in_last(chrono::TimeDelta::hours(24)),
            hot: self.result.hot.iter().any(|cell| cell.topic == issue.topic_id),
        }
    }

    /// Products whose volume had just started are no part of what is tested over all products. Feedback without
    /// a product is a product of its own; where it alone is hot, all others are left out.
    pub(super) fn scope_of(&self, finding: &HotCell) -> Scope {
        match &finding.level {
            Level::Product(product) if product.is_empty() => Scope {
                product: String::new(),
                left_out: self.series.others(""),
            },
            Level::Product(product) => Scope {
                product: product.clone(),
                left_out: Vec::new(),
            },
            Level::Overall => Scope {
                product: String::new(),
                left_out: self.started(),
            },
        }
    }

    pub(super) fn started(&self) -> Vec<String> {
        let started = |notice: &hot::Notice| match notice {
            hot::Notice::VolumeStarted { product, at: _ } => Some(product.clone()),
            hot::Notice::NotEnoughHistory { .. } => None,
        };
        self.result.notices.iter().filter_map(started).collect()
    }

    pub(super) fn issue(
        &self,
        finding: HotCell,
        scope: Scope,
        evidence: &[Evidence],
        cohort: &Cohort,
    ) -> HotIssue {
        let usual_per_day = self
            .series
            .usual_per_day(&finding.topic, &scope, finding.window_start);
        let observed = count(finding.observed);
        let finding_topic = finding.topic.clone();
        HotIssue {
            hot_issue_id: Uuid::now_v7(),
            topic_id: finding.topic.clone(),
            topic_name: self.taxonomy.name_of(&finding.topic).to_owned(),
            product: scope.product,
            left_out: scope.left_out.clone(),
            state: HotIssueState::Open,
            opened_at: finding.window_end,
            window_start: finding.window_start,
            ended_at: None,
            usual_since: None,
            widened_at: None,
            observed,
            last_observed: observed,
            expected: finding.expected,
            p_value: finding.p_value,
            q_value: finding.q_value,
            usual_per_day,
            cohort_size: count(cohort.members.len()),
            evidence_size: count(evidence.len()),
            version: 1,
            quotes: Vec::new(),
            record: Json(DecisionRecord {
                rule: RULE.to_owned(),
                finding,
                settings: self.settings.clone(),
                tested: self.result.tested,
                left_out: scope.left_out,
                usual_per_day,
                evidence: evidence.len(),
                anonymous: cohort.anonymous.len(),
                cohort: cohort.members.len(),
                skipped_hours: self.skipped_hours,
                taxonomy_version: self.taxonomy.version,
                coded_since: self.coded_since.get(&finding_topic).copied(),
                learnt_again: Vec::new(),
                widening: None,
            }),
        }
    }

    pub(super) fn record(&self, findings: Vec<Ruling>, ended: usize) -> RunRecord {
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let opened = findings
            .iter()
            .filter(|ruling| ruling.outcome == Outcome::Opened)
            .count();
        RunRecord {
            run_at: self.hour,
            tested: count(self.result.tested),
            hot: count(self.result.hot.len()),
            opened: count(opened),
            ended: count(ended),
            skipped_hours: self.skipped_hours,
            findings,
        }
    }
}
