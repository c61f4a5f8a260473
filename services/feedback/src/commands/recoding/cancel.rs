//! Cancelling a recoding: what it coded is given back its former coding, as if it had never begun.

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId};
use attune_timers::Leased;
use uuid::Uuid;

use super::{BATCH, EVERY, get, with_topics};
use crate::commands::matter::understood;
use crate::domain::{Cancelled, Coding, Feedback, Recoding, Tally, UNRECORDED};
use crate::error::Error;
use crate::{store, timers};

/// A recoding to be cancelled.
#[derive(Debug)]
pub(crate) struct Cancel {
    pub(crate) recoding_id: Uuid,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) key: RequestKey,
}

/// Cancels a recoding. A step that is being worked on meanwhile loses its lease, so that nothing of it is kept.
pub(crate) async fn cancel(db: &Database, tenant: &TenantId, cancel: Cancel) -> Result<Recoding, Error> {
    let Cancel {
        recoding_id,
        reason,
        by,
        key,
    } = cancel;
    let mut tx = match db.write(tenant, &key, recoding_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    // The timer first, as each step does.
    timers::recode::schedule(&mut tx, recoding_id).await?;
    let recoding = store::recoding::lock(&mut tx, recoding_id).await?;
    let mut recoding = recoding.ok_or(Error::NoRecoding(recoding_id))?;
    if recoding.cancelled.is_none() {
        if recoding.ended_at.is_some() {
            return Err(Error::RecodingDone(recoding_id));
        }
        let cancelled = Cancelled {
            at: tx.now(),
            by,
            reason,
        };
        store::recoding::cancel(&mut tx, recoding_id, &cancelled).await?;
        recoding.cancelled = Some(cancelled);
    }
    tx.commit().await?;
    Ok(recoding)
}

/// Goes on by one step with a recoding that codes nothing more, and sets the next: what was noted of it is taken back
/// where it was cancelled, and holds for good where it is done.
pub(super) async fn step(db: &Database, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
    let mut tx = db.system(tenant).await?;
    leased.finish(&mut tx).await?;
    let Some(mut recoding) = store::recoding::lock(&mut tx, leased.timer.subject).await? else {
        return Ok(tx.commit().await?);
    };
    let ids = store::recoded::first(&mut tx, recoding.recoding_id, BATCH).await?;
    let there = store::coding::lock(&mut tx, &ids).await?;
    if recoding.cancelled.is_some() {
        restore(&mut tx, &mut recoding, &there).await?;
    } else {
        store::recoded::settle(&mut tx, recoding.taxonomy_version, &there).await?;
    }
    if ids.len() < usize::try_from(BATCH)? {
        recoding.ended_at = recoding.ended_at.or(Some(tx.now()));
    } else {
        timers::recode::schedule(&mut tx, recoding.recoding_id).await?;
    }
    store::recoding::progress(&mut tx, &recoding).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the coding of a recoding from feedback, which this transaction holds: the newest of the others stands again.
/// What another recoding of the same version counts on keeps it.
async fn restore(tx: &mut Tx, recoding: &mut Recoding, ids: &[Uuid]) -> Result<(), Error> {
    let alone = store::recoded::strike(tx, recoding, ids).await?;
    let feedback = store::feedback::by_ids(tx, &alone).await?;
    let mut others = store::coding::beside(tx, &alone, EVERY).await?;
    let version = recoding.taxonomy_version;
    let (mut gone, mut again): (Vec<Feedback>, Vec<Feedback>) = (Vec::new(), Vec::new());
    // Codings that were beside the one that stands, and are no more.
    let mut beside: Vec<Feedback> = Vec::new();
    for item in feedback {
        let codings = others.remove(&item.feedback_id).unwrap_or_default();
        let as_coded = |wanted: Option<&Coding>| {
            wanted.map(|coding| with_topics(&item, coding.taxonomy_version, &coding.topics))
        };
        if item.taxonomy_version == version {
            let Some(former) = as_coded(newest(tx, &item, &codings).await?) else {
                continue;
            };
            beside.push(former.clone());
            again.push(former);
            gone.push(item);
        } else {
            let own = codings.iter().find(|coding| coding.taxonomy_version == version);
            beside.extend(as_coded(own));
        }
        recoding.restored += 1;
    }
    let forgotten: Vec<(Uuid, i64)> = beside
        .iter()
        .map(|coding| (coding.feedback_id, coding.taxonomy_version))
        .collect();
    store::coding::forget(tx, &forgotten).await?;
    store::coding::stand(tx, &again).await?;
    understood(tx, &again).await?;
    store::counts::replace(tx, &Tally::of(&gone), &Tally::of(&again)).await?;
    store::coded_counts::subtract(tx, &Tally::of(&beside)).await?;
    Ok(())
}

/// The coding of the newest version. One that is not on record is of the version that stood when the feedback came.
async fn newest<'a>(
    tx: &mut Tx,
    feedback: &Feedback,
    codings: &'a [Coding],
) -> Result<Option<&'a Coding>, Error> {
    let unrecorded = |coding: &Coding| coding.taxonomy_version == UNRECORDED;
    let stood = if codings.iter().any(unrecorded) {
        store::taxonomy::standing_at(tx, feedback.created_at).await?
    } else {
        UNRECORDED
    };
    let age = |coding: &&Coding| {
        if unrecorded(coding) {
            (stood, false)
        } else {
            (coding.taxonomy_version, true)
        }
    };
    Ok(codings.iter().max_by_key(age))
}
