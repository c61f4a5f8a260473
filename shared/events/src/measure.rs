//! The figures of feeds and subscriptions.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use attune_database::Schema;
use chrono::{DateTime, TimeDelta, Utc};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};

/// What a sequencer knows.
#[derive(Debug)]
pub(crate) struct FeedMeasures {
    labels: [KeyValue; 1],
    position: Gauge<i64>,
    outbox_age: Gauge<f64>,
    parked: Gauge<i64>,
}

impl FeedMeasures {
    pub(crate) fn of(schema: Schema) -> Self {
        let meter = attune_telemetry::meter();
        Self {
            labels: [KeyValue::new("attune.source", schema.name())],
            position: meter
                .i64_gauge("attune.feed.position")
                .with_description("The newest position of the feed")
                .build(),
            outbox_age: meter
                .f64_gauge("attune.outbox.age")
                .with_description("Age of the oldest event not yet numbered; 0 when there is none")
                .with_unit("s")
                .build(),
            parked: meter
                .i64_gauge("attune.subscription.parked")
                .with_description("Events that the subscriptions of the service set aside")
                .build(),
        }
    }

    pub(crate) fn position(&self, position: i64) {
        self.position.record(position, &self.labels);
    }

    pub(crate) fn outbox(&self, oldest: Option<DateTime<Utc>>, now: DateTime<Utc>, parked: i64) {
        self.outbox_age.record(age(oldest, now), &self.labels);
        self.parked.record(parked, &self.labels);
    }
}

/// What a subscription knows.
#[derive(Debug)]
pub(crate) struct SubscriptionMeasures {
    labels: [KeyValue; 2],
    lag: Gauge<f64>,
    /// When the source last said how far it has told; at first, when we began to ask. In real time, as
    /// connections are.
    heard: Mutex<Instant>,
    lag_events: Gauge<i64>,
    handled: Counter<u64>,
    parked: Counter<u64>,
}

impl SubscriptionMeasures {
    pub(crate) fn of(name: &'static str, source: &'static str) -> Self {
        let meter = attune_telemetry::meter();
        Self {
            labels: [
                KeyValue::new("attune.subscription", name),
                KeyValue::new("attune.source", source),
            ],
            lag: meter
                .f64_gauge("attune.subscription.lag")
                .with_description(
                    "Age of the oldest event received and not yet handled, or time since the source last said \
                     how far it has told, whichever is longer; about 0 when there is nothing to hear",
                )
                .with_unit("s")
                .build(),
            heard: Mutex::new(Instant::now()),
            lag_events: meter
                .i64_gauge("attune.subscription.lag.events")
                .with_description("Positions between the cursor and the feed's head")
                .build(),
            handled: meter
                .u64_counter("attune.subscription.handled")
                .with_description("Events whose effects were committed")
                .build(),
            parked: meter
                .u64_counter("attune.subscription.parkings")
                .with_description("Events set aside because handling failed, or behind such a one")
                .build(),
        }
    }

    /// The source has just said how far it has told.
    pub(crate) fn lag(&self, oldest: Option<DateTime<Utc>>, now: DateTime<Utc>, events: i64) {
        *self.heard() = Instant::now();
        self.lag.record(age(oldest, now), &self.labels);
        self.lag_events.record(events, &self.labels);
    }

    /// The source says nothing, so that nobody knows what there is to hear.
    pub(crate) fn silent(&self) {
        let silence = self.heard().elapsed();
        self.lag.record(silence.as_secs_f64(), &self.labels);
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn handled(&self, events: usize) {
        self.handled.add(events as u64, &self.labels);
    }

    pub(crate) fn parked(&self, events: usize) {
        self.parked.add(events as u64, &self.labels);
    }
}

fn age(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    oldest.map_or(0.0, |oldest| {
        (now - oldest).max(TimeDelta::zero()).as_seconds_f64()
    })
}
