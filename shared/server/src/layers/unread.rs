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
/// are gone included, and closes a connection that has some thousands of them (`ENHANCE_YOUR_CALM`) with every call on
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
        let Some(data) = frame.data_ref() else { continue };
        read += data.len();
        if read > MOST_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::StreamExt as _;
    use http::Response;
    use http_body_util::StreamBody;
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;
    use tower::service_fn;

    use super::*;

    /// Refuses a call whose message is yet to come; answers where it can be sent to.
    async fn refused(version: Version) -> mpsc::Sender<Vec<u8>> {
        let (sender, receiver) = mpsc::channel::<Vec<u8>>(1);
        let frames = ReceiverStream::new(receiver).map(|bytes| Ok::<_, Status>(Frame::data(bytes.into())));
        let mut request = Request::new(Body::new(StreamBody::new(frames)));
        *request.version_mut() = version;
        let refuse = |_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) };
        UnreadLayer.layer(service_fn(refuse)).call(request).await.unwrap();
        sender
    }

    #[tokio::test]
    async fn what_a_refused_caller_sends_is_read_to_its_end() {
        let sender = refused(Version::HTTP_2).await;
        for _ in 0..10 {
            sender.send(vec![0; 5]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_refused_caller_is_not_listened_to_for_ever() {
        let sender = refused(Version::HTTP_2).await;
        let mut sent = 0;
        while sender.send(vec![0; 8 << 10]).await.is_ok() {
            sent += 8 << 10;
        }
        assert!((MOST_BYTES..2 * MOST_BYTES).contains(&sent), "{sent}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_caller_who_says_nothing_is_not_waited_for_for_ever() {
        let sender = refused(Version::HTTP_2).await;
        sender.closed().await;
    }

    #[tokio::test]
    async fn http_1_ends_its_requests_by_itself() {
        let sender = refused(Version::HTTP_11).await;
        assert!(sender.is_closed());
    }
}
