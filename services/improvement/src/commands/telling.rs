//! What persons were told.

use std::collections::HashMap;

use attune_database::{Database, Tx};
use attune_rpc::{Page, TenantId};
use uuid::Uuid;

use crate::domain::{Telling, TellingState};
use crate::error::Error;
use crate::store;
use crate::store::telling::{Outcome, Reading};

/// Whose tellings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    pub(crate) state: Option<TellingState>,
}

/// Reads a page of an iteration's tellings, by person, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    list: List,
    page: &Page<Uuid>,
) -> Result<(Vec<Telling>, String), Error> {
    let List {
        initiative_id,
        iteration,
        state,
    } = list;
    let mut tx = db.read(tenant).await?;
    super::verdict::check_iteration(&mut tx, initiative_id, iteration).await?;
    let after = page.after().copied();
    let mut tellings =
        store::telling::page(&mut tx, (initiative_id, iteration), state, after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut tellings, |last| last.profile_id)?;
    Ok((tellings, next))
}

/// Takes in what became of messages, in the transaction of the subscription.
pub(crate) async fn decide(tx: &mut Tx, outcomes: Vec<Outcome>) -> Result<(), Error> {
    // One statement changes a row once: of several outcomes for one person the last one counts.
    let latest: HashMap<_, _> = outcomes
        .into_iter()
        .map(|outcome| {
            (
                (
                    outcome.initiative_id,
                    outcome.iteration,
                    outcome.telling.profile_id,
                ),
                outcome,
            )
        })
        .collect();
    if !latest.is_empty() {
        let latest: Vec<_> = latest.into_values().collect();
        store::telling::decide(tx, &latest).await?;
    }
    Ok(())
}

/// Takes in which messages were read, in the transaction of the subscription. A message is told of as read once.
pub(crate) async fn read(tx: &mut Tx, readings: &[Reading]) -> Result<(), Error> {
    if !readings.is_empty() {
        store::telling::read(tx, readings).await?;
    }
    Ok(())
}
