//! What employees report becomes evidence.

use async_trait::async_trait;
use attune_api::feedback::v1::ReportGroupReleased;
use attune_api::improvement::v1 as pb;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name as _;

use super::hot_issues::failed;
use crate::commands::employees;
use crate::convert;
use crate::convert::heard;
use crate::domain::Issue;

/// The subscription to the groups of employees that the feedback service tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EmployeeReports;

#[async_trait]
impl Consumer for EmployeeReports {
    fn name(&self) -> &'static str {
        "improvement.employees"
    }

    fn source(&self) -> &'static str {
        "feedback"
    }

    fn types(&self) -> Vec<String> {
        vec![ReportGroupReleased::full_name()]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        if !event.is::<ReportGroupReleased>() {
            return Ok(());
        }
        let group = heard::report_group(event.decode()?)?;
        employees::attach(tx, &group).await.map_err(failed)
    }
}

/// So many employees reported what an issue is about.
pub(crate) async fn employees_reported(
    tx: &mut Tx,
    issue: &mut Issue,
    reporters: i32,
) -> Result<(), sqlx::Error> {
    let number = issue.next_event();
    let event = pb::EmployeesReportedIssue {
        issue: Some(convert::issue::to_proto(issue.clone())),
        reporters,
    };
    attune_events::append(tx, issue.issue_id, number, &event).await?;
    Ok(())
}
