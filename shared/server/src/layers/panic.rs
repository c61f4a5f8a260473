//! A fault in one call must not take the others along.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use attune_rpc::Error;
use futures::FutureExt as _;
use futures::future::CatchUnwind;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// Answers INTERNAL where a handler, or the stream it returned, panics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatchPanicLayer;

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanicService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        CatchPanicService { inner }
    }
}

/// What [`CatchPanicLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct CatchPanicService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for CatchPanicService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<CaughtBody>;
    type Error = S::Error;
    type Future = CaughtFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let begun = std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        match begun {
            Ok(inner) => CaughtFuture::Running {
                inner: AssertUnwindSafe(inner).catch_unwind(),
            },
            Err(payload) => CaughtFuture::Failed {
                status: Some(report(&*payload)),
            },
        }
    }
}

/// Logs what the panic said and hides it from the caller.
fn report(payload: &(dyn Any + Send)) -> Status {
    Error::internal(format_args!("handler panicked: {}", panic_text(payload))).into()
}

/// The message of a panic, where it has one.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

pin_project! {
    /// The answer, or what became of it.
    #[project = CaughtFutureProjection]
    pub(crate) enum CaughtFuture<F> {
        Running { #[pin] inner: CatchUnwind<AssertUnwindSafe<F>> },
        Failed { status: Option<Status> },
    }
}

impl<F, E> Future for CaughtFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<CaughtBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.project() {
            CaughtFutureProjection::Running { inner } => match ready!(inner.poll(cx)) {
                Ok(answer) => answer?,
                Err(payload) => report(&*payload).into_http(),
            },
            CaughtFutureProjection::Failed { status } => match status.take() {
                Some(status) => status.into_http(),
                None => return Poll::Pending,
            },
        };
        Poll::Ready(Ok(response.map(|inner| CaughtBody { inner: Some(inner) })))
    }
}

/// An answer's body; a panic in it ends the stream with INTERNAL.
#[derive(Debug, Default)]
pub(crate) struct CaughtBody {
    /// `None` after a panic, when the body must not be touched again.
    inner: Option<Body>,
}

impl http_body::Body for CaughtBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx)));
        polled.unwrap_or_else(|payload| {
            self.inner = None;
            Poll::Ready(Some(Ok(trailers(&report(&*payload)))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map(http_body::Body::size_hint)
            .unwrap_or_default()
    }
}

/// `status` as the end of a stream.
pub(crate) fn trailers<D>(status: &Status) -> Frame<D> {
    let mut headers = HeaderMap::new();
    // A status whose metadata cannot be headers is none of ours; its code still travels.
    if status.add_header(&mut headers).is_err() {
        headers.insert("grpc-status", (status.code() as i32).into());
    }
    Frame::trailers(headers)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    /// A body that panics when it is asked for its second frame.
    struct Faulty(bool);

    impl http_body::Body for Faulty {
        type Data = <Body as http_body::Body>::Data;
        type Error = Status;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
            assert!(!self.0, "second frame");
            self.0 = true;
            Poll::Ready(Some(Ok(Frame::data(b"message".as_slice().into()))))
        }
    }

    #[tokio::test]
    async fn a_panic_in_a_handler_is_internal_and_hides_its_words() {
        let service = CatchPanicLayer.layer(service_fn(|request: Request<()>| async move {
            assert!(request.uri().path() != "/panic", "secret words");
            Ok::<_, Status>(Response::new(Body::empty()))
        }));
        let response = service
            .oneshot(Request::builder().uri("/panic").body(()).unwrap())
            .await
            .unwrap();
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!status.message().contains("secret"), "{status}");
    }

    #[tokio::test]
    async fn a_panic_in_a_stream_ends_it_with_internal() {
        let service = CatchPanicLayer.layer(service_fn(|_request: Request<()>| async {
            Ok::<_, Status>(Response::new(Body::new(Faulty(false))))
        }));
        let body = service
            .oneshot(Request::new(()))
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
        let trailers = body.trailers().cloned().unwrap();
        assert_eq!(trailers["grpc-status"], "13");
        assert_eq!(body.to_bytes(), "message");
    }
}
