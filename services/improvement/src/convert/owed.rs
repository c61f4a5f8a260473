//! Answers that are still owed.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use uuid::Uuid;

use crate::commands::owed::List;
use crate::domain::{Owed, OwedBecause, Reached};

pub(crate) fn list(request: &pb::ListOwedAnswersRequest) -> Result<(List, Page<(Uuid, Uuid)>), Error> {
    let mut violations = Violations::default();
    let issue_id = violations.optional_id("issue_id", &request.issue_id);
    let because = match request.because {
        0 => Some(None),
        because => violations
            .choice::<pb::OwedBecause>("because", because)
            .map(because_from),
    };
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &(
            "owed answers",
            &request.issue_id,
            request.because,
            request.include_later,
        ),
        &mut violations,
    )?;
    let list = issue_id.zip(because).map(|(issue_id, because)| List {
        issue_id,
        because,
        include_later: request.include_later,
    });
    violations.finish(list.map(|list| (list, page)))
}

fn because_from(because: pb::OwedBecause) -> Option<OwedBecause> {
    match because {
        pb::OwedBecause::Unspecified => None,
        pb::OwedBecause::NothingDone => Some(OwedBecause::NothingDone),
        pb::OwedBecause::NotAnnounced => Some(OwedBecause::NotAnnounced),
        pb::OwedBecause::Pending => Some(OwedBecause::Pending),
        pb::OwedBecause::Blocked => Some(OwedBecause::Blocked),
        pb::OwedBecause::Failed => Some(OwedBecause::Failed),
    }
}

pub(crate) fn to_proto(owed: Owed) -> pb::OwedAnswer {
    let Owed { because, reached } = owed;
    let because = match because {
        OwedBecause::NothingDone => pb::OwedBecause::NothingDone,
        OwedBecause::NotAnnounced => pb::OwedBecause::NotAnnounced,
        OwedBecause::Pending => pb::OwedBecause::Pending,
        OwedBecause::Blocked => pb::OwedBecause::Blocked,
        OwedBecause::Failed => pb::OwedBecause::Failed,
    };
    let Reached {
        issue_id,
        profile_id,
        later,
        rolled_out: _,
        state: _,
        reason,
        initiative_id,
        iteration,
        decided_at,
    } = reached;
    pb::OwedAnswer {
        issue_id: issue_id.to_string(),
        profile_id: profile_id.to_string(),
        because: because.into(),
        reason: reason.unwrap_or_default(),
        initiative_id: initiative_id.map(|id| id.to_string()).unwrap_or_default(),
        iteration: iteration.unwrap_or_default(),
        decided_at: decided_at.map(timestamp),
        later,
    }
}
