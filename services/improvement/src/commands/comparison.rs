//! What initiatives are compared with.

use attune_rpc::{TenantId, Violations};

use crate::domain::{Comparison, Issue, Look, Seen, Series, WrongState};
use crate::error::Error;
use crate::source::SeriesSource;

/// Refuses a comparison that is none on this issue.
pub(super) fn check(comparison: Option<&Comparison>, issue: &Issue) -> Result<(), Error> {
    let Some(Err(refused)) = comparison.map(|comparison| comparison.resolve(issue)) else {
        return Ok(());
    };
    let mut violations = Violations::default();
    for (field, description) in refused {
        violations.add(format!("initiative.comparison.{field}"), description);
    }
    Err(attune_rpc::Error::invalid(violations).into())
}

/// Both slices in full at a rollout. An issue that was widened since may have taken in what was not changed.
pub(super) fn at_rollout(
    comparison: Option<&Comparison>,
    issue: &Issue,
    state: &'static str,
) -> Result<Option<Comparison>, WrongState> {
    let resolved = comparison.map(|comparison| comparison.resolve(issue)).transpose();
    resolved.map_err(|_| {
        let message = "the comparison is no longer apart from what the issue is about; change the comparison";
        WrongState::new(state, message)
    })
}

/// What came after a rollout until a look, of what was changed and of what was not.
pub(super) async fn seen(source: &dyn SeriesSource, tenant: &TenantId, look: &Look) -> Result<Seen, Error> {
    let (metric, start, end) = (look.target.metric, look.rollout.at, look.at);
    let after = source.share(tenant, (metric, &look.slice()), start, end).await?;
    let comparison_after: Option<Series> = match look.unchanged() {
        Some(slice) => Some(source.share(tenant, (metric, slice), start, end).await?),
        None => None,
    };
    Ok(Seen {
        after,
        comparison_after,
    })
}
