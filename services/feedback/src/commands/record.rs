//! Recording feedback: the one path that submissions, streams and heard interactions take.

use std::collections::{BTreeMap, HashMap, HashSet};

use attune_database::Tx;
use uuid::Uuid;

use crate::analysis::Understood;
use crate::domain::{Feedback, Grain, Source, Tally, taught_by};
use crate::error::Error;
use crate::{events, store, timers};

/// What became of one piece of feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) feedback_id: Uuid,
    /// Whether it was known before, or came earlier in the same batch.
    pub(crate) duplicate: bool,
}

/// Something understood, under the id that it gets where it is new.
pub(crate) struct New {
    pub(crate) feedback_id: Uuid,
    pub(crate) understood: Understood,
    /// The trace that its event is to have.
    pub(crate) trace: Option<String>,
}

/// Records a batch in the caller's transaction: rows, mentions, counts and events together. Answers one result
/// each, in their order.
pub(crate) async fn record(tx: &mut Tx, batch: Vec<Understood>) -> Result<Vec<Recorded>, Error> {
    let trace = attune_telemetry::current_traceparent();
    let new = batch.into_iter().map(|understood| New {
        feedback_id: Uuid::now_v7(),
        understood,
        trace: trace.clone(),
    });
    let new = new.collect();
    record_new(tx, new).await
}

/// [`record`], each under its id and in its trace.
pub(crate) async fn record_new(tx: &mut Tx, batch: Vec<New>) -> Result<Vec<Recorded>, Error> {
    let traces: HashMap<Uuid, Option<String>> = batch
        .iter()
        .map(|new| (new.feedback_id, new.trace.clone()))
        .collect();
    let (mut results, fresh, known_at) = without_repetitions(tx, batch);
    let stored: HashSet<Uuid> = store::feedback::insert(tx, &fresh).await?.into_iter().collect();
    let (stored, refused): (Vec<&Feedback>, Vec<&Feedback>) =
        fresh.iter().partition(|item| stored.contains(&item.feedback_id));
    if !refused.is_empty() {
        point_to_earlier(tx, &refused, &known_at, &mut results).await?;
    }
    if stored.is_empty() {
        return Ok(results);
    }
    store::mention::insert(tx, &stored).await?;
    wait_for_themes(tx, &stored).await?;
    begin(tx, &stored).await?;
    events::submitted(tx, &stored, &traces).await?;
    super::recovery::open(tx, &stored).await?;
    super::recovery::listen(tx, &stored).await?;
    super::matter::understood(tx, stored.iter().copied()).await?;
    store::counts::add(tx, &Tally::of(stored)).await?;
    Ok(results)
}

/// Begins what goes on by itself from a tenant's first feedback on. Almost always all of it has begun, which one look
/// tells.
async fn begin(tx: &mut Tx, stored: &[&Feedback]) -> Result<(), Error> {
    let begun = store::begun::look(tx).await?;
    let next_hour = Grain::Hour.start_of(tx.now()) + Grain::Hour.width();
    if !begun.detection && store::detection::begin(tx).await? {
        timers::detect::schedule(tx, next_hour).await?;
    }
    let speaks = |item: &&Feedback| !item.draft.text.is_empty();
    if !begun.themes && stored.iter().any(speaks) && store::theme::begin(tx).await? {
        timers::themes::schedule(tx, next_hour).await?;
    }
    let teaches = |item: &&Feedback| speaks(item) && item.draft.rating.and_then(taught_by).is_some();
    if !begun.learning && stored.iter().any(teaches) && store::learning::begin(tx).await? {
        timers::learn::schedule(tx, next_hour).await?;
    }
    Ok(())
}

async fn wait_for_themes(tx: &mut Tx, stored: &[&Feedback]) -> Result<(), Error> {
    let with_text = stored.iter().filter(|item| !item.draft.text.is_empty());
    let ids: Vec<Uuid> = with_text.map(|item| item.feedback_id).collect();
    if !ids.is_empty() {
        store::theme::wait(tx, &ids).await?;
    }
    Ok(())
}

/// Where in the batch a source stands: the place of the first, then those of its repetitions.
type Places = HashMap<Source, Vec<usize>>;

/// Leaves out what repeats an earlier one of the batch.
fn without_repetitions(tx: &Tx, batch: Vec<New>) -> (Vec<Recorded>, Vec<Feedback>, Places) {
    let mut results: Vec<Recorded> = Vec::with_capacity(batch.len());
    let mut fresh = Vec::with_capacity(batch.len());
    let mut places = Places::new();
    for (place, new) in batch.into_iter().enumerate() {
        let feedback_id = new.feedback_id;
        let Understood {
            draft,
            understanding,
            taxonomy_version,
        } = new.understood;
        if let Some(source) = draft.source() {
            let same = places.entry(source).or_default();
            same.push(place);
            if let [first, _, ..] = same.as_slice() {
                let feedback_id = results.get(*first).map_or(feedback_id, |first| first.feedback_id);
                results.push(Recorded {
                    feedback_id,
                    duplicate: true,
                });
                continue;
            }
        }
        results.push(Recorded {
            feedback_id,
            duplicate: false,
        });
        fresh.push(Feedback {
            feedback_id,
            draft,
            understanding,
            taxonomy_version,
            sliced: true,
            created_at: tx.now(),
        });
    }
    (results, fresh, places)
}

/// Answers for what is known from before by its source.
async fn point_to_earlier(
    tx: &mut Tx,
    refused: &[&Feedback],
    places: &Places,
    results: &mut [Recorded],
) -> Result<(), Error> {
    let sources: BTreeMap<Source, Uuid> = refused
        .iter()
        .filter_map(|item| Some((item.draft.source()?, item.feedback_id)))
        .collect();
    let asked: Vec<Source> = sources.keys().cloned().collect();
    let earlier = store::feedback::by_sources(tx, &asked).await?;
    for (source, feedback_id) in &earlier {
        for &place in places.get(source).into_iter().flatten() {
            if let Some(result) = results.get_mut(place) {
                *result = Recorded {
                    feedback_id: *feedback_id,
                    duplicate: true,
                };
            }
        }
    }
    // Erased between the two statements: the caller may send it again.
    if earlier.len() < asked.len() {
        let message = "feedback with the same source_id was removed at the same time; repeat the call";
        return Err(attune_rpc::Error::aborted(attune_rpc::Reason::Retry, message).into());
    }
    Ok(())
}
