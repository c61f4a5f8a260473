//! Corrections.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};

use crate::commands::correction::Switch;
use crate::domain::{Correction, CorrectionState};

pub(crate) fn disable(request: &pb::DisableCorrectionRequest) -> Result<Switch, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("DisableCorrection", &request.request_id, request, &mut violations);
    switch(&request.correction_id, key, violations)
}

pub(crate) fn enable(request: &pb::EnableCorrectionRequest) -> Result<Switch, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("EnableCorrection", &request.request_id, request, &mut violations);
    switch(&request.correction_id, key, violations)
}

fn switch(id: &str, key: Option<RequestKey>, mut violations: Violations) -> Result<Switch, Error> {
    let correction_id = violations.id("correction_id", id);
    let switch = || {
        Some(Switch {
            correction_id: correction_id?,
            key: key?,
        })
    };
    violations.finish(switch())
}

pub(crate) fn list(request: &pb::ListCorrectionsRequest) -> Result<Page<i32>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"corrections",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn to_proto(correction: Correction) -> pb::Correction {
    let Correction {
        correction_id,
        number,
        state,
        engine,
        texts,
        judged,
        set_right,
        spoilt,
        gain,
        standard_error,
        reason,
        usable: _,
        created_at,
        activated_at,
        ended_at,
    } = correction;
    let state = match state {
        CorrectionState::Active => pb::CorrectionState::Active,
        CorrectionState::Rejected => pb::CorrectionState::Rejected,
        CorrectionState::Superseded => pb::CorrectionState::Superseded,
        CorrectionState::Disabled => pb::CorrectionState::Disabled,
    };
    pb::Correction {
        correction_id: correction_id.to_string(),
        number,
        state: state.into(),
        engine,
        texts,
        judged,
        set_right,
        spoilt,
        gain,
        standard_error,
        reason,
        create_time: Some(timestamp(created_at)),
        activated_at: activated_at.map(timestamp),
        ended_at: ended_at.map(timestamp),
    }
}
