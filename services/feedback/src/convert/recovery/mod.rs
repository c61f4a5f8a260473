//! Recovery cases.

pub(crate) mod policy;

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Etag, Page, RequestKey, Violations, timestamp};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands::recovery::{Assign, Resolve, Seen};
use crate::domain::recovery::{
    CaseState, Reason, RecoveryCase, RecoveryOutcome, RecoveryResult, Resolution, Signal,
};
use crate::store::recovery::{Filter, Place};

pub(crate) fn id(text: &str) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("recovery_case_id", text);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListRecoveryCasesRequest) -> Result<(Filter, Page<Place>), Error> {
    let mut violations = Violations::default();
    let pb::ListRecoveryCasesRequest {
        state,
        owner,
        profile_id,
        page_size,
        page_token,
    } = request;
    let arguments = (state, owner, profile_id);
    let state = match *state {
        0 => Some(None),
        given => violations.choice("state", given).map(case_state),
    };
    let owner = violations.text("owner", owner, 0..=100);
    let profile_id = violations.optional_id("profile_id", profile_id);
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let filter = || {
        Some(Filter {
            state: state?,
            owner: owner.map(|owner| Some(owner).filter(|owner| !owner.is_empty()))?,
            profile_id: profile_id?,
        })
    };
    let filter = violations.finish(filter())?;
    Ok((filter, page?))
}

fn case_state(state: pb::RecoveryCaseState) -> Option<CaseState> {
    match state {
        pb::RecoveryCaseState::Unspecified => None,
        pb::RecoveryCaseState::Open => Some(CaseState::Open),
        pb::RecoveryCaseState::Resolved => Some(CaseState::Resolved),
    }
}

pub(crate) fn assign(request: &pb::AssignRecoveryCaseRequest) -> Result<Assign, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of(
        "AssignRecoveryCase",
        &request.request_id,
        request,
        &mut violations,
    );
    let id = violations.id("recovery_case_id", &request.recovery_case_id);
    let owner = violations.text("owner", &request.owner, 1..=100);
    let assign = || {
        Some(Assign {
            recovery_case_id: id?,
            owner: owner?,
            etag: request.etag.clone(),
            key: key?,
        })
    };
    violations.finish(assign())
}

pub(crate) fn resolve(request: &pb::ResolveRecoveryCaseRequest) -> Result<Resolve, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of(
        "ResolveRecoveryCase",
        &request.request_id,
        request,
        &mut violations,
    );
    let id = violations.id("recovery_case_id", &request.recovery_case_id);
    let outcome = violations.choice("outcome", request.outcome).and_then(outcome);
    let done = violations.text("done", &request.done, 1..=2000);
    let note = violations.text("note", &request.note, 0..=2000);
    let resolve = || {
        Some(Resolve {
            recovery_case_id: id?,
            resolution: Resolution {
                outcome: outcome?,
                done: done?,
                note: note?,
            },
            etag: request.etag.clone(),
            key: key?,
        })
    };
    violations.finish(resolve())
}

fn outcome(outcome: pb::RecoveryOutcome) -> Option<RecoveryOutcome> {
    match outcome {
        pb::RecoveryOutcome::Unspecified => None,
        pb::RecoveryOutcome::MadeGood => Some(RecoveryOutcome::MadeGood),
        pb::RecoveryOutcome::Explained => Some(RecoveryOutcome::Explained),
        pb::RecoveryOutcome::NotPossible => Some(RecoveryOutcome::NotPossible),
        pb::RecoveryOutcome::Unreachable => Some(RecoveryOutcome::Unreachable),
        pb::RecoveryOutcome::Unfounded => Some(RecoveryOutcome::Unfounded),
    }
}

pub(crate) fn explain(seen: &Seen) -> pb::ExplainRecoveryCaseResponse {
    let record = &seen.0.record.0;
    pb::ExplainRecoveryCaseResponse {
        recovery_case: Some(to_proto(seen)),
        rule: record.rule.clone(),
        policy_number: record.policy,
        reasons: record.reasons.iter().map(reason).collect(),
        assignment: i32::try_from(record.assignment).unwrap_or(i32::MAX),
        explanation: seen.0.explanation(),
    }
}

