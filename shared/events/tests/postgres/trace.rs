//! One trace from the writer to the effect.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;
use uuid::Uuid;

use crate::fixture::{Fixture, eventually};
use crate::recorder::{Mischief, Recorder, position};

fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap()
}

#[tokio::test]
async fn the_writers_trace_goes_on_where_its_event_is_handled() {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // For the whole process: what a thread sets for itself, others that ask for the same spans can switch off.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let fixture = Fixture::new().await;
    let (server, _sequencer) = (fixture.serve(), fixture.sequence());
    let consumer = Recorder::new(&fixture.admin);
    let subject = Uuid::now_v7();
    // Handled together the batch is linked to its writers; alone, an event is a child of its own.
    consumer.plan(subject, 1, Mischief::Fail, 1);
    let subscription = fixture.subscribe(&consumer, &server);
    let written = async {
        fixture.tell("acme", subject, 1).await;
        attune_telemetry::current_traceparent().unwrap()
    }
    .instrument(tracing::info_span!("write"))
    .await;
    eventually("it is handled", async || {
        position(&fixture.feedback).await == Some(1)
    })
    .await;
    let traces = consumer.traces.lock().unwrap().clone();
    let handled = traces.last().unwrap().as_deref().unwrap();
    assert_eq!(trace_id(handled), trace_id(&written));
    assert_ne!(handled, written);
    subscription.stop().await;
}
