//! The steps of initiatives.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::transition::Decide;
use crate::domain::{InitiativeState, Transition};

pub(crate) fn approve(request: &pb::ApproveInitiativeRequest, caller: &str) -> Result<Decide, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("ApproveInitiative", &request.request_id, request, &mut violations);
    let said = (&*request.initiative_id, &*request.by, &*request.reason);
    let decide = decide(said, caller, key, &mut violations);
    violations.finish(decide)
}

pub(crate) fn start(request: &pb::StartInitiativeRequest, caller: &str) -> Result<Decide, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("StartInitiative", &request.request_id, request, &mut violations);
    let said = (&*request.initiative_id, &*request.by, &*request.reason);
    let decide = decide(said, caller, key, &mut violations);
    violations.finish(decide)
}

fn decide(
    (initiative_id, by_whom, reason): (&str, &str, &str),
    caller: &str,
    key: Option<RequestKey>,
    violations: &mut Violations,
) -> Option<Decide> {
    let initiative_id = violations.id("initiative_id", initiative_id);
    let by = by(by_whom, caller, violations);
    let reason = violations.text("reason", reason, 1..=2000);
    Some(Decide {
        initiative_id: initiative_id?,
        by: by?,
        reason: reason?,
        key: key?,
    })
}

/// Who takes a step: whom the request names, else the caller.
pub(super) fn by(by: &str, caller: &str, violations: &mut Violations) -> Option<String> {
    let named = violations.text("by", by, 0..=200)?;
    Some(if named.is_empty() {
        caller.to_owned()
    } else {
        named
    })
}

pub(crate) fn list(request: &pb::ListInitiativeTransitionsRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let arguments = ("transitions", &request.initiative_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(initiative_id.map(|initiative_id| (initiative_id, page)))
}

pub(crate) fn to_proto(transition: Transition) -> pb::InitiativeTransition {
    let Transition {
        number,
        iteration,
        from,
        to,
        by,
        reason,
        evidence,
        at,
    } = transition;
    let from = from.map_or(pb::InitiativeState::Unspecified, state_to_proto);
    pb::InitiativeTransition {
        number,
        iteration,
        from: from.into(),
        to: state_to_proto(to).into(),
        by,
        reason,
        evidence,
        happened_at: Some(timestamp(at)),
    }
}

pub(super) fn state_to_proto(state: InitiativeState) -> pb::InitiativeState {
    match state {
        InitiativeState::Proposed => pb::InitiativeState::Proposed,
        InitiativeState::Planned => pb::InitiativeState::Planned,
        InitiativeState::InProgress => pb::InitiativeState::InProgress,
        InitiativeState::RolledOut => pb::InitiativeState::RolledOut,
        InitiativeState::Measuring => pb::InitiativeState::Measuring,
        InitiativeState::Effective => pb::InitiativeState::Effective,
        InitiativeState::Ineffective => pb::InitiativeState::Ineffective,
        InitiativeState::Stopped => pb::InitiativeState::Stopped,
    }
}
