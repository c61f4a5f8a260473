//! The layers of every call, in the one order that works.

mod endless;
mod message;
mod panic;
mod rate;
mod shed;
mod undecodable;
mod unread;

use std::collections::HashSet;
use std::convert::Infallible;

use attune_auth::AuthLayer;
use attune_telemetry::{Methods, MetricsLayer, TraceLayer};
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::{Service, ServiceBuilder};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::Limits;
use crate::deadline::DeadlineLayer;

pub(crate) use panic::panic_text;

/// What the layers need to know.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) methods: Methods,
    /// Paths of methods whose requests are streams.
    pub(crate) request_streams: HashSet<String>,
    pub(crate) cors: CorsLayer,
    pub(crate) auth: AuthLayer,
    pub(crate) shutdown: CancellationToken,
}

impl Stack {
    /// `routes` under every layer, outermost first. `tests/layers.rs` asserts the order by what it does.
    pub(crate) fn around(
        self,
        routes: Routes,
        limits: &Limits,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static {
        let Self {
            methods,
            request_streams,
            cors,
            auth,
            shutdown,
        } = self;
        ServiceBuilder::new()
            // Outside all that may refuse a call without reading what it says.
            .layer(unread::UnreadLayer)
            // A browser asks leave (CORS) before it calls, in plain HTTP that nothing further in understands.
            .layer(cors)
            // Outside all that may refuse, so that a refusal too reaches a browser in its own framing.
            .layer(GrpcWebLayer::new())
            // Outside all that logs, so that every line has the trace's id.
            .layer(TraceLayer::new(methods.clone()))
            // Outside all that may refuse, so that refused calls are counted.
            .layer(MetricsLayer::new(&attune_telemetry::meter(), methods))
            // Inside the metrics, so that a panic is counted as the INTERNAL that the caller sees.
            .layer(panic::CatchPanicLayer)
            // Before anything is spent on a call that cannot be served.
            .layer(shed::LoadShedLayer::new(limits.max_in_flight))
            // Before authentication, which may wait for an issuer's keys.
            .layer(DeadlineLayer::new(
                limits.default_deadline,
                limits.max_deadline,
                request_streams,
            ))
            // Measures the body as it is read; inside the deadline, because a slow body is late as well.
            .layer(message::MessageLimitLayer::new(limits.max_message_bytes))
            .layer(auth)
            // Inside authentication: the tenant is known here.
            .layer(rate::RateLimitLayer::new(limits.tenant_rate, limits.tenant_burst))
            .layer(endless::EndlessLayer::new(shutdown))
            // Right around the handlers, so that all outside see the code that the caller sees.
            .layer(undecodable::UndecodableLayer)
            .service(routes)
    }
}

/// Lets the browsers of `origins` call; nobody's when there are none.
pub(crate) fn cors(origins: &[String]) -> anyhow::Result<CorsLayer> {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let origins: Result<Vec<HeaderValue>, _> = origins.iter().map(|origin| origin.parse()).collect();
        AllowOrigin::list(origins.map_err(|_| {
            crate::ConfigError("ATTUNE_CORS_ORIGINS holds what is no origin; write https://host".to_owned())
        })?)
    };
    let custom = [
        "grpc-timeout",
        "x-grpc-web",
        "x-user-agent",
        "x-attune-tenant",
        "traceparent",
        "tracestate",
    ];
    let custom = custom.into_iter().map(HeaderName::from_static);
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    Ok(CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST])
        .allow_headers(
            custom
                .chain([header::AUTHORIZATION, header::CONTENT_TYPE])
                .collect::<Vec<_>>(),
        )
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_hours(1)))
}
