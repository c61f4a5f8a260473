//! A world whose feedback is known.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use async_trait::async_trait;
use attune_rpc::TenantId;
use attune_stats::verdict::Bucket;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::domain::{Estimate, Measured, Metric, Quantity, Series, Slice};
use crate::error::Error;
use crate::source::SeriesSource;

/// How many of forty are satisfied where nothing else is said.
const SATISFIED: u64 = 34;

/// Forty pieces of feedback an hour, or two, of which so many of forty are about the topic since an instant, or satisfied.
#[derive(Default)]
pub(super) struct World {
    levels: Mutex<Vec<(DateTime<Utc>, u64)>>,
    satisfied: Mutex<Vec<(DateTime<Utc>, u64)>>,
    /// The same of every other product than that of the issues.
    elsewhere: Mutex<Vec<(DateTime<Utc>, u64)>>,
    /// Added to what is said of the topic when the feedback service is asked again.
    late: Mutex<Option<(DateTime<Utc>, u64)>>,
    numbers: Mutex<Vec<(DateTime<Utc>, f64)>>,
    /// Added to the first version of every definition.
    redefined: AtomicI32,
    scarce: AtomicBool,
    down: AtomicBool,
}

impl World {
    /// From `since` on, so many of forty are about the topic.
    pub(super) fn level(&self, since: DateTime<Utc>, successes: u64) {
        self.levels.lock().unwrap().push((since, successes));
    }

    /// From `since` on, so many of forty answers are satisfied, in every product.
    pub(super) fn satisfied(&self, since: DateTime<Utc>, successes: u64) {
        self.satisfied.lock().unwrap().push((since, successes));
    }

    /// From `since` on, so many of forty are about the topic in other products.
    pub(super) fn level_elsewhere(&self, since: DateTime<Utc>, successes: u64) {
        self.elsewhere.lock().unwrap().push((since, successes));
    }

    /// From now on, so many more of forty are known to have been about the topic since `since`.
    pub(super) fn arrives_late(&self, since: DateTime<Utc>, more: u64) {
        *self.late.lock().unwrap() = Some((since, more));
    }

    /// From `since` on, every number is so much, give or take 0.02.
    pub(super) fn number(&self, since: DateTime<Utc>, value: f64) {
        self.numbers.lock().unwrap().push((since, value));
    }

    /// The definitions of all metrics get a new version.
    pub(super) fn redefine(&self) {
        self.redefined.fetch_add(1, Ordering::Relaxed);
    }

    /// Two pieces an hour instead of forty.
    pub(super) fn scarce(&self) {
        self.scarce.store(true, Ordering::Relaxed);
    }

    fn bucket(&self, start: DateTime<Utc>, level: u64) -> Bucket {
        let hour = u64::try_from(start.timestamp() / 3600).unwrap();
        let scarce = self.scarce.load(Ordering::Relaxed);
        let (successes, n) = if scarce {
            (u64::from(hour * 7 % 20 < level), 2)
        } else {
            (level + u64::from(hour % 3 == 0), 40)
        };
        Bucket {
            start,
            end: start + TimeDelta::hours(1),
            successes,
            n,
        }
    }

    /// Whether the feedback service does not answer.
    pub(super) fn down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("World")
    }
}

#[async_trait]
impl SeriesSource for World {
    async fn share(
        &self,
        _tenant: &TenantId,
        (metric, slice): (Metric, &Slice),
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<Series, Error> {
        if self.down.load(Ordering::Relaxed) {
            return Err(tonic::Status::unavailable("the test has stopped it").into());
        }
        let elsewhere = slice.product != "united";
        let (levels, usual) = match (metric, elsewhere) {
            (Metric::Csat, _) => (&self.satisfied, SATISFIED),
            (_, true) => (&self.elsewhere, 1),
            (_, false) => (&self.levels, 1),
        };
        let levels = levels.lock().unwrap().clone();
        let late = self.late.lock().unwrap().filter(|_| !elsewhere);
        let mut start = start.duration_trunc(TimeDelta::hours(1)).unwrap();
        let mut buckets = Vec::new();
        while start < end {
            let level = levels.iter().rfind(|(since, _)| *since <= start);
            let more = late
                .filter(|(since, _)| *since <= start)
                .map_or(0, |(_, more)| more);
            buckets.push(self.bucket(start, level.map_or(usual, |(_, level)| *level) + more));
            start += TimeDelta::hours(1);
        }
        Ok(Series::of(buckets))
    }

    async fn number(
        &self,
        _tenant: &TenantId,
        quantity: &Quantity,
        at: DateTime<Utc>,
    ) -> Result<Measured, Error> {
        if self.down.load(Ordering::Relaxed) {
            return Err(tonic::Status::unavailable("the test has stopped it").into());
        }
        let (start, end) = quantity.window(at);
        let numbers = self.numbers.lock().unwrap().clone();
        let value = numbers.iter().rfind(|(since, _)| *since <= at);
        let outcome = value.map(|(_, value)| Estimate {
            value: *value,
            low: value - 0.02,
            high: value + 0.02,
        });
        Ok(Measured {
            start,
            end,
            definition_version: 1 + self.redefined.load(Ordering::Relaxed),
            n: if outcome.is_some() { 1000 } else { 3 },
            outcome: outcome.ok_or_else(|| "3 of at least 20 needed".to_owned()),
            level: 0.95,
        })
    }
}
