//! Messages that are not what the method takes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use attune_rpc::{Error, Violations};
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

/// How prost begins the text of an error in decoding, and tonic with it the text of its INTERNAL.
const DECODING: &str = "failed to decode Protobuf message: ";

/// Answers `INVALID_ARGUMENT` with the field where a message cannot be decoded. (tonic calls it INTERNAL, as gRPC's
/// own table has it for a client; here it is the caller's fault and no alarm of ours.)
#[derive(Clone, Copy, Debug)]
pub(crate) struct UndecodableLayer;

impl<S> Layer<S> for UndecodableLayer {
    type Service = UndecodableService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        UndecodableService { inner }
    }
}

/// What [`UndecodableLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct UndecodableService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for UndecodableService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = UndecodableFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        UndecodableFuture {
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The answer; where its head or its trailers say that a message could not be decoded, they say it better.
    pub(crate) struct UndecodableFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, E> Future for UndecodableFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx))?;
        Poll::Ready(Ok(match refused(response.headers()) {
            Some(status) => status.into_http(),
            None => response.map(|inner| Body::new(UndecodableBody { inner })),
        }))
    }
}

struct UndecodableBody {
    inner: Body,
}

impl http_body::Body for UndecodableBody {
    type Data = <Body as http_body::Body>::Data;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let status = frame
            .as_ref()
            .and_then(|frame| refused(frame.as_ref().ok()?.trailers_ref()?));
        Poll::Ready(match status {
            Some(status) => Some(Ok(super::panic::trailers(&status))),
            None => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The better status, where `headers` tell of a message that could not be decoded. What is INTERNAL by our own
/// doing has details.
fn refused(headers: &HeaderMap) -> Option<Status> {
    let status = Status::from_header_map(headers)?;
    let undecodable = status.code() == Code::Internal && status.details().is_empty();
    let text = status.message().strip_prefix(DECODING).filter(|_| undecodable)?;
    // "Identity.value: Profile.identities: what is wrong": the field, then those around it, then what is wrong.
    let parts: Vec<_> = text.split(": ").collect();
    let on_the_way = parts
        .iter()
        .take_while(|part| part.contains('.') && !part.contains(' '));
    let mut fields: Vec<_> = on_the_way
        .filter_map(|part| Some(part.split_once('.')?.1))
        .collect();
    fields.reverse();
    let mut violations = Violations::default();
    let wrong = parts.get(fields.len()..).unwrap_or_default().join(": ");
    violations.add(
        fields.join("."),
        format!("cannot be read as the message that the method takes: {wrong}"),
    );
    Some(Error::invalid(violations).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_api::profiles::v1::UpdateProfileRequest;
    use prost::Message as _;
    use tonic_types::StatusExt as _;

    fn answered(bytes: &[u8]) -> Option<Status> {
        let error = UpdateProfileRequest::decode(bytes).unwrap_err();
        let response: Response<Body> = Status::internal(error.to_string()).into_http();
        refused(response.headers())
    }

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        // profile { identities { value: a byte that is no UTF-8 } }
        let status = answered(&[0x0a, 0x05, 0x2a, 0x03, 0x1a, 0x01, 0xff]).unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "INVALID_FIELDS");
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "profile.identities.value"
        );
    }

    #[test]
    fn what_is_no_message_at_all_is_said_to_be_none() {
        let status = answered(&[0xff; 64]).unwrap();
        assert!(
            status.message().contains("cannot be read"),
            "{}",
            status.message()
        );
    }

    #[test]
    fn a_fault_of_the_platform_stays_one() {
        let fault: Status = Error::internal(format_args!("{DECODING}a stored event")).into();
        assert!(refused(fault.into_http::<Body>().headers()).is_none());
        assert!(refused(Status::internal("gone").into_http::<Body>().headers()).is_none());
    }
}
