//! Numbers, from the counts.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_stats::MetricId;
use attune_stats::comparison::Counts;
use attune_stats::metric::{Answer, AnswerScale, ConfidenceLevel, Histogram, Outcome};
use chrono::{DateTime, Utc};

use crate::domain::{Measure, Slice, Window};
use crate::error::Error;
use crate::store;

/// One number, or the reason why there is none, of one window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) window: Window,
    /// For a share, how many of `n` count; 0 for a mean.
    pub(crate) count: u64,
    pub(crate) outcome: Outcome,
}

/// Answers a question for numbers: one for each step.
pub(crate) async fn query(db: &Database, tenant: &TenantId, measure: &Measure) -> Result<Vec<Value>, Error> {
    let mut tx = db.read(tenant).await?;
    let counted = counts(&mut tx, measure).await?;
    tx.commit().await?;
    values(counted)
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
    values(counted)
}

fn values(counted: Vec<(Window, Counts)>) -> Result<Vec<Value>, Error> {
    let value = |(window, counts): (Window, Counts)| {
        Ok(Value {
            window,
            count: counts.successes().unwrap_or_default(),
            outcome: counts.outcome(ConfidenceLevel::P95)?,
        })
    };
    counted.into_iter().map(value).collect()
}

/// What the numbers are made of: one for each step.
pub(super) async fn counts(tx: &mut Tx, measure: &Measure) -> Result<Vec<(Window, Counts)>, Error> {
    if let Some(scale) = AnswerScale::of(measure.metric) {
        return ratings(tx, measure, scale).await;
    }
    match measure.metric {
        MetricId::TopicShare => topic_share(tx, measure).await,
        MetricId::TopicNegativeShare => topic_negative_share(tx, measure).await,
        _ => negative_share(tx, measure).await,
    }
}

async fn ratings(tx: &mut Tx, measure: &Measure, scale: AnswerScale) -> Result<Vec<(Window, Counts)>, Error> {
    let rows = store::counts::ratings(tx, scale, &measure.slice, measure.spans()).await?;
    let windows = measure.windows();
    let mut sums = vec![Histogram::new(scale); windows.len()];
    for row in rows {
        if let Some(sum) = step_of(&windows, row.start).and_then(|step| sums.get_mut(step)) {
            sum.add_many(Answer::parse(scale, i64::from(row.score))?, natural(row.answers))?;
        }
    }
    Ok(windows
        .into_iter()
        .zip(sums.into_iter().map(Counts::Answers))
        .collect())
}

async fn negative_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<(Window, Counts)>, Error> {
    let rows = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let parts = rows.iter().map(|row| (row.start, row.negative, row.judged));
    Ok(shares(measure, parts))
}

async fn topic_negative_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<(Window, Counts)>, Error> {
    let rows = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let parts = rows
        .iter()
        .map(|row| (row.start, row.mention_negative, row.mention_judged));
    Ok(shares(measure, parts))
}

/// The share's denominator is the same slice without its topic.
async fn topic_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<(Window, Counts)>, Error> {
    let about = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let whole = Slice {
        topic_id: String::new(),
        ..measure.slice.clone()
    };
    let all = store::counts::slice(tx, &whole, measure.spans()).await?;
    let about = about.iter().map(|row| (row.start, row.non_positive, 0));
    let all = all.iter().map(|row| (row.start, 0, row.feedback));
    Ok(shares(measure, about.chain(all)))
}

/// Shares from rows of (start, those that count, all).
fn shares(measure: &Measure, rows: impl Iterator<Item = (DateTime<Utc>, i64, i64)>) -> Vec<(Window, Counts)> {
    let windows = measure.windows();
    let mut sums = vec![(0_u64, 0_u64); windows.len()];
    for (start, count, all) in rows {
        if let Some(sum) = step_of(&windows, start).and_then(|step| sums.get_mut(step)) {
            sum.0 += natural(count);
            sum.1 += natural(all);
        }
    }
    let share = |(successes, n)| Counts::Share {
        metric: measure.metric,
        successes,
        n,
    };
    windows.into_iter().zip(sums.into_iter().map(share)).collect()
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
