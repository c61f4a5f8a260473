//! Comparisons: where a change is made and where it is not.

use attune_api::improvement::v1 as pb;
use attune_rpc::Violations;

use super::slice;
use crate::domain::{Comparison, PlannedComparison, VerdictComparison};

/// What to compare with, where something is given. Whether the two are apart is known together with the issue.
#[expect(
    clippy::option_option,
    reason = "outside: whether it can be read, inside: whether there is one"
)]
pub(super) fn parse(
    comparison: Option<&pb::Comparison>,
    violations: &mut Violations,
) -> Option<Option<Comparison>> {
    let Some(pb::Comparison { changed, unchanged }) = comparison else {
        return Some(None);
    };
    let changed = slice::parse(
        "initiative.comparison.changed",
        changed.as_ref(),
        None,
        violations,
    );
    let unchanged = slice::parse(
        "initiative.comparison.unchanged",
        unchanged.as_ref(),
        None,
        violations,
    );
    Some(Some(Comparison {
        changed: changed?,
        unchanged: unchanged?,
    }))
}

pub(super) fn to_proto(comparison: Comparison) -> pb::Comparison {
    let Comparison { changed, unchanged } = comparison;
    pb::Comparison {
        changed: Some(slice::to_proto(changed)),
        unchanged: Some(slice::to_proto(unchanged)),
    }
}

/// What a plan fixed: the comparison, its level and what that was made of.
pub(super) fn planned(planned: Option<PlannedComparison>) -> (Option<pb::Comparison>, Option<f64>, i64) {
    match planned {
        Some(PlannedComparison {
            comparison,
            baseline,
            baseline_n,
            codings: _,
        }) => (Some(to_proto(comparison)), baseline, baseline_n),
        None => (None, None, 0),
    }
}

pub(super) fn seen(comparison: VerdictComparison) -> pb::VerdictComparison {
    let VerdictComparison {
        slice,
        compared_with,
        n_before,
        n_after,
        share_before,
        share_after,
    } = comparison;
    pb::VerdictComparison {
        slice: Some(slice::to_proto(slice)),
        compared_with,
        n_before,
        n_after,
        share_before,
        share_after,
    }
}
