//! What a refused caller still sends.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Version};
use http_body::{Body as _, Frame, SizeHint};
use tokio::runtime::Handle;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// What is read of a message nobody wants, ...
const MOST_BYTES: usize = 64 << 10;
/// ... and how long it is waited for.
const LONGEST: Duration = Duration::from_secs(1);

/// Reads and throws away what nobody has read of a request when it is answered: a refusal is decided by the headers,
/// and the message comes after them. h2 keeps account of small frames of data that were not read, those of streams that
/// are gone included, and closes a connection that has some thousands of them (ENHANCE_YOUR_CALM) with every call on
/// it: whoever was refused often would end in not being refused in order. Bounded, because a stream of requests may
/// have no end; what is longer is reset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnreadLayer;

impl<S> Layer<S> for UnreadLayer {
    type Service = UnreadService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        UnreadService { inner }
    }
}

/// What [`UnreadLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct UnreadService<S> {
    inner: S,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for UnreadService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.version() != Version::HTTP_2 {
            return self.inner.call(request);
        }
        self.inner.call(request.map(|inner| Body::new(Unread { inner })))
    }
}

/// A request's body, read to its end even by somebody who drops it.
struct Unread {
    inner: Body,
}

impl http_body::Body for Unread {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if self.inner.is_end_stream() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let rest = read_out(mem::take(&mut self.inner));
            runtime.spawn(tokio::time::timeout(LONGEST, rest));
        }
    }
}

async fn read_out(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        read += frame.data_ref().map_or(0, |data| data.len());
        if read > MOST_BYTES {
            return;
        }
    }
}
