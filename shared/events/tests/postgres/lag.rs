//! How far behind a subscription is, as whoever watches it sees it.

use std::sync::Arc;

use attune_telemetry::Prometheus;
use opentelemetry_sdk::Resource;
use uuid::Uuid;

use crate::fixture::{Fixture, eventually};
use crate::recorder::{Recorder, versions};

/// A name of this test's own: its figures are told from those of the tests beside it by that alone.
const NAME: &str = "feedback.lagging";

/// The lag in seconds, once it has been measured.
fn lag(prometheus: &Prometheus) -> Option<f64> {
    let text = prometheus.render().unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("attune_subscription_lag_seconds{") && line.contains(NAME))?;
    Some(line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn the_lag_rises_while_the_source_cannot_be_reached_and_is_gone_when_it_is_back() {
    let prometheus = Prometheus::new(Resource::builder_empty().build()).unwrap();
    opentelemetry::global::set_meter_provider(prometheus.provider().clone());
    let fixture = Fixture::new().await;
    let (server, sequencer) = (fixture.serve(), fixture.sequence());
    let address = server.address;
    let mut consumer = Recorder::new(&fixture.admin);
    Arc::get_mut(&mut consumer).unwrap().name = NAME;
    let subscription = fixture.subscribe(&consumer, &server);
    let subject = Uuid::now_v7();
    fixture.tell("acme", subject, 1).await;
    eventually("the event is handled", async || {
        versions(&fixture.admin, subject).await == [1] && lag(&prometheus) == Some(0.0)
    })
    .await;

    server.drain().await;
    let mut seen = 0.0;
    for _ in 0..3 {
        eventually("the lag rises", async || {
            lag(&prometheus).is_some_and(|lag| lag > seen)
        })
        .await;
        seen = lag(&prometheus).unwrap();
    }

    let server = fixture.serve_at(address);
    eventually("the lag is gone", async || lag(&prometheus) == Some(0.0)).await;
    subscription.stop().await;
    sequencer.stop().await;
    server.drain().await;
}
