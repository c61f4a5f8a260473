//! Comparing groups of feedback.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_stats::MetricId;
use attune_stats::comparison::{self, Comparison, Counts};

use super::metric::{Counted, Value, counts};
use crate::domain::{Contrast, Group, Overlap};
use crate::error::Error;

/// The answer: each group in its window beside the reference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) reference: Value,
    pub(crate) groups: Vec<Beside>,
}

/// One group beside the reference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beside {
    pub(crate) value: Value,
    pub(crate) comparison: Comparison,
    /// What may be in both.
    pub(crate) overlap: Overlap,
}

/// Answers whether groups differ from their reference.
pub(crate) async fn compare(db: &Database, tenant: &TenantId, contrast: Contrast) -> Result<Compared, Error> {
    let Contrast {
        metric,
        reference,
        groups,
    } = contrast;
    let overlaps: Vec<Overlap> = groups.iter().map(|group| group.overlap(&reference)).collect();
    let mut tx = db.read(tenant).await?;
    let reference = counted(&mut tx, metric, reference).await?;
    let mut numbers = Vec::with_capacity(groups.len());
    for group in groups {
        numbers.push(counted(&mut tx, metric, group).await?);
    }
    tx.commit().await?;
    let others: Vec<Counts> = numbers.iter().map(|number| number.counts.clone()).collect();
    let (outcome, compared) = comparison::compare(&reference.counts, &others)?;
    let beside = |((comparison, number), overlap): ((Comparison, Counted), Overlap)| Beside {
        value: number.with(comparison.outcome.clone()),
        comparison,
        overlap,
    };
    let groups = compared.into_iter().zip(numbers).zip(overlaps);
    Ok(Compared {
        reference: reference.with(outcome),
        groups: groups.map(beside).collect(),
    })
}

async fn counted(tx: &mut Tx, metric: MetricId, group: Group) -> Result<Counted, Error> {
    let measure = group.measure(metric);
    let whole = counts(tx, &measure).await?.pop();
    // A question without steps has one window.
    Ok(whole.ok_or(sqlx::Error::RowNotFound)?)
}
