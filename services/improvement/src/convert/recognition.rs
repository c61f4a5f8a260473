//! Thanks for ideas that worked.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{team, verdict};
use crate::commands::recognition::Credit;
use crate::domain::{CreditedMember, Recognition, Thanks};

pub(crate) fn credit(request: &pb::CreditMemberRequest) -> Result<Credit, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreditMember", &request.request_id, request, &mut violations);
    parse((&request.initiative_id, &request.member_id), key, violations)
}

pub(crate) fn withdraw(request: &pb::WithdrawCreditRequest) -> Result<Credit, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("WithdrawCredit", &request.request_id, request, &mut violations);
    parse((&request.initiative_id, &request.member_id), key, violations)
}

fn parse(
    (initiative_id, member_id): (&str, &str),
    key: Option<RequestKey>,
    mut violations: Violations,
) -> Result<Credit, Error> {
    let initiative_id = violations.id("initiative_id", initiative_id);
    let member_id = team::member_id("member_id", member_id, &mut violations);
    let credit = || {
        Some(Credit {
            initiative_id: initiative_id?,
            member_id: member_id?,
            key: key?,
        })
    };
    violations.finish(credit())
}

pub(crate) fn list(request: &pb::ListRecognitionsRequest) -> Result<(Option<Uuid>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.optional_id("initiative_id", &request.initiative_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &("recognitions", &request.initiative_id),
        &mut violations,
    )?;
    violations.finish(initiative_id.map(|initiative_id| (initiative_id, page)))
}

pub(crate) fn to_proto(recognition: Recognition) -> pb::Recognition {
    let restated = recognition.overturned_by().cloned();
    let Recognition {
        thanks,
        initiative_title,
        issue_id,
        issue_title,
        verdict,
        latest: _,
        members,
        recognised_at,
    } = recognition;
    let Thanks {
        recognition_id,
        initiative_id,
        iteration,
        statement: _,
        employees,
    } = thanks;
    let state = match restated {
        None => pb::RecognitionState::Stands,
        Some(_) => pb::RecognitionState::Overturned,
    };
    pb::Recognition {
        recognition_id: recognition_id.to_string(),
        initiative_id: initiative_id.to_string(),
        iteration,
        initiative_title,
        issue_id: issue_id.to_string(),
        issue_title,
        state: state.into(),
        verdict: Some(verdict::to_proto(verdict)),
        restated_verdict: restated.map(verdict::to_proto),
        members: members.into_iter().map(member_to_proto).collect(),
        employees,
        recognised_at: Some(timestamp(recognised_at)),
    }
}

/// Somebody who is named.
pub(crate) fn member_to_proto(member: CreditedMember) -> pb::CreditedMember {
    let CreditedMember {
        member_id,
        display_name,
    } = member;
    pb::CreditedMember {
        member_id,
        display_name,
    }
}
