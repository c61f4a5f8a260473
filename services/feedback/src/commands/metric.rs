//! Numbers, from the counts.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_stats::MetricId;
use attune_stats::comparison::Counts;
use attune_stats::metric::{Answer, AnswerScale, ConfidenceLevel, Histogram, MetricError, Outcome};
use chrono::{DateTime, Utc};

use super::topic::check_version;
use crate::domain::{
    AskedCount, Dimension, Grain, MatterCount, Measure, Provenance, Slice, SliceCount, Spans, Window,
    settled_before,
};
use crate::error::Error;
use crate::store;

/// One number, or the reason why there is none, of one window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) window: Window,
    /// For a share, how many of `n` count; 0 for a mean.
    pub(crate) count: u64,
    /// How much more is in the window of which it cannot be told yet whether it counts.
    pub(crate) pending: u64,
    /// How much more is in the window of which nobody knows whether it is of the slice: it was counted before there were
    /// such slices.
    pub(crate) unsliced: u64,
    /// The answers it is made of, for a metric of answers whose distribution is shown.
    pub(crate) answers: Option<Histogram>,
    pub(crate) outcome: Outcome,
}

/// What the number of one window is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    pub(super) window: Window,
    pub(super) counts: Counts,
    /// See [`Value::pending`].
    pub(super) pending: u64,
    /// See [`Value::unsliced`].
    pub(super) unsliced: u64,
}

impl Counted {
    pub(super) fn value(&self) -> Result<Value, MetricError> {
        let outcome = self.counts.outcome(ConfidenceLevel::P95)?;
        Ok(self.with(outcome))
    }

    pub(super) fn with(&self, outcome: Outcome) -> Value {
        Value {
            window: self.window,
            count: self.counts.successes().unwrap_or_default(),
            pending: self.pending,
            unsliced: self.unsliced,
            answers: answers(&self.counts),
            outcome,
        }
    }
}

/// The answers that a number is made of, where it is.
fn answers(counts: &Counts) -> Option<Histogram> {
    match counts {
        Counts::Answers(answers) => Some(answers.clone()),
        Counts::Share { .. } => None,
    }
}

/// Numbers, and where they are of a topic what it was coded with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) values: Vec<Value>,
    pub(crate) taxonomy: Option<Provenance>,
}

/// Answers a question for numbers: one for each step. With a version only its codings are counted, else those that
/// stand.
pub(crate) async fn query(
    db: &Database,
    tenant: &TenantId,
    measure: &Measure,
    version: Option<i64>,
) -> Result<Answered, Error> {
    let mut tx = db.read(tenant).await?;
    if let Some(version) = version {
        check_version(&mut tx, version).await?;
    }
    let counted = counts_of(&mut tx, measure, version).await?;
    let taxonomy = if measure.slice.topic_id.is_empty() {
        None
    } else {
        Some(provenance(&mut tx, measure, version).await?)
    };
    tx.commit().await?;
    Ok(Answered {
        values: values(&counted)?,
        taxonomy,
    })
}

/// Answers several questions for one number each, in one transaction.
pub(crate) async fn query_all(
    db: &Database,
    tenant: &TenantId,
    measures: &[Measure],
) -> Result<Vec<Value>, Error> {
    let mut tx = db.read(tenant).await?;
    let mut counted = Vec::with_capacity(measures.len());
    for measure in measures {
        counted.extend(counts(&mut tx, measure).await?);
    }
    tx.commit().await?;
    values(&counted)
}

fn values(counted: &[Counted]) -> Result<Vec<Value>, Error> {
    let values = counted.iter().map(|counted| Ok(counted.value()?));
    values.collect()
}

/// What the numbers are made of, as everything stands: one for each step.
pub(super) async fn counts(tx: &mut Tx, measure: &Measure) -> Result<Vec<Counted>, Error> {
    counts_of(tx, measure, None).await
}

/// Windows of this many days and more are read by plans of their own.
const LONG_WINDOW_DAYS: i64 = 60;

async fn counts_of(tx: &mut Tx, measure: &Measure, version: Option<i64>) -> Result<Vec<Counted>, Error> {
    if (measure.window.end - measure.window.start).num_days() >= LONG_WINDOW_DAYS {
        tx.plan_for_values().await?;
    }
    if let Some(scale) = AnswerScale::of(measure.metric) {
        return ratings(tx, measure, scale, version).await;
    }
    match measure.metric {
        MetricId::TopicShare => return topic_share(tx, measure, version).await,
        MetricId::FirstContactResolution => return resolution(tx, measure).await,
        MetricId::ResponseRate => return response_rate(tx, measure).await,
        _ => {}
    }
    let rows = slice_rows(tx, &measure.slice, measure, version).await?;
    let part = |row: &SliceCount| match measure.metric {
        MetricId::TopicNegativeShare => (row.start, row.mention_negative, row.mention_judged),
        _ => (row.start, row.negative, row.judged),
    };
    let counted = shares(measure, rows.iter().map(part));
    without_facets(tx, measure, &measure.slice, counted).await
}

