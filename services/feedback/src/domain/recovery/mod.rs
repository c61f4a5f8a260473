//! Customers who were let down: when a case is opened, who owns it, and whether it helped.

mod measure;
mod policy;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::Feedback;
use super::survey::answered_invitation;

pub(crate) use measure::{Evidence, RecoveryResult};
pub(crate) use policy::{
    Assignment, DEADLINE_HOURS, MAX_AGE_HOURS, MEASURE_DAYS, NumberedPolicy, Policy, Reason, Signal, TextRule,
};

/// The rule by which cases are opened, and its version.
pub(crate) const RULE: &str = "recovery-1";

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CaseState {
    Open,
    Resolved,
}

/// What came of a case, as who resolved it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum RecoveryOutcome {
    MadeGood,
    Explained,
    NotPossible,
    Unreachable,
    Unfounded,
}

/// Why a case was opened, as it was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CaseRecord {
    pub(crate) rule: String,
    /// The policy's number; 0 for the one that holds until a tenant sets its own.
    pub(crate) policy: i32,
    /// Each would have opened it alone.
    pub(crate) reasons: Vec<Reason>,
    /// Which assignment of the policy chose the owner, from 1; 0 when none fitted.
    pub(crate) assignment: usize,
}

/// A case as it is kept.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct RecoveryCase {
    pub(crate) recovery_case_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) feedback_id: Uuid,
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) occasion: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) state: CaseState,
    pub(crate) owner: String,
    pub(crate) escalate_to: String,
    pub(crate) said_at: DateTime<Utc>,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) overdue_at: Option<DateTime<Utc>>,
    pub(crate) measure_days: i32,
    pub(crate) resolved_at: Option<DateTime<Utc>>,
    pub(crate) outcome: Option<RecoveryOutcome>,
    pub(crate) done: String,
    pub(crate) note: String,
    pub(crate) measure_until: Option<DateTime<Utc>>,
    pub(crate) measured_at: Option<DateTime<Utc>>,
    pub(crate) result: Option<RecoveryResult>,
    pub(crate) evidence_id: Option<Uuid>,
    pub(crate) record: Json<CaseRecord>,
    pub(crate) version: i64,
}

/// How a case is resolved.
#[derive(Clone, Debug)]
pub(crate) struct Resolution {
    pub(crate) outcome: RecoveryOutcome,
    pub(crate) done: String,
    pub(crate) note: String,
}

impl RecoveryCase {
    /// The case that `policy` opens for `feedback` at `now`; none where the policy lets it be, where nobody knows whose
    /// it is, and where it was said too long ago.
    pub(crate) fn of(
        feedback: &Feedback,
        policy: &NumberedPolicy,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let NumberedPolicy { number, policy, .. } = policy;
        let draft = &feedback.draft;
        let profile_id = draft.profile_id?;
        let reasons = policy.reasons(feedback);
        if reasons.is_empty() || now - draft.occurred_at > TimeDelta::hours(policy.max_age_hours.into()) {
            return None;
        }
        let (assignment, owner, hours) = policy.owner_of(draft);
        Some(Self {
            recovery_case_id: id,
            profile_id,
            feedback_id: feedback.feedback_id,
            interaction_id: draft.interaction_id,
            occasion: occasion(feedback),
            channel: draft.channel.clone(),
            touchpoint: draft.touchpoint.clone(),
            product: draft.product.clone(),
            agent_id: draft.agent_id.clone(),
            state: CaseState::Open,
            owner: owner.to_owned(),
            escalate_to: policy.escalate_to.clone(),
            said_at: draft.occurred_at,
            opened_at: now,
            deadline: now + TimeDelta::hours(hours.into()),
            overdue_at: None,
            measure_days: policy.measure_days,
            resolved_at: None,
            outcome: None,
            done: String::new(),
            note: String::new(),
            measure_until: None,
            measured_at: None,
            result: None,
            evidence_id: None,
            record: Json(CaseRecord {
                rule: RULE.to_owned(),
                policy: *number,
                reasons,
                assignment,
            }),
            version: 1,
        })
    }

    /// Takes in what else was said on the same occasion at the same time, such as a second score.
    pub(crate) fn join(&mut self, other: Self) {
        self.record.reasons.extend(other.record.0.reasons);
    }

    /// Since when it is overdue at `now`: a case is overdue from its deadline on if it was open then, whether or not
    /// that was noted yet.
    pub(crate) fn overdue_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let late = self.state == CaseState::Open && now >= self.deadline;
        self.overdue_at.or(late.then_some(self.deadline))
    }

    /// Resolves it at `now`. What the customer says from then on is listened to.
    pub(crate) fn resolve(&mut self, resolution: Resolution, now: DateTime<Utc>) {
        let Resolution { outcome, done, note } = resolution;
        self.overdue_at = self.overdue_since(now);
        self.state = CaseState::Resolved;
        self.resolved_at = Some(now);
        self.measure_until = Some(now + TimeDelta::days(self.measure_days.into()));
        self.outcome = Some(outcome);
        self.done = done;
        self.note = note;
    }

    /// Whether `evidence` is of its customer, and of the time in which their words tell whether it helped.
    pub(crate) fn awaits(&self, evidence: &Evidence) -> bool {
        let after = self.resolved_at.is_some_and(|at| at < evidence.said_at);
        let before = self.measure_until.is_some_and(|until| evidence.said_at <= until);
        self.result.is_none() && self.profile_id == evidence.profile_id && after && before
    }

    /// Notes at `now` what the customer's words came to, or that they said nothing that tells.
    pub(crate) fn measured(&mut self, evidence: Option<&Evidence>, now: DateTime<Utc>) {
        self.result = Some(evidence.map_or(RecoveryResult::Unknown, |evidence| evidence.result));
        self.evidence_id = evidence.map(|evidence| evidence.feedback_id);
        self.measured_at = Some(now);
    }

    /// Why it was opened and has its owner, in sentences.
    pub(crate) fn explanation(&self) -> String {
        let record = &self.record.0;
        let reasons: Vec<String> = record.reasons.iter().map(Reason::describe).collect();
        let policy = match record.policy {
            0 => "the policy that holds until the tenant sets its own".to_owned(),
            number => format!("policy {number}"),
        };
        let owner = match record.assignment {
            0 => "no assignment fitted, so it went to the default owner".to_owned(),
            place => format!("assignment {place} of the policy chose its first owner"),
        };
        let hours = (self.deadline - self.opened_at).num_hours();
        format!(
            "Opened by {policy}, because {}; {owner}, with {hours} hours to resolve it.",
            reasons.join(" and ")
        )
    }
}

/// What makes several pieces of feedback one occasion: they are about one interaction, or answer one invitation, or have
/// one id where they come from.
fn occasion(feedback: &Feedback) -> String {
    let draft = &feedback.draft;
    if let Some(interaction_id) = draft.interaction_id {
        return format!("interaction/{interaction_id}");
    }
    let Some(source_id) = &draft.source_id else {
        return format!("feedback/{}", feedback.feedback_id);
    };
    match answered_invitation(&draft.channel, source_id) {
        Some(invitation_id) => format!("invitation/{invitation_id}"),
        None => format!("source/{}/{source_id}", draft.channel),
    }
}
