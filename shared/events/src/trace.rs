//! The trace of an event goes on in the process that handles it.

use opentelemetry::trace::TraceContextExt as _;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::Event;

/// More links than this tell a reader of the trace nothing new.
const MOST_LINKS: usize = 32;

/// A span for handling one event, child of the call that caused it.
pub(crate) fn event_span(consumer: &str, event: &Event) -> Span {
    let span = tracing::info_span!(
        "event",
        otel.kind = "consumer",
        messaging.operation.name = "process",
        messaging.consumer.group.name = consumer,
        messaging.message.id = %event.id,
        event.r#type = event.type_name,
        event.position = event.position,
        tenant.id = event.tenant.as_str(),
    );
    if let Some(parent) = &event.trace_context {
        attune_telemetry::set_parent(&span, parent);
    }
    span
}

/// A span for handling some events of a tenant, linked to the calls that caused them.
pub(crate) fn batch_span(consumer: &str, events: &[Event]) -> Span {
    let span = tracing::info_span!(
        "events",
        otel.kind = "consumer",
        messaging.operation.name = "process",
        messaging.consumer.group.name = consumer,
        messaging.batch.message_count = events.len(),
        tenant.id = events.first().map(|event| event.tenant.as_str()),
    );
    let mut contexts: Vec<_> = events
        .iter()
        .filter_map(|event| event.trace_context.as_deref())
        .collect();
    contexts.dedup();
    for context in contexts.into_iter().take(MOST_LINKS) {
        link(&span, context);
    }
    span
}

fn link(span: &Span, traceparent: &str) {
    use opentelemetry::propagation::TextMapPropagator as _;
    let fields = std::collections::HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context = opentelemetry_sdk::propagation::TraceContextPropagator::new()
        .extract_with_context(&opentelemetry::Context::new(), &fields);
    span.add_link(context.span().span_context().clone());
}
