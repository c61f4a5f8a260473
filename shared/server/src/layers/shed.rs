//! A bound on what is in progress in the whole process.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use attune_rpc::{Error, Reason};
use futures::future::Either;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// When a refused caller may come again: a second is many times the length of a call.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Refuses a call at once when `limit` are in progress, whichever connections they came over: a queue would
/// only make all of them late. A call counts until its answer begins, so an open stream does not. Health is
/// never refused, because a busy process is not a dead one.
#[derive(Clone, Debug)]
pub(crate) struct LoadShedLayer {
    slots: Arc<Semaphore>,
    limit: u32,
}

impl LoadShedLayer {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(limit as usize)),
            limit,
        }
    }

    fn refusal(&self) -> Status {
        let message = format!(
            "the process has {} calls in progress and takes no more; come again",
            self.limit
        );
        Error::resource_exhausted(Reason::Overloaded, message, RETRY_AFTER)
            .with("max_in_flight", self.limit)
            .into()
    }
}

impl<S> Layer<S> for LoadShedLayer {
    type Service = LoadShedService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        LoadShedService {
            inner,
            layer: self.clone(),
        }
    }
}

/// What [`LoadShedLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct LoadShedService<S> {
    inner: S,
    layer: LoadShedLayer,
}

impl<S, B> Service<Request<B>> for LoadShedService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, Holding<S::Future>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path().starts_with("/grpc.health.") {
            return Either::Right(Holding {
                inner: self.inner.call(request),
                slot: None,
            });
        }
        match Arc::clone(&self.layer.slots).try_acquire_owned() {
            Ok(slot) => Either::Right(Holding {
                inner: self.inner.call(request),
                slot: Some(slot),
            }),
            Err(_) => Either::Left(ready(Ok(self.layer.refusal().into_http()))),
        }
    }
}

pin_project! {
    /// A call that holds its slot until it is answered or dropped.
    pub(crate) struct Holding<F> {
        #[pin]
        inner: F,
        slot: Option<OwnedSemaphorePermit>,
    }
}

impl<F: Future> Future for Holding<F> {
    type Output = F::Output;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = this.inner.poll(cx);
        if answer.is_ready() {
            *this.slot = None;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;
    use tower::service_fn;

    use super::*;

    fn request(path: &str) -> Request<()> {
        Request::builder().uri(path).body(()).unwrap()
    }

    #[tokio::test]
    async fn one_call_too_many_is_refused_until_another_ends_and_health_never() {
        let release = Arc::new(Notify::new());
        let handler = release.clone();
        let mut service = LoadShedLayer::new(1).layer(service_fn(move |request: Request<()>| {
            let release = handler.clone();
            async move {
                if request.uri().path() == "/slow" {
                    release.notified().await;
                }
                Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
            }
        }));
        let slow = service.call(request("/slow"));
        let refused = service.clone().call(request("/other")).await.unwrap();
        let status = Status::from_header_map(refused.headers()).unwrap();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        let details = tonic_types::StatusExt::get_error_details(&status);
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(RETRY_AFTER));
        assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");

        let health = service
            .call(request("/grpc.health.v1.Health/Check"))
            .await
            .unwrap();
        assert!(Status::from_header_map(health.headers()).is_none());

        release.notify_one();
        slow.await.unwrap();
        let answered = service.call(request("/other")).await.unwrap();
        assert!(Status::from_header_map(answered.headers()).is_none());
    }
}
