//! The metrics of every call, and how Prometheus reads them.

use std::task::{Context, Poll};
use std::time::Instant;

use anyhow::Context as _;
use http::{Request, Response};
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};
use opentelemetry::{KeyValue, StringValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use tower::{Layer, Service};

use crate::observe::{ObservedBody, ObservedFuture};
use crate::{Methods, Observed, Outcome};

/// Boundaries of call durations in seconds: a point read takes about a millisecond, a deadline ends at 60 s.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// The process's meter. Take instruments after [`crate::init`]: earlier ones record nothing.
pub fn meter() -> Meter {
    opentelemetry::global::meter("attune")
}

/// A meter provider whose figures Prometheus can read; cheap to clone.
#[derive(Clone, Debug)]
pub struct Prometheus {
    provider: SdkMeterProvider,
    registry: Registry,
}

impl Prometheus {
    /// A provider and its registry, for the process that `resource` describes.
    pub fn new(resource: Resource) -> anyhow::Result<Self> {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .context("prometheus exporter")?;
        let provider = SdkMeterProvider::builder()
            .with_reader(reader)
            .with_resource(resource)
            .build();
        Ok(Self { provider, registry })
    }

    /// The provider, to take meters from.
    pub fn provider(&self) -> &SdkMeterProvider {
        &self.provider
    }

    /// Everything measured so far in Prometheus' text format.
    pub fn render(&self) -> anyhow::Result<String> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .context("encode metrics")
    }
}

/// Counts and times each call. It stands outside everything that may refuse one, so that refused calls are
/// counted too.
#[derive(Clone, Debug)]
pub struct MetricsLayer {
    methods: Methods,
    instruments: Instruments,
}

#[derive(Clone, Debug)]
struct Instruments {
    duration: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
}

impl MetricsLayer {
    /// Records on `meter`, labelled with names from `methods`.
    pub fn new(meter: &Meter, methods: Methods) -> Self {
        let instruments = Instruments {
            duration: meter
                .f64_histogram("rpc.server.call.duration")
                .with_description("Time from the request's headers to the end of the answer")
                .with_unit("s")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            in_flight: meter
                .i64_up_down_counter("attune.rpc.in_flight")
                .with_description("Calls that have begun and not ended")
                .build(),
        };
        Self { methods, instruments }
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = MetricsService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        MetricsService {
            inner,
            methods: self.methods.clone(),
            instruments: self.instruments.clone(),
        }
    }
}

/// What [`MetricsLayer`] makes.
#[derive(Clone, Debug)]
pub struct MetricsService<S> {
    inner: S,
    methods: Methods,
    instruments: Instruments,
}

impl<S, B, R> Service<Request<B>> for MetricsService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ObservedBody<R, Measurement>>;
    type Error = S::Error;
    type Future = ObservedFuture<S::Future, Measurement>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let method = StringValue::from(self.methods.find(request.uri().path()).name.clone());
        self.instruments.in_flight.add(1, &[]);
        let measurement = Measurement {
            method,
            began: Instant::now(),
            instruments: self.instruments.clone(),
        };
        ObservedFuture::new(self.inner.call(request), measurement)
    }
}

/// One call being timed.
#[derive(Debug)]
pub struct Measurement {
    method: StringValue,
    began: Instant,
    instruments: Instruments,
}

impl Observed for Measurement {
    fn ended(&mut self, outcome: Outcome) {
        let labels = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method.clone()),
            KeyValue::new("rpc.response.status_code", outcome.name()),
            KeyValue::new("error.type", outcome.name()),
        ];
        // The last label stands only where the server failed.
        let labels = if outcome.is_server_error() {
            &labels[..]
        } else {
            &labels[..3]
        };
        self.instruments
            .duration
            .record(self.began.elapsed().as_secs_f64(), labels);
        self.instruments.in_flight.add(-1, &[]);
    }
}
