//! The hourly series of a tenant: what detection tests, and what is usual.

use std::collections::{BTreeMap, BTreeSet};

use attune_stats::hot::{History, HistoryError, MAXIMUM_DAYS};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Lineage, Scope, Window, hour_of};

type Hours = BTreeMap<DateTime<Utc>, i64>;

/// Hourly counts over the longest history that detection uses, up to the instant of a run.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    now: DateTime<Utc>,
    totals: BTreeMap<String, Hours>,
    /// By which versions of the taxonomy the feedback of an hour stands.
    versions: BTreeMap<DateTime<Utc>, BTreeSet<i64>>,
    mentions: BTreeMap<String, BTreeMap<String, Hours>>,
}

impl Series {
    /// An empty series for a run at `now`, a full hour.
    pub(crate) fn until(now: DateTime<Utc>) -> Self {
        Self {
            now,
            totals: BTreeMap::new(),
            versions: BTreeMap::new(),
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

    /// Notes that feedback of an hour stands by a version of the taxonomy.
    pub(crate) fn add_version(&mut self, hour: DateTime<Utc>, version: i64) {
        self.versions.entry(hour).or_default().insert(version);
    }

    /// From when on all feedback stands coded, as to one topic, as `version` codes it; none where it always did. Hours
    /// before that are of another coding and no measure of what is usual.
    pub(crate) fn coded_since(&self, lineage: &Lineage, version: i64) -> Option<DateTime<Utc>> {
        let coding = lineage.coding_of(version, self.now);
        let &(_, began_at) = lineage.0.iter().find(|(turn, _)| *turn == coding)?;
        let otherwise = |hour: DateTime<Utc>, versions: &BTreeSet<i64>| {
            versions
                .iter()
                .any(|version| lineage.coding_of(*version, hour) != coding)
        };
        let mut before = self.versions.iter().rev();
        let broken = before
            .find(|(hour, versions)| otherwise(**hour, versions))
            .map(|(hour, _)| *hour + TimeDelta::hours(1));
        let first = match broken {
            Some(from) => self.versions.range(from..).next(),
            None => self.versions.iter().next(),
        };
        // What was said before the version began to stand was recoded, or came in later.
        let reaches_back = first.is_some_and(|(hour, _)| *hour < hour_of(began_at));
        if reaches_back {
            broken
        } else {
            broken.max(Some(began_at))
        }
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
    fn a_topic_is_comparable_as_far_back_as_its_coding_reaches() {
        let lineage = Lineage(vec![(4, at(50) + TimeDelta::minutes(20))]);
        let series = |hours: &[(i64, i64)]| {
            let mut series = Series::until(at(96));
            for &(hour, version) in hours {
                series.add_version(at(hour), version);
            }
            series
        };
        // A starter topic has no lineage.
        let long = series(&[(3, 1), (60, 4)]);
        assert_eq!(long.coded_since(&Lineage::default(), 4), None);
        assert_eq!(
            long.coded_since(&lineage, 4),
            Some(at(50) + TimeDelta::minutes(20))
        );
        let in_its_hour = series(&[(3, 1), (50, 3), (50, 4), (60, 4)]);
        assert_eq!(in_its_hour.coded_since(&lineage, 4), Some(at(51)));
        // A version that did not touch it changes nothing.
        assert_eq!(
            series(&[(3, 4), (60, 5)]).coded_since(&lineage, 5),
            None,
            "recoded"
        );
        assert_eq!(
            series(&[(3, 1), (20, 4), (60, 4)]).coded_since(&lineage, 4),
            Some(at(4))
        );
        assert_eq!(
            series(&[(60, 4)]).coded_since(&lineage, 4),
            Some(at(50) + TimeDelta::minutes(20))
        );
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
