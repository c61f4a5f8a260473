//! Traces.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, Violations, timestamp};
use pb::get_trace_request::From as Begin;
use uuid::Uuid;

use super::{initiative, issue, issue_relation, telling};
use crate::commands::trace::{Beginning, From, Trace};
use crate::domain::{LoopProgress, TracedFeedback};

pub(crate) fn get(request: &pb::GetTraceRequest) -> Result<(Beginning, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let from = match &request.from {
        None => violations.required("from", None),
        Some(Begin::FeedbackId(id)) => violations.id("feedback_id", id).map(From::Feedback),
        Some(Begin::IssueId(id)) => violations.id("issue_id", id).map(From::Issue),
        Some(Begin::InitiativeId(id)) => violations.id("initiative_id", id).map(From::Initiative),
        Some(Begin::MessageId(id)) => violations.id("message_id", id).map(From::Message),
    };
    let arguments = match &from {
        None => ("trace", Uuid::nil()),
        Some(From::Feedback(id)) => ("trace.feedback", *id),
        Some(From::Issue(id)) => ("trace.issue", *id),
        Some(From::Initiative(id)) => ("trace.initiative", *id),
        Some(From::Message(id)) => ("trace.message", *id),
    };
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &(arguments, request.include_later),
        &mut violations,
    )?;
    let include_later = request.include_later;
    violations.finish(from.map(|from| (Beginning { from, include_later }, page)))
}

pub(crate) fn to_proto(trace: Trace) -> pb::GetTraceResponse {
    let Trace {
        feedback,
        issue,
        initiatives,
        tellings,
        progress,
        splits,
        next,
    } = trace;
    pb::GetTraceResponse {
        feedback: feedback.into_iter().map(feedback_to_proto).collect(),
        issue: Some(issue::to_proto(issue)),
        initiatives: initiatives.into_iter().map(initiative::to_proto).collect(),
        tellings: tellings.into_iter().map(telling::to_proto).collect(),
        progress: Some(progress_to_proto(progress)),
        next_page_token: next,
        splits: splits.into_iter().map(issue_relation::to_proto).collect(),
    }
}

fn feedback_to_proto(feedback: TracedFeedback) -> pb::TracedFeedback {
    let TracedFeedback {
        feedback_id,
        profile_id,
        gone_on_to,
        heard_later_at,
    } = feedback;
    pb::TracedFeedback {
        feedback_id: feedback_id.to_string(),
        profile_id: profile_id.map(|id| id.to_string()).unwrap_or_default(),
        gone_on_to_issue_id: gone_on_to.map(|id| id.to_string()).unwrap_or_default(),
        heard_later_at: heard_later_at.map(timestamp),
    }
}

fn progress_to_proto(progress: LoopProgress) -> pb::LoopProgress {
    let LoopProgress {
        heard,
        understood,
        planned,
        rolled_out,
        told,
        measured,
        closed,
    } = progress;
    pb::LoopProgress {
        heard,
        understood,
        planned,
        rolled_out,
        told,
        measured,
        closed,
    }
}
