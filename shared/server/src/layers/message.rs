//! A bound on the size of one request message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use attune_rpc::{Code, Error, Reason};
use http::Request;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// Refuses a message by the length in its prefix, before a byte of it is buffered, with the limit in the
/// answer. (What tonic refuses by itself has a code that other gRPC servers do not use for it, and no
/// details.)
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageLimitLayer {
    limit: u32,
}

impl MessageLimitLayer {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for MessageLimitLayer {
    type Service = MessageLimitService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        MessageLimitService {
            inner,
            limit: self.limit,
        }
    }
}

/// What [`MessageLimitLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct MessageLimitService<S> {
    inner: S,
    limit: u32,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for MessageLimitService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let messages = Messages {
            limit: self.limit,
            prefix: [0; 5],
            read: 0,
            rest: 0,
        };
        self.inner
            .call(request.map(|inner| Body::new(LimitedBody { inner, messages })))
    }
}

struct LimitedBody {
    inner: Body,
    messages: Messages,
}

impl http_body::Body for LimitedBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(status) = self.messages.pass(data)
        {
            return Poll::Ready(Some(Err(status)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Follows the length-prefixed messages of a body: a flag, four bytes of length, the message.
struct Messages {
    limit: u32,
    prefix: [u8; 5],
    /// Bytes of the current prefix read so far.
    read: usize,
    /// Bytes of the current message still to come.
    rest: usize,
}

impl Messages {
    fn pass(&mut self, mut data: &[u8]) -> Result<(), Status> {
        while !data.is_empty() {
            let skipped = self.rest.min(data.len());
            self.rest -= skipped;
            data = &data[skipped..];
            let taken = data.len().min(self.prefix.len() - self.read);
            self.prefix[self.read..self.read + taken].copy_from_slice(&data[..taken]);
            self.read += taken;
            data = &data[taken..];
            if self.read == self.prefix.len() {
                let [_, length @ ..] = self.prefix;
                let length = u32::from_be_bytes(length);
                if length > self.limit {
                    return Err(too_large(length, self.limit));
                }
                self.rest = length as usize;
                self.read = 0;
            }
        }
        Ok(())
    }
}

fn too_large(length: u32, limit: u32) -> Status {
    let message = format!("the message has {length} bytes and the limit is {limit}; send less at once");
    Error::new(Code::ResourceExhausted, Reason::MessageTooLarge, message)
        .with("limit_bytes", limit)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(length.to_be_bytes());
        bytes.extend(std::iter::repeat_n(7, length as usize));
        bytes
    }

    fn messages() -> Messages {
        Messages {
            limit: 100,
            prefix: [0; 5],
            read: 0,
            rest: 0,
        }
    }

    #[test]
    fn messages_are_measured_however_the_bytes_arrive() {
        let body: Vec<u8> = [message(100), message(0), message(3), message(101)].concat();
        let fits = body.len() - message(101).len() + 4;
        for size in [1, 2, 3, 5, 7, 64, body.len()] {
            let mut messages = messages();
            let refused_at = body
                .chunks(size)
                .scan(0, |seen, chunk| {
                    *seen += chunk.len();
                    Some((*seen, messages.pass(chunk).is_err()))
                })
                .find(|(_, refused)| *refused)
                .map(|(seen, _)| seen);
            assert!(
                refused_at.is_some_and(|at| at > fits),
                "chunks of {size}: {refused_at:?}"
            );
        }
    }

    #[test]
    fn the_refusal_says_the_limit() {
        let status = messages().pass(&message(101)).unwrap_err();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        let details = tonic_types::StatusExt::get_error_details(&status);
        assert_eq!(details.error_info().unwrap().metadata["limit_bytes"], "100");
    }
}
