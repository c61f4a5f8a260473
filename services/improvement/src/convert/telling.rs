//! Tellings.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use uuid::Uuid;

use super::verdict::iteration;
use crate::commands::telling::List;
use crate::domain::{Telling, TellingState, TellingSummary};

pub(crate) fn list(request: &pb::ListTellingsRequest) -> Result<(List, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let iteration = iteration(request.iteration, &mut violations);
    let state = match request.state {
        0 => Some(None),
        state => violations
            .choice::<pb::TellingState>("state", state)
            .map(state_from),
    };
    let arguments = (
        "tellings",
        &request.initiative_id,
        request.iteration,
        request.state,
    );
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    let list = || {
        Some(List {
            initiative_id: initiative_id?,
            iteration: iteration?,
            state: state?,
        })
    };
    violations.finish(list().map(|list| (list, page)))
}

fn state_from(state: pb::TellingState) -> Option<TellingState> {
    match state {
        pb::TellingState::Unspecified => None,
        pb::TellingState::Pending => Some(TellingState::Pending),
        pb::TellingState::Sent => Some(TellingState::Sent),
        pb::TellingState::Blocked => Some(TellingState::Blocked),
        pb::TellingState::Failed => Some(TellingState::Failed),
    }
}

pub(crate) fn to_proto(telling: Telling) -> pb::Telling {
    let Telling {
        profile_id,
        state,
        reason,
        message_id,
        decided_at,
        read_at,
    } = telling;
    let state = match state {
        TellingState::Pending => pb::TellingState::Pending,
        TellingState::Sent => pb::TellingState::Sent,
        TellingState::Blocked => pb::TellingState::Blocked,
        TellingState::Failed => pb::TellingState::Failed,
    };
    pb::Telling {
        profile_id: profile_id.to_string(),
        state: state.into(),
        reason,
        message_id: message_id.map(|id| id.to_string()).unwrap_or_default(),
        decided_at: decided_at.map(timestamp),
        read_time: read_at.map(timestamp),
    }
}

pub(crate) fn summary_to_proto(summary: TellingSummary) -> pb::TellingSummary {
    let TellingSummary {
        pending,
        sent,
        blocked,
        failed,
        blocked_by_reason,
        read,
    } = summary;
    pb::TellingSummary {
        pending,
        sent,
        blocked,
        failed,
        blocked_by_reason,
        read,
    }
}