/// What the measure's topic was coded with.
async fn provenance(tx: &mut Tx, measure: &Measure, version: Option<i64>) -> Result<Provenance, Error> {
    let (slice, spans) = (whole(&measure.slice), measure.spans());
    let topic_id = &measure.slice.topic_id;
    let lineage = store::taxonomy::lineage(tx, topic_id, false).await?;
    let finer = store::taxonomy::lineage(tx, topic_id, true).await?;
    let standing = match measure.metric {
        MetricId::FirstContactResolution => store::matter::codings(tx, &slice, spans).await?,
        _ => match slice.facet() {
            None => store::coded_counts::versions(tx, &slice, spans).await?,
            Some(chosen) => store::facet::versions(tx, chosen, &slice, spans).await?,
        },
    };
    let Some(version) = version else {
        let version = store::topic::version(tx).await?;
        let rows = || {
            standing
                .iter()
                .map(|row| (row.start, row.taxonomy_version, row.feedback))
        };
        let finer = Provenance::of(version, &finer, spans, rows());
        return Ok(Provenance::of(version, &lineage, spans, rows()).beside(&finer));
    };
    let coded = store::coded_counts::slice(tx, &slice, spans, version).await?;
    let all: i64 = standing.iter().map(|row| row.feedback).sum();
    let with_coding: i64 = coded.iter().map(|row| row.feedback).sum();
    let rows = coded.into_iter().map(|row| (row.start, version, row.feedback));
    Ok(Provenance {
        uncoded: all - with_coding,
        ..Provenance::of(version, &lineage, spans, rows)
    })
}

/// The same slice whatever its topic.
fn whole(slice: &Slice) -> Slice {
    Slice {
        topic_id: String::new(),
        ..slice.clone()
    }
}

/// The rows that a slice's numbers are made of, as everything stands or by the codings of one version.
async fn slice_rows(
    tx: &mut Tx,
    slice: &Slice,
    measure: &Measure,
    version: Option<i64>,
) -> Result<Vec<SliceCount>, sqlx::Error> {
    let spans = measure.spans();
    match (version, slice.facet()) {
        (Some(version), _) => store::coded_counts::slice(tx, slice, spans, version).await,
        (None, Some(chosen)) => store::facet::slice(tx, chosen, slice, spans).await,
        (None, None) => store::counts::slice(tx, slice, spans).await,
    }
}

/// Says how much feedback of the window nobody knows to be of a facet's slice.
async fn without_facets(
    tx: &mut Tx,
    measure: &Measure,
    slice: &Slice,
    mut counted: Vec<Counted>,
) -> Result<Vec<Counted>, Error> {
    if let Some((facet, _)) = slice.facet() {
        let spans = measure.spans();
        let unsliced = match AnswerScale::of(measure.metric) {
            Some(scale) => store::counts::unsliced_ratings(tx, facet, scale, slice, spans).await?,
            None => store::counts::unsliced(tx, facet, slice, spans).await?,
        };
        let windows = measure.windows();
        for row in unsliced {
            if let Some(value) = step_of(&windows, row.start).and_then(|step| counted.get_mut(step)) {
                value.unsliced += natural(row.amount);
            }
        }
    }
    Ok(counted)
}

async fn ratings(
    tx: &mut Tx,
    measure: &Measure,
    scale: AnswerScale,
    version: Option<i64>,
) -> Result<Vec<Counted>, Error> {
    let (slice, spans) = (&measure.slice, measure.spans());
    let rows = match (version, slice.facet()) {
        (Some(version), _) => store::coded_counts::ratings(tx, scale, slice, spans, version).await?,
        (None, Some(chosen)) => store::facet::answers(tx, scale, chosen, slice, spans).await?,
        (None, None) => store::counts::ratings(tx, scale, slice, spans).await?,
    };
    let windows = measure.windows();
    let mut sums = vec![Histogram::new(scale); windows.len()];
    for row in rows {
        if let Some(sum) = step_of(&windows, row.start).and_then(|step| sums.get_mut(step)) {
            sum.add_many(Answer::parse(scale, i64::from(row.score))?, natural(row.answers))?;
        }
    }
    let counted = |(window, sum)| Counted {
        window,
        counts: Counts::Answers(sum),
        pending: 0,
        unsliced: 0,
    };
    let counted = windows.into_iter().zip(sums).map(counted).collect();
    without_facets(tx, measure, slice, counted).await
}

