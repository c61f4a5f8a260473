//! What the service tells, and what it hears from others.

mod department;
pub(crate) mod digest;
mod employees;
pub(crate) mod goal;
mod hot_issues;
mod messages;
mod news;
pub(crate) mod pilot;
pub(crate) mod principle;
pub(crate) mod recognition;
mod said;
mod telling;
pub(crate) mod worth;

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

pub(crate) use department::{action_overdue, department_verdict};
pub(crate) use employees::{EmployeeReports, employees_reported};
pub(crate) use hot_issues::HotIssues;
pub(crate) use messages::Messages;
pub(crate) use said::SaidByCustomers;
pub(crate) use telling::{cohort_telling, cohort_telling_parts};

use crate::convert;
use crate::domain::{CohortExtension, Initiative, Issue, IssueRelation, SeverityAssessment, Verdict};

pub(crate) async fn issue_opened(tx: &mut Tx, issue: &mut Issue) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    issue_opened_as(tx, issue, number).await
}

/// For an issue whose event was numbered before it was stored.
pub(crate) async fn issue_opened_as(tx: &mut Tx, issue: &Issue, number: i64) -> Result<(), sqlx::Error> {
    let event = pb::IssueOpened {
        issue: Some(convert::issue::to_proto(issue.clone())),
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    news::issue_opened(tx, issue).await
}

pub(crate) async fn issue_widened(tx: &mut Tx, issue: &mut Issue) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    let event = pb::IssueWidened {
        issue: Some(convert::issue::to_proto(issue.clone())),
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    Ok(())
}

pub(crate) async fn issue_resolved(tx: &mut Tx, issue: &mut Issue) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    let event = pb::IssueResolved {
        issue: Some(convert::issue::to_proto(issue.clone())),
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    Ok(())
}

/// An issue became a part of another.
pub(crate) async fn issues_merged(
    tx: &mut Tx,
    survivor: &mut Issue,
    relation: &IssueRelation,
) -> Result<(), sqlx::Error> {
    let number = survivor.next_event();
    let event = pb::IssuesMerged {
        issue: Some(convert::issue::to_proto(survivor.clone())),
        relation: Some(convert::issue_relation::to_proto(relation.clone())),
    };
    attune_events::append(tx, survivor.issue_id, number, &event).await?;
    Ok(())
}

/// A part of an issue became an issue of its own.
pub(crate) async fn issue_split(
    tx: &mut Tx,
    (part, whole): (&Issue, &mut Issue),
    relation: &IssueRelation,
) -> Result<(), sqlx::Error> {
    let number = whole.next_event();
    let event = pb::IssueSplit {
        issue: Some(convert::issue::to_proto(whole.clone())),
        part: Some(convert::issue::to_proto(part.clone())),
        relation: Some(convert::issue_relation::to_proto(relation.clone())),
    };
    attune_events::append(tx, whole.issue_id, number, &event).await?;
    Ok(())
}

/// The cohort of an issue was extended by those who spoke later.
pub(crate) async fn issue_cohort_extended(
    tx: &mut Tx,
    issue: &mut Issue,
    extension: &CohortExtension,
) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    let event = pb::IssueCohortExtended {
        issue: Some(convert::issue::to_proto(issue.clone())),
        extension: Some(convert::cohort_extension::to_proto(extension.clone())),
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    Ok(())
}

/// The severity of an issue came to another level, or somebody spoke of it.
pub(crate) async fn issue_severity_assessed(
    tx: &mut Tx,
    issue: &mut Issue,
    assessment: &SeverityAssessment,
) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    let event = pb::IssueSeverityAssessed {
        issue: Some(convert::issue::to_proto(issue.clone())),
        severity_assessment: Some(convert::severity::assessment_to_proto(assessment.clone())),
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    Ok(())
}

/// Two issues have to do with each other.
pub(crate) async fn issues_related(tx: &mut Tx, relation: &IssueRelation) -> Result<(), sqlx::Error> {
    let event = pb::IssuesRelated {
        relation: Some(convert::issue_relation::to_proto(relation.clone())),
    };
    attune_events::append(tx, relation.issue_relation_id, 1, &event).await?;
    Ok(())
}

/// An initiative was planned, and its departments are to know.
pub(crate) async fn planned(
    tx: &mut Tx,
    initiative: &mut Initiative,
    issue: &Issue,
) -> Result<(), sqlx::Error> {
    let mut told = convert::initiative::to_proto(initiative.clone());
    // Whoever writes to the departments hears their addresses by an event of its own.
    told.departments
        .iter_mut()
        .for_each(|department| department.email.clear());
    append(
        tx,
        initiative,
        &pb::InitiativePlanned {
            initiative: Some(told),
        },
    )
    .await?;
    news::planned(tx, initiative, issue).await?;
    department::planned(tx, issue, initiative).await
}

pub(crate) async fn rolled_out(tx: &mut Tx, initiative: &mut Initiative) -> Result<(), sqlx::Error> {
    let event = pb::InitiativeRolledOut {
        initiative_id: initiative.initiative_id.to_string(),
        iteration: initiative.current.number,
    };
    news::rolled_out(tx, initiative).await?;
    append(tx, initiative, &event).await
}

/// The statement is stored.
pub(crate) async fn verdict_reached(
    tx: &mut Tx,
    initiative: &mut Initiative,
    iteration: i32,
    verdict: &Verdict,
) -> Result<(), sqlx::Error> {
    let event = pb::VerdictReached {
        initiative_id: initiative.initiative_id.to_string(),
        iteration,
        verdict: Some(convert::verdict::to_proto(verdict.clone())),
    };
    news::verdict_reached(tx, initiative, iteration, verdict).await?;
    append(tx, initiative, &event).await
}

pub(crate) async fn reopened(
    tx: &mut Tx,
    initiative: &mut Initiative,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let event = pb::InitiativeReopened {
        initiative_id: initiative.initiative_id.to_string(),
        iteration: initiative.current.number,
        reason: reason.to_owned(),
    };
    append(tx, initiative, &event).await
}

pub(crate) async fn stopped(tx: &mut Tx, initiative: &mut Initiative) -> Result<(), sqlx::Error> {
    let event = pb::InitiativeStopped {
        initiative_id: initiative.initiative_id.to_string(),
        reason: initiative.stopped_reason.clone(),
    };
    news::stopped(tx, initiative).await?;
    append(tx, initiative, &event).await
}

async fn append<P>(tx: &mut Tx, initiative: &mut Initiative, payload: &P) -> Result<(), sqlx::Error>
where
    P: prost::Message + prost::Name,
{
    let number = initiative.next_event();
    attune_events::append(tx, initiative.initiative_id, number, payload).await?;
    Ok(())
}
