//! Coding history with a version of the taxonomy, a part at a time.

mod cancel;

use std::collections::{BTreeMap, BTreeSet};

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use attune_timers::Leased;
use uuid::Uuid;

use crate::analysis::{Basis, Reader, Understood};
use crate::commands::matter::understood;
use crate::commands::topic::check_version;
use crate::domain::{
    Coding, Feedback, Mention, Placing, Recoding, Tally, Through, UNRECORDED, Understanding, Window,
};
use crate::error::Error;
use crate::{store, timers};

pub(crate) use cancel::{Cancel, cancel};

/// Pieces of feedback of one step: its transaction locks their rows and those of their counts.
const BATCH: i64 = 500;
/// Recodings of one tenant that may go on at once.
const MOST_RUNNING: i64 = 20;
/// Codings of one piece of feedback that are listed.
const LISTED: i64 = 100;
/// All codings of one piece of feedback: as many as there were recodings with another version.
const EVERY: i64 = i64::MAX;

/// History to be coded.
#[derive(Debug)]
pub(crate) struct Recode {
    pub(crate) window: Window,
    /// None for the version that stands.
    pub(crate) version: Option<i64>,
    pub(crate) author: String,
    pub(crate) key: RequestKey,
}

/// Begins to code history.
pub(crate) async fn begin(db: &Database, tenant: &TenantId, recode: Recode) -> Result<Recoding, Error> {
    let Recode {
        window,
        version,
        author,
        key,
    } = recode;
    let recoding_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, recoding_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    // Locked, so that the limit holds.
    let standing = store::topic::lock(&mut tx).await?;
    let taxonomy_version = version.unwrap_or(standing);
    check_version(&mut tx, taxonomy_version).await?;
    if store::recoding::running(&mut tx).await? >= MOST_RUNNING {
        return Err(Error::TooManyRecodings { limit: MOST_RUNNING });
    }
    let recoding = Recoding {
        recoding_id,
        taxonomy_version,
        window,
        author,
        created_at: tx.now(),
        ended_at: None,
        through: None,
        total: store::recoding::total(&mut tx, window).await?,
        processed: 0,
        changed: 0,
        known: 0,
        cancelled: None,
        restored: 0,
    };
    store::recoding::insert(&mut tx, &recoding).await?;
    timers::recode::schedule(&mut tx, recoding_id).await?;
    tx.commit().await?;
    Ok(recoding)
}

/// Goes on with a recoding by one step, and sets the next. The engine works outside of any transaction; what comes of it
/// is kept only while the lease holds, together with how far the recoding is.
pub(crate) async fn step(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    leased: &Leased,
) -> anyhow::Result<()> {
    let mut tx = db.read(tenant).await?;
    let recoding = store::recoding::by_id(&mut tx, leased.timer.subject).await?;
    let mut recoding = match recoding {
        Some(recoding) if recoding.ended_at.is_some() || recoding.cancelled.is_some() => {
            tx.commit().await?;
            return cancel::step(db, tenant, leased).await;
        }
        Some(recoding) => recoding,
        None => {
            tx.commit().await?;
            return drop_timer(db, tenant, leased).await;
        }
    };
    let ids = store::recoding::next(&mut tx, &recoding, BATCH).await?;
    let feedback = store::feedback::by_ids(&mut tx, &ids).await?;
    let basis = Basis {
        taxonomy: reader
            .taxonomies
            .as_of(&mut tx, recoding.taxonomy_version)
            .await?,
        ..reader.basis(&mut tx).await?
    };
    tx.commit().await?;
    let last = feedback.first().map(|last| Through {
        occurred_at: last.draft.occurred_at,
        feedback_id: last.feedback_id,
    });
    let coded = code(reader, &basis, feedback).await?;
    let mut tx = db.system(tenant).await?;
    leased.finish(&mut tx).await?;
    recoding.through = last.or(recoding.through);
    apply(&mut tx, &mut recoding, &coded).await?;
    if ids.len() < usize::try_from(BATCH)? {
        recoding.ended_at = Some(tx.now());
    }
    // Once more after the last step: what was noted for a cancellation goes away.
    timers::recode::schedule(&mut tx, recoding.recoding_id).await?;
    store::recoding::progress(&mut tx, &recoding).await?;
    tx.commit().await?;
    Ok(())
}

