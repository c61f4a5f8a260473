//! Which planned looks the data have reached, and how much each may decide.

use super::plan::Plan;
use super::series::Day;
use crate::sequential::{boundaries_spending, spending};

/// One look: how many days after the rollout it sees, and its critical value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// From one; looks that fall on the same day are taken together as the later one.
    pub(super) number: u32,
    /// How many of the days after the rollout it sees.
    pub(super) days: usize,
    /// Its critical value in standard errors.
    pub(super) critical: f64,
}

/// The looks reached by these days. At the deadline the last one takes what there is and spends what is left.
pub(super) fn looks(plan: &Plan, after: &[Day], deadline_passed: bool) -> Vec<Look> {
    let planned = plan.planned_n.max(1) as f64;
    let count = plan.looks.max(1);
    let mut reached: Vec<(u32, usize, f64)> = Vec::new();
    let mut n = 0.0;
    for (position, day) in after.iter().enumerate() {
        n += day.n;
        let fraction = (n / planned).min(1.0);
        let number = (1..=count)
            .rev()
            .find(|&k| fraction >= f64::from(k) / f64::from(count))
            .unwrap_or(0);
        let earlier = reached.last().map_or(0, |look| look.0);
        if day.index + 1 >= i64::from(plan.minimum_days_after) && number > earlier {
            reached.push((number, position + 1, fraction));
        }
    }
    let long_enough = after
        .last()
        .is_some_and(|day| day.index + 1 >= i64::from(plan.minimum_days_after));
    if deadline_passed && long_enough && reached.last().is_none_or(|look| look.0 < count) {
        reached.retain(|look| look.1 < after.len());
        reached.push((count, after.len(), (n / planned).min(1.0)));
    }
    let spent: Vec<_> = reached
        .iter()
        .map(|&(number, _, fraction)| {
            (
                fraction,
                if number == count {
                    plan.alpha / 2.0
                } else {
                    spending(fraction, plan.alpha)
                },
            )
        })
        .collect();
    let look = |(&(number, days, _), critical)| Look {
        number,
        days,
        critical,
    };
    reached
        .iter()
        .zip(boundaries_spending(&spent))
        .map(look)
        .collect()
}