/// The share's denominator is the same slice without its topic.
async fn topic_share(tx: &mut Tx, measure: &Measure, version: Option<i64>) -> Result<Vec<Counted>, Error> {
    let whole = whole(&measure.slice);
    let about = slice_rows(tx, &measure.slice, measure, version).await?;
    let all = slice_rows(tx, &whole, measure, version).await?;
    let about = about.iter().map(|row| (row.start, row.non_positive, 0));
    let all = all.iter().map(|row| (row.start, 0, row.feedback));
    without_facets(tx, measure, &whole, shares(measure, about.chain(all))).await
}

/// Shares from rows of (start, those that count, all).
fn shares(measure: &Measure, rows: impl Iterator<Item = (DateTime<Utc>, i64, i64)>) -> Vec<Counted> {
    let windows = measure.windows();
    let mut sums = vec![(0_u64, 0_u64); windows.len()];
    for (start, count, all) in rows {
        if let Some(sum) = step_of(&windows, start).and_then(|step| sums.get_mut(step)) {
            sum.0 += natural(count);
            sum.1 += natural(all);
        }
    }
    let counted = |(window, (successes, n))| Counted {
        window,
        counts: Counts::Share {
            metric: measure.metric,
            successes,
            n,
        },
        pending: 0,
        unsliced: 0,
    };
    windows.into_iter().zip(sums).map(counted).collect()
}

/// Of the matters closed long enough ago, those about which nobody came again; the others are pending, however they
/// look by now: else those that fail would be told before those that succeed.
async fn resolution(tx: &mut Tx, measure: &Measure) -> Result<Vec<Counted>, Error> {
    let (settled, open) = measure.window.split_at(settled_before(tx.now()));
    let slice = &measure.slice;
    let rows = matters(tx, slice, settled.spans(measure.step)).await?;
    let part = |row: &MatterCount| (row.start, row.matters - row.came_again, row.matters);
    let mut counted = shares(measure, rows.iter().map(part));
    let pending = matters(tx, slice, open.spans(measure.step)).await?;
    let windows = measure.windows();
    for row in pending {
        if let Some(value) = step_of(&windows, row.start).and_then(|step| counted.get_mut(step)) {
            value.pending += natural(row.matters);
        }
    }
    if slice.dimension().is_some() {
        let all = store::matter::counts(tx, slice, measure.spans()).await?;
        let sliced = store::matter::slice_counts(tx, (Dimension::Any, ""), slice, measure.spans()).await?;
        let mut unsliced = vec![0_i64; windows.len()];
        let rows = all.iter().map(|row| (row.start, row.matters));
        for (start, matters) in rows.chain(sliced.iter().map(|row| (row.start, -row.matters))) {
            if let Some(sum) = step_of(&windows, start).and_then(|step| unsliced.get_mut(step)) {
                *sum += matters;
            }
        }
        for (value, unsliced) in counted.iter_mut().zip(unsliced) {
            value.unsliced = natural(unsliced);
        }
    }
    Ok(counted)
}

/// Of the invitations whose time was over by the last midnight, those that were answered; the others are pending, also
/// those that were answered by now: else who answers quickly would count before who does not.
async fn response_rate(tx: &mut Tx, measure: &Measure) -> Result<Vec<Counted>, Error> {
    let (slice, spans) = (&measure.slice, measure.spans());
    let settled = Grain::Day.start_of(tx.now());
    let mut rows = store::response_rate::counts(tx, slice, spans, settled).await?;
    rows.extend(store::response_rate::open(tx, slice, spans, settled).await?);
    let part = |row: &AskedCount| (row.start, row.answered, row.asked);
    let mut counted = shares(measure, rows.iter().map(part));
    let windows = measure.windows();
    for row in rows {
        if let Some(value) = step_of(&windows, row.start).and_then(|step| counted.get_mut(step)) {
            value.pending += natural(row.pending);
        }
    }
    Ok(counted)
}

/// The counts of the matters of a slice.
async fn matters(tx: &mut Tx, slice: &Slice, spans: Spans) -> Result<Vec<MatterCount>, sqlx::Error> {
    match slice.dimension() {
        None => store::matter::counts(tx, slice, spans).await,
        Some(chosen) => store::matter::slice_counts(tx, chosen, slice, spans).await,
    }
}

/// Which window a row of counts falls into. They lie end to end.
fn step_of(windows: &[Window], start: DateTime<Utc>) -> Option<usize> {
    let step = windows.partition_point(|window| window.end <= start);
    windows
        .get(step)
        .filter(|window| window.start <= start)
        .map(|_| step)
}

/// Counts are never negative: the tables check it.
pub(super) fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
