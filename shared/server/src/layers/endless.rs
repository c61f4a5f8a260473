//! Streams that would never end by themselves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use attune_rpc::Error;
use http::{Request, Response};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// Ends the streams of gRPC's own services (a health watch, a reflection session) with UNAVAILABLE when the
/// process stops: a graceful stop waits for streams, and these have no end of their own. The platform's
/// services end theirs themselves, because only they know whether one is about to finish.
#[derive(Clone, Debug)]
pub(crate) struct EndlessLayer {
    shutdown: CancellationToken,
}

impl EndlessLayer {
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown }
    }
}

impl<S> Layer<S> for EndlessLayer {
    type Service = EndlessService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        EndlessService {
            inner,
            shutdown: self.shutdown.clone(),
        }
    }
}

/// What [`EndlessLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct EndlessService<S> {
    inner: S,
    shutdown: CancellationToken,
}

impl<S, B> Service<Request<B>> for EndlessService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = EndlessFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let endless = request.uri().path().starts_with("/grpc.");
        let shutdown = endless.then(|| self.shutdown.clone());
        EndlessFuture {
            inner: self.inner.call(request),
            shutdown,
        }
    }
}

pin_project! {
    /// The answer, its body bound to the shutdown where it is endless.
    pub(crate) struct EndlessFuture<F> {
        #[pin]
        inner: F,
        shutdown: Option<CancellationToken>,
    }
}

impl<F, E> Future for EndlessFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(match this.shutdown.take() {
            Some(shutdown) => response.map(|inner| {
                Body::new(EndlessBody {
                    inner,
                    stopped: Box::pin(shutdown.cancelled_owned()),
                    done: false,
                })
            }),
            None => response,
        }))
    }
}

struct EndlessBody {
    inner: Body,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    done: bool,
}

impl http_body::Body for EndlessBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let ready @ Poll::Ready(_) = Pin::new(&mut self.inner).poll_frame(cx) {
            return ready;
        }
        ready!(self.stopped.as_mut().poll(cx));
        self.done = true;
        let status = Error::unavailable("the server stops; ask again", Duration::from_secs(1)).into();
        Poll::Ready(Some(Ok(super::panic::trailers(&status))))
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }
}
