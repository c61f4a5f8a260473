//! What the service tells, and what it hears.

pub(crate) mod employee;
mod interactions;
mod matters;
mod messages;
pub(crate) mod recovery;
mod triggers;

use std::collections::HashMap;

use attune_api::feedback::v1 as pb;
use attune_database::Tx;
use attune_events::{NewEvent, append, append_traced};
use uuid::Uuid;

pub(crate) use interactions::Interactions;
pub(crate) use matters::Matters;
pub(crate) use messages::Messages;
pub(crate) use triggers::Triggers;

use crate::convert;
use crate::domain::invitation::Invitation;
use crate::domain::{Cohort, Feedback, HotIssue};

/// Tells of new feedback, without its text, each in its trace.
pub(crate) async fn submitted(
    tx: &mut Tx,
    feedback: &[&Feedback],
    traces: &HashMap<Uuid, Option<String>>,
) -> Result<(), sqlx::Error> {
    let event = |item: &&Feedback| NewEvent {
        subject: item.feedback_id,
        subject_version: 1,
        payload: convert::feedback::submitted(item),
    };
    let events: Vec<NewEvent<pb::FeedbackSubmitted>> = feedback.iter().map(event).collect();
    let trace = |item: &&Feedback| traces.get(&item.feedback_id).cloned().flatten();
    let traces: Vec<Option<String>> = feedback.iter().map(trace).collect();
    append_traced(tx, &events, &traces).await?;
    Ok(())
}

/// Tells of a new hot issue, then of its cohort, part by part; the issue's version counts the events.
pub(crate) async fn hot_issue_opened(
    tx: &mut Tx,
    issue: &mut HotIssue,
    cohort: &Cohort,
) -> Result<(), sqlx::Error> {
    let opened = pb::HotIssueOpened {
        hot_issue: Some(convert::hot_issue::to_proto(issue)),
    };
    append(tx, issue.hot_issue_id, issue.version, &opened).await?;
    for payload in convert::hot_issue::cohort_parts(issue.hot_issue_id, cohort) {
        issue.version += 1;
        append(tx, issue.hot_issue_id, issue.version, &payload).await?;
    }
    Ok(())
}

/// Tells that a hot issue was widened, then what its cohort was extended by; the issue's version counts the events.
pub(crate) async fn hot_issue_widened(
    tx: &mut Tx,
    issue: &mut HotIssue,
    extension: &Cohort,
) -> Result<(), sqlx::Error> {
    append(
        tx,
        issue.hot_issue_id,
        issue.version,
        &convert::hot_issue::widened(issue),
    )
    .await?;
    for payload in convert::hot_issue::extension_parts(issue.hot_issue_id, extension) {
        issue.version += 1;
        append(tx, issue.hot_issue_id, issue.version, &payload).await?;
    }
    Ok(())
}

/// Tells that a hot issue is over.
pub(crate) async fn hot_issue_ended(tx: &mut Tx, issue: &HotIssue) -> Result<(), sqlx::Error> {
    let ended = pb::HotIssueEnded {
        hot_issue: Some(convert::hot_issue::to_proto(issue)),
    };
    append(tx, issue.hot_issue_id, issue.version, &ended).await?;
    Ok(())
}

/// Tells whether a person is asked.
pub(crate) async fn invitation_decided(tx: &mut Tx, invitation: &Invitation) -> Result<(), sqlx::Error> {
    let decided = pb::InvitationDecided {
        invitation: Some(convert::invitation::to_proto(invitation)),
    };
    append(tx, invitation.invitation_id, invitation.version, &decided).await?;
    Ok(())
}

/// Tells of an answer that counts.
pub(crate) async fn survey_answered(tx: &mut Tx, invitation: &Invitation) -> Result<(), sqlx::Error> {
    let answered = pb::SurveyAnswered {
        invitation: Some(convert::invitation::to_proto(invitation)),
    };
    append(tx, invitation.invitation_id, invitation.version, &answered).await?;
    Ok(())
}
