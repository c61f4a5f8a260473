//! The server span of every call.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Span, field};

use crate::methods::Method;
use crate::observe::{ObservedBody, ObservedFuture};
use crate::{Methods, Observed, Outcome, set_parent_from_headers};

/// Opens a server span around each call, child of the caller's span when the request carries a
/// `traceparent`. The span lasts until the last byte of the answer, and everything the call logs stands
/// within it.
#[derive(Clone, Debug)]
pub struct TraceLayer {
    methods: Methods,
}

impl TraceLayer {
    /// Names spans after `methods`.
    pub fn new(methods: Methods) -> Self {
        Self { methods }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        TraceService {
            inner,
            methods: self.methods.clone(),
        }
    }
}

/// What [`TraceLayer`] makes.
#[derive(Clone, Debug)]
pub struct TraceService<S> {
    inner: S,
    methods: Methods,
}

impl<S, B, R> Service<Request<B>> for TraceService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ObservedBody<R, ServerSpan>>;
    type Error = S::Error;
    type Future = ObservedFuture<S::Future, ServerSpan>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = server_span(self.methods.find(request.uri().path()));
        set_parent_from_headers(&span, request.headers());
        let inner = span.in_scope(|| self.inner.call(request));
        ObservedFuture::new(inner, ServerSpan(span))
    }
}

fn server_span(method: &Method) -> Span {
    macro_rules! span {
        ($level:ident) => {
            tracing::span!(
                tracing::Level::$level,
                "rpc",
                otel.name = &*method.name,
                otel.kind = "server",
                otel.status_code = field::Empty,
                rpc.system.name = "grpc",
                rpc.method = &*method.name,
                rpc.response.status_code = field::Empty,
                error.type = field::Empty,
            )
        };
    }
    if method.quiet { span!(DEBUG) } else { span!(INFO) }
}

/// The span of one call, open until its answer has ended.
#[derive(Debug)]
pub struct ServerSpan(Span);

impl Observed for ServerSpan {
    fn within<R>(&self, poll: impl FnOnce() -> R) -> R {
        self.0.in_scope(poll)
    }

    fn ended(&mut self, outcome: Outcome) {
        self.0.record("rpc.response.status_code", outcome.name());
        if outcome.is_server_error() {
            self.0.record("error.type", outcome.name());
            self.0.record("otel.status_code", "ERROR");
        }
        self.0
            .in_scope(|| tracing::debug!(status = outcome.name(), "call ended"));
    }
}
