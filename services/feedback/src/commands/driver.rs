//! Explaining what moves a score.

use attune_database::Database;
use attune_rpc::TenantId;
use attune_stats::MetricId;
use attune_stats::driver::{self, Explanation};

use super::metric::counts;
use crate::domain::Drivers;
use crate::error::Error;
use crate::store;

/// The answer.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) metric: MetricId,
    /// How many answers were looked at, and how many there are.
    pub(crate) n: u64,
    pub(crate) n_in_window: u64,
    /// Or the reason why nothing can be said.
    pub(crate) explanation: Result<Explanation, String>,
}

/// What a sample may hold beyond what is expected of it: seven standard deviations of its size.
const SLACK: u64 = 1000;

/// Estimates the effect of everything on record on the answers of a slice.
pub(crate) async fn explain(db: &Database, tenant: &TenantId, question: Drivers) -> Result<Explained, Error> {
    let mut tx = db.read(tenant).await?;
    let counted = counts(&mut tx, &question.measure()).await?;
    let mut n_in_window = 0;
    for counted in counted {
        n_in_window += counted.value()?.outcome.n();
    }
    let share = (Drivers::SAMPLE as f64 / n_in_window.max(1) as f64).min(1.0);
    let limit = i64::try_from(Drivers::SAMPLE + SLACK).unwrap_or(i64::MAX);
    let answers = store::driver::answers(&mut tx, &question, share, limit).await?;
    tx.commit().await?;
    let (scale, n) = (question.scale, answers.len() as u64);
    // Some ten milliseconds of arithmetic, which the other calls need not wait for.
    let explanation = tokio::task::spawn_blocking(move || driver::explain(scale, &answers)).await?;
    Ok(Explained {
        metric: scale.metric(),
        n,
        n_in_window,
        explanation,
    })
}
