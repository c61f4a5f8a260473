//! Telemetry of the process, from its first line to its last span.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::admin::Admin;
use crate::{LogFormat, Prometheus, Readiness, logs};

/// Chatter of the transport and of the database. Were the transport traced, the exporter would trace its own
/// sending. A filter that names one of these overrides it.
const QUIET: &str = "opentelemetry=warn,h2=warn,hyper=warn,hyper_util=warn,tonic=warn,tower=warn,\
                     sqlx::postgres::notice=warn";

/// How long the last spans may take to leave.
const FLUSH: Duration = Duration::from_secs(5);

/// What a process tells about itself, and where to.
#[derive(Clone, Debug, Default)]
pub struct TelemetryConfig {
    /// The `service.name` of every span and metric, for example `attune-profiles`.
    pub service: String,
    /// Which events are logged, in the syntax of `RUST_LOG`; empty means `info`.
    pub log_filter: String,
    /// The form of the log.
    pub log_format: LogFormat,
    /// Where spans go over OTLP/gRPC, for example `http://collector:4317`; `None` sends none, though trace
    /// ids are still made, propagated and logged.
    pub otlp_endpoint: Option<String>,
    /// Where `/metrics`, `/healthz` and `/readyz` are served; `None` serves them nowhere.
    pub admin_listen: Option<SocketAddr>,
}

/// Holds the process's telemetry; give it back with [`Guard::shutdown`].
#[derive(Debug)]
#[must_use = "spans still buffered are lost unless the guard is shut down"]
pub struct Guard {
    tracer: SdkTracerProvider,
    prometheus: Prometheus,
    readiness: Readiness,
    admin: Option<Admin>,
}

/// Starts logging, tracing and metrics; called once in a process, inside its runtime.
///
/// Fails when the filter cannot be read, the collector's address is no URL, the admin address is taken, or
/// another subscriber is already installed.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<Guard> {
    let (spans, events) = (filter(&config.log_filter)?, filter(&config.log_filter)?);
    let resource = Resource::builder()
        .with_service_name(config.service.clone())
        .build();
    let tracer = tracer_provider(config.otlp_endpoint.as_deref(), resource.clone())?;
    let prometheus = Prometheus::new(resource)?;
    let readiness = Readiness::default();
    let admin = config
        .admin_listen
        .map(|address| Admin::start(address, prometheus.clone(), readiness.clone()))
        .transpose()?;

    tracing_subscriber::registry()
        .with(
            tracing_opentelemetry::layer()
                .with_tracer(tracer.tracer("attune"))
                .with_location(false)
                .with_threads(false)
                // Every poll of a call enters its span: what nobody reads must not be kept at each of them. Who
                // propagates a trace asks the span itself for it.
                .with_tracked_inactivity(false)
                .with_context_activation(false)
                .with_filter(spans),
        )
        .with(logs::layer(config.log_format, events))
        .try_init()
        .context("a log subscriber is already installed")?;
    opentelemetry::global::set_tracer_provider(tracer.clone());
    opentelemetry::global::set_meter_provider(prometheus.provider().clone());
    Ok(Guard {
        tracer,
        prometheus,
        readiness,
        admin,
    })
}

/// What lets events and spans through.
pub(crate) type LogFilter<S> = Box<dyn Filter<S> + Send + Sync>;

/// A filter that asks for targets and levels alone is a table of them. One that asks for spans or their fields has to
/// look at every span that is entered, which every poll of every call does: it is made where somebody asks for that.
fn filter<S>(directives: &str) -> anyhow::Result<LogFilter<S>> {
    let directives = if directives.is_empty() { "info" } else { directives };
    let all = format!("{QUIET},{directives}");
    let unreadable = || {
        format!("log filter {directives:?} cannot be read; write it like info or info,attune_events=debug")
    };
    Ok(if directives.contains('[') {
        Box::new(all.parse::<EnvFilter>().with_context(unreadable)?)
    } else {
        Box::new(all.parse::<Targets>().with_context(unreadable)?)
    })
}

fn tracer_provider(endpoint: Option<&str>, resource: Resource) -> anyhow::Result<SdkTracerProvider> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = endpoint else {
        return Ok(builder.build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("spans cannot be sent to {endpoint:?}; give a URL like http://host:4317"))?;
    Ok(builder.with_batch_exporter(exporter).build())
}

impl Guard {
    /// The address of the admin listener, with its true port.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// What `/readyz` answers.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// The metrics, as `/metrics` shows them.
    pub fn prometheus(&self) -> &Prometheus {
        &self.prometheus
    }

    /// Sends what is still buffered, at most for five seconds, and stops the admin listener.
    pub async fn shutdown(self) {
        let Self {
            tracer,
            prometheus,
            readiness,
            admin,
        } = self;
        readiness.set(false);
        // On a worker thread the exporter's own task could not run and the call would wait for its timeout.
        let flushed = tokio::task::spawn_blocking(move || {
            let spans = tracer.shutdown_with_timeout(FLUSH);
            spans.and(prometheus.provider().shutdown())
        })
        .await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "the last spans were not sent");
        }
        if let Some(admin) = admin {
            admin.stop();
        }
    }
}
