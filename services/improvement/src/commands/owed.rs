//! Who is still owed an answer.

use attune_database::Database;
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use super::issue::standing;
use crate::domain::{Owed, OwedBecause};
use crate::error::Error;
use crate::store;

/// How many persons a page looks at: most of a cohort was told, and none of them may cost a call seconds.
const SCANNED: usize = 2000;

/// To whom, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) issue_id: Option<Uuid>,
    pub(crate) because: Option<OwedBecause>,
    /// Also persons who spoke of the issue since its cohort was fixed, and are not of it or went on from it by a split.
    pub(crate) include_later: bool,
}

/// Reads a page of the persons whom no message about their issue has reached, by issue and id, and the token of the next.
/// A page ends when it is full, or when so many persons were looked at as one call may.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    list: List,
    page: &Page<(Uuid, Uuid)>,
) -> Result<(Vec<Owed>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let issue_id = match list.issue_id {
        Some(issue_id) => Some(standing(&mut tx, issue_id).await?),
        None => None,
    };
    let limit = i64::try_from(SCANNED).unwrap_or(i64::MAX);
    let whom = (issue_id, list.include_later);
    let reached = store::owed::scan(&mut tx, whom, page.after().copied(), limit).await?;
    tx.commit().await?;
    let mut more = reached.len() == SCANNED;
    let mut end = None;
    let mut owed = Vec::new();
    for person in reached {
        if owed.len() == page.size() {
            more = true;
            break;
        }
        end = Some((person.issue_id, person.profile_id));
        let found =
            Owed::to(person).filter(|found| list.because.is_none_or(|because| because == found.because));
        owed.extend(found);
    }
    let next = match end.filter(|_| more) {
        Some(end) => page.token(&end)?,
        None => String::new(),
    };
    Ok((owed, next))
}
