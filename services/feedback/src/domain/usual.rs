//! The hourly series of a tenant: what detection tests, and what is usual.

use std::collections::{BTreeMap, BTreeSet};

use attune_stats::hot::{History, HistoryError, MAXIMUM_DAYS};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Scope, Window};

type Hours = BTreeMap<DateTime<Utc>, i64>;

/// Hourly counts over the longest history that detection uses, up to the instant of a run.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    now: DateTime<Utc>,
    totals: BTreeMap<String, Hours>,
    mentions: BTreeMap<String, BTreeMap<String, Hours>>,
}

impl Series {
    /// An empty series for a run at `now`, a full hour.
    pub(crate) fn until(now: DateTime<Utc>) -> Self {
        Self {
            now,
            totals: BTreeMap::new(),
            mentions: BTreeMap::new(),
        }
    }

    /// The window that it covers.
    pub(crate) fn window(&self) -> Window {
        // At most 56.
        let days = i64::try_from(MAXIMUM_DAYS).unwrap_or_default();
        Window {
            start: self.now - TimeDelta::days(days),
            end: self.now,
        }
    }

    pub(crate) fn add_total(&mut self, product: String, hour: DateTime<Utc>, feedback: i64) {
        *self.totals.entry(product).or_default().entry(hour).or_default() += feedback;
    }

    pub(crate) fn add_mentions(
        &mut self,
        topic: String,
        product: String,
        hour: DateTime<Utc>,
        mentions: i64,
    ) {
        let products = self.mentions.entry(topic).or_default();
        *products.entry(product).or_default().entry(hour).or_default() += mentions;
    }

    /// What the statistics take. `since` says from when on a topic could be counted at all.
    pub(crate) fn history<'a>(
        &self,
        since: impl IntoIterator<Item = (&'a str, DateTime<Utc>)>,
    ) -> Result<History, HistoryError> {
        let mut history = History::new(self.now)?;
        for (product, hours) in &self.totals {
            for (&hour, &feedback) in hours {
                history.add_total(product, hour, whole(feedback));
            }
        }
        for (topic, products) in &self.mentions {
            for (product, hours) in products {
                history.extend_mentions(
                    topic,
                    product,
                    hours.iter().map(|(&hour, &count)| (hour, whole(count))),
                );
            }
        }
        for (topic, since) in since {
            history.tracked_since(topic, since);
        }
        Ok(history)
    }

    /// All products but `product`.
    pub(crate) fn others(&self, product: &str) -> Vec<String> {
        self.totals
            .keys()
            .filter(|other| *other != product)
            .cloned()
            .collect()
    }

    /// Mentions of a topic within `scope` in the hours up to the run.
    pub(crate) fn mentions_in_last(&self, topic: &str, scope: &Scope, length: TimeDelta) -> i64 {
        self.mentions_in(
            topic,
            scope,
            Window {
                start: self.now - length,
                end: self.now,
            },
        )
    }

    /// The mean of the mentions a day before `end`, over days in which the scope had feedback at all.
    pub(crate) fn usual_per_day(&self, topic: &str, scope: &Scope, end: DateTime<Utc>) -> f64 {
        let lived: BTreeSet<i64> = self
            .totals
            .iter()
            .filter(|(product, _)| scope.holds(product))
            .flat_map(|(_, hours)| {
                hours
                    .range(..end)
                    .map(|(&hour, _)| (end - hour - TimeDelta::seconds(1)).num_days())
            })
            .collect();
        let all = Window {
            start: DateTime::<Utc>::MIN_UTC,
            end,
        };
        if lived.is_empty() {
            0.0
        } else {
            self.mentions_in(topic, scope, all) as f64 / lived.len() as f64
        }
    }

    fn mentions_in(&self, topic: &str, scope: &Scope, window: Window) -> i64 {
        let products = self.mentions.get(topic).into_iter().flatten();
        products
            .filter(|(product, _)| scope.holds(product))
            .flat_map(|(_, hours)| hours.range(window.start..window.end).map(|(_, &count)| count))
            .sum()
    }
}

/// An hour's count; more than four thousand million an hour are taken as that many.
fn whole(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
    }

    #[test]
    fn days_without_feedback_do_not_lower_what_is_usual() {
        let mut series = Series::until(at(96));
        for day in [0, 2] {
            series.add_total("A".into(), at(day * 24 + 5), 50);
            series.add_mentions("delay".into(), "A".into(), at(day * 24 + 5), 10);
        }
        let scope = Scope::default();
        assert!((series.usual_per_day("delay", &scope, at(72)) - 10.0).abs() < 1e-9);
        assert!(series.usual_per_day("delay", &scope, at(0)).abs() < 1e-9);
    }

    #[test]
    fn products_left_out_are_not_counted() {
        let mut series = Series::until(at(24));
        series.add_mentions("delay".into(), "A".into(), at(23), 3);
        series.add_mentions("delay".into(), "B".into(), at(23), 5);
        let without = Scope {
            product: String::new(),
            left_out: vec!["B".into()],
        };
        let only = Scope {
            product: "B".into(),
            left_out: vec![],
        };
        assert_eq!(series.mentions_in_last("delay", &without, TimeDelta::hours(6)), 3);
        assert_eq!(series.mentions_in_last("delay", &only, TimeDelta::hours(6)), 5);
        assert_eq!(series.mentions_in_last("delay", &only, TimeDelta::zero()), 0);
    }
}