fn reason(reason: &Reason) -> pb::RecoveryReason {
    let signal = match reason.signal {
        Signal::Csat => pb::RecoverySignal::Csat,
        Signal::Nps => pb::RecoverySignal::Nps,
        Signal::Ces => pb::RecoverySignal::Ces,
        Signal::Text => pb::RecoverySignal::Text,
    };
    let judgement = reason.judgement.as_ref();
    pb::RecoveryReason {
        signal: signal.into(),
        value: reason.value,
        threshold: reason.threshold,
        probability: judgement.map(|judgement| judgement.probability),
        probability_threshold: judgement.map(|judgement| judgement.probability_at_least),
        engine: judgement
            .map(|judgement| judgement.engine.clone())
            .unwrap_or_default(),
    }
}

/// What is told of a case at `now`: without the texts, which may hold personal data.
pub(crate) fn told(case: &RecoveryCase, now: DateTime<Utc>) -> pb::RecoveryCase {
    let resolution = case
        .resolved_at
        .zip(case.outcome)
        .map(|(at, outcome)| pb::RecoveryResolution {
            outcome: outcome_to_proto(outcome).into(),
            done: String::new(),
            note: String::new(),
            resolved_at: Some(timestamp(at)),
        });
    pb::RecoveryCase {
        recovery_case_id: case.recovery_case_id.to_string(),
        profile_id: case.profile_id.to_string(),
        feedback_id: case.feedback_id.to_string(),
        interaction_id: optional(case.interaction_id),
        occasion: case.occasion.clone(),
        channel: case.channel.clone(),
        touchpoint: case.touchpoint.clone(),
        product: case.product.clone(),
        agent_id: case.agent_id.clone(),
        state: state_to_proto(case.state).into(),
        owner: case.owner.clone(),
        said_at: Some(timestamp(case.said_at)),
        opened_at: Some(timestamp(case.opened_at)),
        deadline: Some(timestamp(case.deadline)),
        overdue_at: case.overdue_since(now).map(timestamp),
        escalate_to: case.escalate_to.clone(),
        resolution,
        measurement: measurement(case),
        etag: Etag::of(case.version).to_string(),
    }
}

/// The case as it was seen.
pub(crate) fn to_proto(seen: &Seen) -> pb::RecoveryCase {
    let (case, now) = seen;
    let mut all = told(case, *now);
    if let Some(resolution) = &mut all.resolution {
        resolution.done.clone_from(&case.done);
        resolution.note.clone_from(&case.note);
    }
    all
}

fn measurement(case: &RecoveryCase) -> Option<pb::RecoveryMeasurement> {
    let until = case.measure_until?;
    let result = match case.result {
        None => pb::RecoveryResult::Waiting,
        Some(RecoveryResult::Recovered) => pb::RecoveryResult::Recovered,
        Some(RecoveryResult::NotRecovered) => pb::RecoveryResult::NotRecovered,
        Some(RecoveryResult::Unknown) => pb::RecoveryResult::Unknown,
    };
    Some(pb::RecoveryMeasurement {
        result: result.into(),
        evidence_feedback_id: optional(case.evidence_id),
        until: Some(timestamp(until)),
        measured_at: case.measured_at.map(timestamp),
    })
}

fn optional(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn state_to_proto(state: CaseState) -> pb::RecoveryCaseState {
    match state {
        CaseState::Open => pb::RecoveryCaseState::Open,
        CaseState::Resolved => pb::RecoveryCaseState::Resolved,
    }
}

fn outcome_to_proto(outcome: RecoveryOutcome) -> pb::RecoveryOutcome {
    match outcome {
        RecoveryOutcome::MadeGood => pb::RecoveryOutcome::MadeGood,
        RecoveryOutcome::Explained => pb::RecoveryOutcome::Explained,
        RecoveryOutcome::NotPossible => pb::RecoveryOutcome::NotPossible,
        RecoveryOutcome::Unreachable => pb::RecoveryOutcome::Unreachable,
        RecoveryOutcome::Unfounded => pb::RecoveryOutcome::Unfounded,
    }
}
