//! Answering a stream of messages, one after the other.

use std::time::Duration;

use attune_rpc::Error;
use futures::stream::{BoxStream, Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// After what time a stream that ended with the process finds another one.
const ELSEWHERE_AFTER: Duration = Duration::from_secs(1);

/// The answers of a stream that a service hands back.
pub type Answers<A> = BoxStream<'static, Result<A, Status>>;

/// One answer of `handle` for each of `messages`, in their order. Nothing is read ahead of what is answered, so
/// that a slow database slows the sender. Ends with the messages, with the first one that cannot be handled as a
/// whole, or when `shutdown` is cancelled; a message that was taken is always answered.
pub fn answer_each<M, A, F>(
    messages: impl Stream<Item = Result<M, Status>> + Send + Unpin + 'static,
    shutdown: CancellationToken,
    handle: impl Fn(M) -> F + Send + 'static,
) -> Answers<A>
where
    M: Send + 'static,
    A: Send + 'static,
    F: Future<Output = Result<A, Status>> + Send + 'static,
{
    let begin = (messages, shutdown, handle);
    futures::stream::try_unfold(begin, async |(mut messages, shutdown, handle)| {
        let message = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Err(stopping()),
            message = messages.next() => message,
        };
        match message {
            None => Ok(None),
            Some(message) => {
                let answer = handle(message?).await?;
                Ok(Some((answer, (messages, shutdown, handle))))
            }
        }
    })
    .boxed()
}

fn stopping() -> Status {
    let message = "the server stops; open the stream again and send what was not answered";
    Error::unavailable(message, ELSEWHERE_AFTER).into()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tonic::Code;

    use super::*;

    fn doubled(number: u32) -> impl Future<Output = Result<u32, Status>> + Send {
        std::future::ready(if number == 0 {
            Err(Status::invalid_argument("must not be 0"))
        } else {
            Ok(2 * number)
        })
    }

    #[tokio::test]
    async fn every_message_is_answered_in_its_order() {
        let messages = stream::iter([1, 2, 3].map(Ok));
        let answers = answer_each(messages, CancellationToken::new(), doubled);
        let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
        assert_eq!(answers, [2, 4, 6]);
    }

    #[tokio::test]
    async fn the_first_message_that_cannot_be_handled_ends_the_stream() {
        let messages = stream::iter([1, 0, 3].map(Ok));
        let answers = answer_each(messages, CancellationToken::new(), doubled);
        let answers: Vec<_> = answers
            .map(|answer| answer.map_err(|status| status.code()))
            .collect()
            .await;
        assert_eq!(answers, [Ok(2), Err(Code::InvalidArgument)]);
    }

    #[tokio::test]
    async fn a_stream_that_waits_ends_when_the_process_stops() {
        let shutdown = CancellationToken::new();
        let messages = stream::iter([Ok(1)]).chain(stream::pending());
        let mut answers = answer_each(messages, shutdown.clone(), doubled);
        assert_eq!(answers.next().await.unwrap().unwrap(), 2);
        shutdown.cancel();
        assert_eq!(
            answers.next().await.unwrap().unwrap_err().code(),
            Code::Unavailable
        );
        assert!(answers.next().await.is_none());
    }
}
