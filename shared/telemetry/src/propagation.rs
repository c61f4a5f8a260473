//! W3C trace context across calls and across the event log.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::{Ascii, MetadataKey, MetadataMap};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Writes the current span's `traceparent` (and `tracestate`) into the metadata of an outgoing call. Does
/// nothing outside a span.
pub fn inject(metadata: &mut MetadataMap) {
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut IntoMetadata(metadata));
}

/// The current span as a W3C `traceparent`, to be kept with work that goes on later; `None` outside a span.
pub fn current_traceparent() -> Option<String> {
    let mut fields = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut fields);
    fields.remove("traceparent")
}

/// Makes `span` a child of the span that `traceparent` names. Must be called before `span` is first
/// entered; afterwards, or when the text is no valid `traceparent`, the span stays as it is.
pub fn set_parent(span: &Span, traceparent: &str) {
    let fields = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    adopt(span, &fields);
}

/// The same from the headers of an incoming request.
pub fn set_parent_from_headers(span: &Span, headers: &http::HeaderMap) {
    if headers.contains_key("traceparent") {
        adopt(span, &FromHeaders(headers));
    }
}

fn adopt(span: &Span, fields: &dyn Extractor) {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), fields);
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "span keeps its own parent");
    }
}

struct IntoMetadata<'a>(&'a mut MetadataMap);

impl Injector for IntoMetadata<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (MetadataKey::<Ascii>::from_bytes(key.as_bytes()), value.parse()) {
            self.0.insert(key, value);
        }
    }
}

struct FromHeaders<'a>(&'a http::HeaderMap);

impl Extractor for FromHeaders<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
