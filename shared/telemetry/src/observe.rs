//! A call seen from its start to the end of its body, where a stream's status stands.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::Outcome;

/// Something that watches one call. Dropped without [`Observed::ended`], the caller has gone away.
pub trait Observed: Sized {
    /// Runs `poll`, a step of the call, within whatever this observer keeps current.
    fn within<R>(&self, poll: impl FnOnce() -> R) -> R {
        poll()
    }
    /// The call has ended; called at most once.
    fn ended(&mut self, outcome: Outcome);
}

/// Ends the observation exactly once, also when the call is dropped half-way.
#[derive(Debug)]
struct Ending<O: Observed> {
    observer: O,
    done: bool,
}

impl<O: Observed> Ending<O> {
    fn end(&mut self, outcome: Outcome) {
        if !self.done {
            self.done = true;
            self.observer.ended(outcome);
        }
    }
}

impl<O: Observed> Drop for Ending<O> {
    fn drop(&mut self) {
        self.end(Outcome::ABANDONED);
    }
}

pin_project! {
    /// The answer on its way.
    #[derive(Debug)]
    pub struct ObservedFuture<F, O: Observed> {
        #[pin]
        inner: F,
        ending: Option<Ending<O>>,
    }
}

impl<F, O: Observed> ObservedFuture<F, O> {
    pub(crate) fn new(inner: F, observer: O) -> Self {
        Self {
            inner,
            ending: Some(Ending {
                observer,
                done: false,
            }),
        }
    }
}

impl<F, O, B, E> Future for ObservedFuture<F, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    O: Observed,
{
    type Output = Result<Response<ObservedBody<B, O>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = this.inner;
        let polled = match this.ending {
            Some(ending) => ending.observer.within(|| inner.poll(cx)),
            None => inner.poll(cx),
        };
        let mut ending = this.ending.take();
        match polled {
            Poll::Pending => {
                *this.ending = ending;
                Poll::Pending
            }
            Poll::Ready(Ok(response)) => {
                if let (Some(ending), Some(outcome)) = (
                    &mut ending,
                    Outcome::of_headers(response.status(), response.headers()),
                ) {
                    ending.end(outcome);
                }
                Poll::Ready(Ok(response.map(|inner| ObservedBody { inner, ending })))
            }
            Poll::Ready(Err(error)) => {
                if let Some(ending) = &mut ending {
                    ending.end(Outcome::broken());
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

pin_project! {
    /// The body of an answer; its trailers end the observation.
    #[derive(Debug)]
    pub struct ObservedBody<B, O: Observed> {
        #[pin]
        inner: B,
        ending: Option<Ending<O>>,
    }
}

impl<B: Default, O: Observed> Default for ObservedBody<B, O> {
    fn default() -> Self {
        Self {
            inner: B::default(),
            ending: None,
        }
    }
}

impl<B: Body, O: Observed> Body for ObservedBody<B, O> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let inner = this.inner;
        let Some(ending) = this.ending else {
            return inner.poll_frame(cx);
        };
        let frame = ready!(ending.observer.within(|| inner.poll_frame(cx)));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    ending.end(Outcome::of_trailers(trailers));
                }
            }
            Some(Err(_)) | None => ending.end(Outcome::broken()),
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
