//! Everything in flight at one glance.

use attune_database::Database;
use attune_rpc::{Page, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::Board;
use crate::error::Error;
use crate::store;

/// How many goals a board shows.
const GOALS: i64 = 20;
/// How many recognitions a board shows.
const RECOGNITIONS: i64 = 10;

/// Reads a page of what is in flight, the oldest first, with what was closed since `closed_since`. From stored rows alone,
/// in a number of statements that does not grow with what they find.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    closed_since: Option<DateTime<Utc>>,
    page: &Page<Uuid>,
) -> Result<Board, Error> {
    let mut tx = db.read(tenant).await?;
    let after = page.after().copied();
    let mut found = store::board::page(&mut tx, closed_since, after, page.limit()).await?;
    let next = page.next(&mut found, |(issue, _)| issue.issue_id)?;
    let items = store::board::with_pilots(&mut tx, found).await?;
    let (summary, goals, recognitions) = if after.is_none() {
        let summary = store::board::summary(&mut tx).await?;
        let goals = store::goal::on_board(&mut tx, GOALS).await?;
        let recognitions = store::recognition::page(&mut tx, None, None, RECOGNITIONS).await?;
        (Some(summary), goals, recognitions)
    } else {
        (None, Vec::new(), Vec::new())
    };
    let as_of = tx.now();
    tx.commit().await?;
    Ok(Board {
        as_of,
        summary,
        items,
        goals,
        recognitions,
        next,
    })
}
