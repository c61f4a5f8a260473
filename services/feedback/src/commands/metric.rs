//! Numbers, from the counts.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_stats::MetricId;
use attune_stats::metric::{AnswerScale, ConfidenceLevel, Histogram, Outcome, share};
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
    let values = match measure.metric {
        MetricId::Nps => ratings(&mut tx, measure, AnswerScale::Nps).await,
        MetricId::Csat => ratings(&mut tx, measure, AnswerScale::Csat).await,
        MetricId::Ces => ratings(&mut tx, measure, AnswerScale::Ces).await,
        MetricId::SentimentNegativeShare => negative_share(&mut tx, measure).await,
        MetricId::TopicNegativeShare => topic_negative_share(&mut tx, measure).await,
        MetricId::TopicShare => topic_share(&mut tx, measure).await,
    }?;
    tx.commit().await?;
    Ok(values)
}

async fn ratings(tx: &mut Tx, measure: &Measure, scale: AnswerScale) -> Result<Vec<Value>, Error> {
    let rows = store::counts::ratings(tx, scale, &measure.slice, measure.spans()).await?;
    let windows = measure.windows();
    let mut sums = vec![vec![0_u64; scores(scale)]; windows.len()];
    for row in rows {
        let place = usize::try_from(i64::from(row.score) - scale.minimum()).ok();
        let sum = step_of(&windows, row.start).and_then(|step| sums.get_mut(step));
        if let Some(count) = place.zip(sum).and_then(|(place, sum)| sum.get_mut(place)) {
            *count += natural(row.answers);
        }
    }
    let value = |(window, counts): (Window, Vec<u64>)| {
        // Two of the five scores of CSAT are the top ones.
        let count = if scale == AnswerScale::Csat {
            counts.iter().rev().take(2).sum()
        } else {
            0
        };
        let outcome = Histogram::from_counts(scale, counts)?.outcome(ConfidenceLevel::P95);
        Ok(Value {
            window,
            count,
            outcome,
        })
    };
    windows.into_iter().zip(sums).map(value).collect()
}

async fn negative_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<Value>, Error> {
    let rows = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let parts = rows.iter().map(|row| (row.start, row.negative, row.judged));
    shares(measure, parts)
}

async fn topic_negative_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<Value>, Error> {
    let rows = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let parts = rows
        .iter()
        .map(|row| (row.start, row.mention_negative, row.mention_judged));
    shares(measure, parts)
}

/// The share's denominator is the same slice without its topic.
async fn topic_share(tx: &mut Tx, measure: &Measure) -> Result<Vec<Value>, Error> {
    let about = store::counts::slice(tx, &measure.slice, measure.spans()).await?;
    let whole = Slice {
        topic_id: String::new(),
        ..measure.slice.clone()
    };
    let all = store::counts::slice(tx, &whole, measure.spans()).await?;
    let about = about.iter().map(|row| (row.start, row.non_positive, 0));
    let all = all.iter().map(|row| (row.start, 0, row.feedback));
    shares(measure, about.chain(all))
}

/// Shares from rows of (start, those that count, all).
fn shares(
    measure: &Measure,
    rows: impl Iterator<Item = (DateTime<Utc>, i64, i64)>,
) -> Result<Vec<Value>, Error> {
    let windows = measure.windows();
    let mut sums = vec![(0_u64, 0_u64); windows.len()];
    for (start, count, all) in rows {
        if let Some(sum) = step_of(&windows, start).and_then(|step| sums.get_mut(step)) {
            sum.0 += natural(count);
            sum.1 += natural(all);
        }
    }
    let value = |(window, (count, n)): (Window, (u64, u64))| {
        Ok(Value {
            window,
            count,
            outcome: share(measure.metric, count, n, ConfidenceLevel::P95)?,
        })
    };
    windows.into_iter().zip(sums).map(value).collect()
}

/// Which window a row of counts falls into. They lie end to end.
fn step_of(windows: &[Window], start: DateTime<Utc>) -> Option<usize> {
    let step = windows.partition_point(|window| window.end <= start);
    windows
        .get(step)
        .filter(|window| window.start <= start)
        .map(|_| step)
}

fn scores(scale: AnswerScale) -> usize {
    usize::try_from(scale.maximum() - scale.minimum() + 1).unwrap_or_default()
}

/// Counts are never negative: the tables check it.
fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
