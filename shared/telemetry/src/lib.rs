//! Logs, traces and metrics of one process.
//!
//! [`init`] is called once, early, and gives a [`Guard`] whose [`Guard::shutdown`] sends what is still
//! buffered. A server stacks [`TraceLayer`] outside [`MetricsLayer`]; a client calls [`inject`]; work that
//! outlives its request keeps [`current_traceparent`] and comes back to it with [`set_parent`].
//!
//! Names follow the OpenTelemetry semantic conventions for RPC: `rpc.system.name`, `rpc.method`,
//! `rpc.response.status_code`, `error.type`, and the histogram `rpc.server.call.duration` in seconds.
//! A name that came from outside is never a label: see [`Methods`].

mod admin;
mod init;
mod logs;
mod methods;
mod metrics;
mod observe;
mod outcome;
mod propagation;
mod trace;

pub use admin::Readiness;
pub use init::{Guard, TelemetryConfig, init};
pub use logs::LogFormat;
pub use methods::Methods;
pub use metrics::{MetricsLayer, MetricsService, Prometheus, meter};
pub use observe::{Observed, ObservedBody, ObservedFuture};
pub use outcome::Outcome;
pub use propagation::{current_traceparent, inject, set_parent, set_parent_from_headers};
pub use trace::{TraceLayer, TraceService};