async fn drop_timer(db: &Database, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
    let mut tx = db.system(tenant).await?;
    leased.finish(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

/// The topics of feedback by the recoding's version; none where there is no text.
async fn code(
    reader: &Reader,
    basis: &Basis,
    feedback: Vec<Feedback>,
) -> Result<BTreeMap<Uuid, Vec<Mention>>, Error> {
    let (ids, drafts): (Vec<Uuid>, Vec<_>) = feedback
        .into_iter()
        .map(|item| (item.feedback_id, item.draft))
        .unzip();
    let understood = reader.understand(drafts, basis).await?;
    let topics = |understood: Understood| {
        let understanding = understood.understanding;
        understanding.map_or_else(Vec::new, |understanding| understanding.topics)
    };
    Ok(ids.into_iter().zip(understood.into_iter().map(topics)).collect())
}

/// What a step changes.
#[derive(Default)]
struct Step {
    /// What had a coding of this version.
    known: Vec<Uuid>,
    /// What has one now.
    coded: Vec<Uuid>,
    /// The codings that stood until now.
    gone: Vec<Feedback>,
    /// Those that stand in their place.
    new: Vec<Feedback>,
    /// Codings that stand no more, or never did.
    beside: Vec<Feedback>,
}

/// Keeps what a step found. Feedback is read again under a lock: it may have been taken back, or coded by a newer
/// version, since its topics were looked for.
async fn apply(
    tx: &mut Tx,
    recoding: &mut Recoding,
    coded: &BTreeMap<Uuid, Vec<Mention>>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = coded.keys().copied().collect();
    let ids = store::coding::lock(tx, &ids).await?;
    let feedback = store::feedback::by_ids(tx, &ids).await?;
    let others = store::coding::beside(tx, &ids, EVERY).await?;
    let mut step = Step::default();
    for item in feedback {
        let Some(topics) = coded.get(&item.feedback_id) else {
            continue;
        };
        let recorded = item.taxonomy_version != UNRECORDED;
        let standing = if recorded {
            item.taxonomy_version
        } else {
            store::taxonomy::standing_at(tx, item.created_at).await?
        };
        let others = others.get(&item.feedback_id).map_or(&[][..], Vec::as_slice);
        let others: Vec<i64> = others.iter().map(|coding| coding.taxonomy_version).collect();
        let version = recoding.taxonomy_version;
        recoding.processed += 1;
        let placing = Placing::of(version, standing, recorded, &others);
        if placing == Placing::Known {
            recoding.known += 1;
            step.known.push(item.feedback_id);
            continue;
        }
        step.coded.push(item.feedback_id);
        let new = with_topics(&item, version, topics);
        recoding.changed += i64::from(topic_ids(&item) != topic_ids(&new));
        if placing == Placing::Stands {
            step.new.push(new);
            step.beside.push(item.clone());
            step.gone.push(item);
        } else {
            step.beside.push(new);
        }
    }
    store::recoded::note(tx, recoding, &step.coded).await?;
    store::recoded::share(tx, recoding, &step.known).await?;
    store::coding::keep(tx, &step.beside).await?;
    store::coding::stand(tx, &step.new).await?;
    understood(tx, &step.new).await?;
    store::counts::replace(tx, &Tally::of(&step.gone), &Tally::of(&step.new)).await?;
    store::coded_counts::add(tx, &Tally::of(&step.beside)).await?;
    Ok(())
}

/// Feedback as another version of the taxonomy codes it.
fn with_topics(feedback: &Feedback, version: i64, topics: &[Mention]) -> Feedback {
    let understanding = feedback.understanding.clone().map(|understood| Understanding {
        topics: topics.to_vec(),
        ..understood
    });
    Feedback {
        understanding,
        taxonomy_version: version,
        ..feedback.clone()
    }
}

fn topic_ids(feedback: &Feedback) -> BTreeSet<&str> {
    let understood = feedback.understanding.iter();
    let topics = understood.flat_map(|understood| &understood.topics);
    topics.map(|mention| mention.topic_id.as_str()).collect()
}

/// The counts of the codings beside those that stand of `feedback`, which is about to be taken back.
pub(in crate::commands) async fn tally_beside(tx: &mut Tx, feedback: &[Feedback]) -> Result<Tally, Error> {
    let ids: Vec<Uuid> = feedback.iter().map(|item| item.feedback_id).collect();
    let others = store::coding::beside(tx, &ids, EVERY).await?;
    let coded: Vec<Feedback> = feedback
        .iter()
        .flat_map(|item| {
            let others = others.get(&item.feedback_id).into_iter().flatten();
            others.map(|coding| with_topics(item, coding.taxonomy_version, &coding.topics))
        })
        .collect();
    Ok(Tally::of(&coded))
}

/// Reads a recoding.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Recoding, Error> {
    let mut tx = db.read(tenant).await?;
    let recoding = store::recoding::by_id(&mut tx, id).await?;
    tx.commit().await?;
    recoding.ok_or(Error::NoRecoding(id))
}

/// Reads a page of recodings, newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<Uuid>,
) -> Result<(Vec<Recoding>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut recodings = store::recoding::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut recodings, |recoding| recoding.recoding_id)?;
    Ok((recodings, next))
}

/// Reads the codings of a piece of feedback, the one that stands first.
pub(crate) async fn codings(
    db: &Database,
    tenant: &TenantId,
    feedback_id: Uuid,
) -> Result<Vec<Coding>, Error> {
    let mut tx = db.read(tenant).await?;
    let feedback = store::feedback::by_ids(&mut tx, &[feedback_id]).await?.pop();
    let feedback = feedback.ok_or(Error::NoFeedback(feedback_id))?;
    let others = store::coding::beside(&mut tx, &[feedback_id], LISTED - 1).await?;
    tx.commit().await?;
    let understood = feedback.understanding;
    let standing = Coding {
        taxonomy_version: feedback.taxonomy_version,
        standing: true,
        topics: understood.map_or_else(Vec::new, |understood| understood.topics),
    };
    Ok(std::iter::once(standing)
        .chain(others.into_values().flatten())
        .collect())
}
