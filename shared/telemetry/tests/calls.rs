//! What a trace and a metric show of calls that end well, are refused, or never end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::convert::Infallible;

use attune_telemetry::{
    Methods, MetricsLayer, Prometheus, TraceLayer, current_traceparent, inject, set_parent,
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{SpanKind, Status as SpanStatus, TracerProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

const METHOD: &str = "attune.profiles.v1.ProfileService/GetProfile";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Body = UnsyncBoxBody<&'static [u8], Infallible>;

/// Spans finished on this thread, as a collector would get them.
struct Collector {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
    _subscriber: DefaultGuard,
}

impl Collector {
    fn start() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        Self {
            exporter,
            provider,
            _subscriber: subscriber,
        }
    }

    fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        self.exporter.get_finished_spans().unwrap()
    }
}

fn request(path: &str) -> Request<Empty<&'static [u8]>> {
    Request::builder()
        .uri(format!("http://localhost/{path}"))
        .body(Empty::new())
        .unwrap()
}

/// An answer whose status stands in the trailers, as a stream's does.
fn trailers(code: Code) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", (code as i32).into());
    let frames = [
        Ok(http_body::Frame::data(&b"message"[..])),
        Ok(http_body::Frame::trailers(trailers)),
    ];
    Response::new(StreamBody::new(futures::stream::iter(frames)).boxed_unsync())
}

/// An answer that refuses before any message, its status in the headers.
fn refusal(status: &Status) -> Response<Body> {
    let (parts, ()) = status.clone().into_http::<()>().into_parts();
    Response::from_parts(
        parts,
        Empty::new()
            .map_err(|never: Infallible| match never {})
            .boxed_unsync(),
    )
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes
        .iter()
        .find(|kv| kv.key.as_str() == key)
        .map(|kv| kv.value.to_string())
}

