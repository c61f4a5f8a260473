//! What employees report becomes evidence, in the transaction of the subscription.

use attune_database::Tx;
use uuid::Uuid;

use super::priority;
use crate::domain::{Issue, ReportGroup};
use crate::error::Error;
use crate::{events, store};

/// Attaches a group to the issue of its topic, or opens one. Reports of no known topic may be about anything, so each of
/// their groups has an issue of its own.
pub(crate) async fn attach(tx: &mut Tx, group: &ReportGroup) -> Result<(), Error> {
    if store::employees::is_known(tx, group.report_group_id).await? {
        return Ok(());
    }
    let known = if group.topic_id.is_empty() {
        None
    } else {
        store::issue::lock_of_topic(tx, &group.topic_id).await?
    };
    let mut issue = match known {
        Some(issue) => issue,
        None => open(tx, group).await?,
    };
    store::employees::attach(tx, issue.issue_id, group).await?;
    issue.heard_from_employees(group.reporters);
    priority::refresh(tx, &mut issue).await?;
    events::employees_reported(tx, &mut issue, group.reporters).await?;
    store::issue::update(tx, &issue).await?;
    Ok(())
}

async fn open(tx: &mut Tx, group: &ReportGroup) -> Result<Issue, Error> {
    let mut issue = Issue::of_employees(Uuid::now_v7(), &group.topic_id, tx.now());
    let assessed = priority::assess(tx, &mut issue).await?;
    events::issue_opened(tx, &mut issue).await?;
    store::issue::insert(tx, &issue).await?;
    priority::record(tx, &issue, &assessed).await?;
    Ok(issue)
}