#[tokio::test]
async fn the_server_span_is_the_child_of_the_callers_span_and_the_next_call_is_its_child() {
    let collector = Collector::start();
    let outgoing = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = outgoing.clone();
    let service = TraceLayer::new(Methods::new([METHOD])).layer(service_fn(move |_request| {
        let mut metadata = tonic::metadata::MetadataMap::new();
        inject(&mut metadata);
        *seen.lock().unwrap() = metadata
            .get("traceparent")
            .map(|value| value.to_str().unwrap().to_owned());
        std::future::ready(Ok::<_, Infallible>(trailers(Code::Ok)))
    }));
    let mut incoming = request(METHOD);
    incoming
        .headers_mut()
        .insert("traceparent", PARENT.parse().unwrap());
    service
        .oneshot(incoming)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();

    let spans = collector.spans();
    let [span] = spans.as_slice() else {
        panic!("one span, not {}", spans.len())
    };
    assert_eq!(span.name, METHOD);
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(
        span.span_context.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!(attribute(span, "rpc.system.name").as_deref(), Some("grpc"));
    assert_eq!(attribute(span, "rpc.method").as_deref(), Some(METHOD));
    assert_eq!(attribute(span, "rpc.response.status_code").as_deref(), Some("OK"));
    assert_eq!(attribute(span, "error.type"), None);
    let expected = format!(
        "00-0af7651916cd43dd8448eb211c80319c-{}-01",
        span.span_context.span_id()
    );
    assert_eq!(outgoing.lock().unwrap().as_deref(), Some(expected.as_str()));
}

#[tokio::test]
async fn a_stream_that_fails_after_its_first_message_is_an_error_in_the_trace() {
    let collector = Collector::start();
    let service = TraceLayer::new(Methods::new([METHOD])).layer(service_fn(|_request| {
        std::future::ready(Ok::<_, Infallible>(trailers(Code::Internal)))
    }));
    service
        .oneshot(request(METHOD))
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    let spans = collector.spans();
    assert_eq!(
        attribute(&spans[0], "rpc.response.status_code").as_deref(),
        Some("INTERNAL")
    );
    assert_eq!(attribute(&spans[0], "error.type").as_deref(), Some("INTERNAL"));
    assert!(
        matches!(spans[0].status, SpanStatus::Error { .. }),
        "{:?}",
        spans[0].status
    );
}

#[tokio::test]
async fn work_resumed_later_belongs_to_the_trace_that_caused_it() {
    let collector = Collector::start();
    let kept = tracing::info_span!("command")
        .in_scope(current_traceparent)
        .unwrap();
    let later = tracing::info_span!("consume");
    set_parent(&later, &kept);
    drop(later.entered());
    let spans = collector.spans();
    assert_eq!(spans[1].name, "consume");
    assert_eq!(spans[1].span_context.trace_id(), spans[0].span_context.trace_id());
    assert_eq!(spans[1].parent_span_id, spans[0].span_context.span_id());
}

#[test]
fn outside_a_span_there_is_nothing_to_pass_on() {
    let mut metadata = tonic::metadata::MetadataMap::new();
    inject(&mut metadata);
    assert!(metadata.is_empty());
    assert_eq!(current_traceparent(), None);
}

/// Calls each path once on a service that refuses everything, and gives the metrics.
async fn metrics_of(answer: impl Fn() -> Response<Body> + Clone, paths: &[&str]) -> String {
    let prometheus = Prometheus::new(Resource::builder_empty().build()).unwrap();
    let layer = MetricsLayer::new(&prometheus.provider().meter("test"), Methods::new([METHOD]));
    let mut service = layer.layer(service_fn(move |_request| {
        std::future::ready(Ok::<_, Infallible>(answer()))
    }));
    for path in paths {
        let response = service.ready().await.unwrap().call(request(path)).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    prometheus.render().unwrap()
}

/// The value of the one series of `metric` that carries all `labels`.
fn series(text: &str, metric: &str, labels: &[String]) -> Option<String> {
    let mut found = text
        .lines()
        .filter(|line| line.starts_with(&format!("{metric}{{")) && labels.iter().all(|l| line.contains(l)));
    let value = found
        .next()
        .and_then(|line| line.rsplit(' ').next())
        .map(str::to_owned);
    assert_eq!(
        found.next(),
        None,
        "more than one series of {metric} has {labels:?}"
    );
    value
}

#[tokio::test]
async fn refused_calls_are_counted_with_their_status() {
    let text = metrics_of(
        || refusal(&Status::unauthenticated("no token")),
        &[METHOD, METHOD],
    )
    .await;
    let labels = [
        format!("rpc_method=\"{METHOD}\""),
        "rpc_response_status_code=\"UNAUTHENTICATED\"".into(),
    ];
    let counted = series(&text, "rpc_server_call_duration_seconds_count", &labels);
    assert_eq!(counted.as_deref(), Some("2"), "{text}");
    assert!(
        !text.contains("error_type"),
        "a refusal is not the server's error:\n{text}"
    );
}

#[tokio::test]
async fn unknown_methods_share_one_series() {
    let text = metrics_of(
        || trailers(Code::Unimplemented),
        &["a/B", "wp-login.php", "x.y.Z/Q"],
    )
    .await;
    let labels = ["rpc_method=\"_OTHER\"".to_owned()];
    let counted = series(&text, "rpc_server_call_duration_seconds_count", &labels);
    assert_eq!(counted.as_deref(), Some("3"), "{text}");
    assert!(!text.contains("wp-login"), "{text}");
}

#[tokio::test]
async fn a_caller_that_goes_away_is_counted_as_cancelled_and_no_longer_in_flight() {
    let prometheus = Prometheus::new(Resource::builder_empty().build()).unwrap();
    let layer = MetricsLayer::new(&prometheus.provider().meter("test"), Methods::new([METHOD]));
    let mut service = layer.layer(service_fn(|_request| {
        std::future::pending::<Result<Response<Body>, Infallible>>()
    }));
    let call = service.call(request(METHOD));
    assert_eq!(
        series(&prometheus.render().unwrap(), "attune_rpc_in_flight", &[]).as_deref(),
        Some("1")
    );
    drop(call);
    let text = prometheus.render().unwrap();
    assert_eq!(series(&text, "attune_rpc_in_flight", &[]).as_deref(), Some("0"));
    let labels = ["rpc_response_status_code=\"CANCELLED\"".to_owned()];
    assert_eq!(
        series(&text, "rpc_server_call_duration_seconds_count", &labels).as_deref(),
        Some("1")
    );
}
