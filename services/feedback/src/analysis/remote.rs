//! An engine that a platform team runs, behind gRPC.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use attune_api::feedback::v1::analyzer_service_client::AnalyzerServiceClient;
use attune_server::{Deadline, Peer};
use tonic::Status;

use super::breaker::Breaker;
use super::{Analyzer, AnalyzerError, Basis, Builtin};
use crate::convert;
use crate::domain::Understanding;

/// Texts of one request, and their bytes together: a proto comment promises both.
const MOST_TEXTS: usize = 200;
const MOST_BYTES: usize = 1 << 20;
/// The most bytes of an answer: 200 texts with 100 topics each stay far below.
const LARGEST_ANSWER: usize = 4 << 20;

/// An outside engine with the built-in one beside it, which answers when the outside one fails, is slow, or says
/// what cannot be.
#[derive(Debug)]
pub(crate) struct Remote {
    peer: Peer,
    timeout: Duration,
    breaker: Breaker,
    builtin: Builtin,
}

/// Why an answer is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{:?}: {}", .0.code(), .0.message())]
    Call(#[from] Status),
    #[error("it took longer than {0:?}")]
    Slow(Duration),
    #[error(transparent)]
    Answer(#[from] convert::analyzer::BadAnswer),
}

impl Remote {
    /// The engine behind `peer`, which has `timeout` for each request.
    pub(crate) fn new(peer: Peer, timeout: Duration, builtin: Builtin) -> Self {
        Self {
            peer,
            timeout,
            breaker: Breaker::default(),
            builtin,
        }
    }

    /// Asks about one request's worth of texts.
    async fn ask(&self, basis: &Basis, texts: &[String]) -> Result<Vec<Understanding>, Unusable> {
        let timeout = self.patience();
        let mut client = AnalyzerServiceClient::new(self.peer.clone().for_tenant(&basis.tenant))
            .max_decoding_message_size(LARGEST_ANSWER);
        let mut request = tonic::Request::new(convert::analyzer::request(basis, texts));
        request.set_timeout(timeout);
        let answer = tokio::time::timeout(timeout, client.analyze(request)).await;
        let response = answer.map_err(|_| Unusable::Slow(timeout))??.into_inner();
        Ok(convert::analyzer::answers(response, basis, texts)?)
    }

    /// Half of what is left of the caller's time at most, so that the built-in engine can still answer.
    fn patience(&self) -> Duration {
        Deadline::current().map_or(self.timeout, |deadline| {
            self.timeout.min(deadline.remaining() / 2)
        })
    }

    /// The outside engine's answers, or none when it is left alone or its answer cannot be used.
    async fn outside(&self, basis: &Basis, texts: &[String]) -> Option<Vec<Understanding>> {
        if !self.breaker.allows(Instant::now()) {
            return None;
        }
        match self.ask(basis, texts).await {
            Ok(answers) => {
                self.breaker.succeeded();
                Some(answers)
            }
            Err(error) => {
                let rests = self.breaker.failed(Instant::now());
                tracing::warn!(%error, texts = texts.len(), rests, "the outside engine is not used for some texts");
                None
            }
        }
    }
}

#[async_trait]
impl Analyzer for Remote {
    async fn analyze(&self, basis: &Basis, texts: Vec<String>) -> Result<Vec<Understanding>, AnalyzerError> {
        let mut understandings = Vec::with_capacity(texts.len());
        for part in parts(&texts) {
            understandings.extend(match self.outside(basis, part).await {
                Some(answers) => answers,
                None => self.builtin.analyze(basis, part.to_vec()).await?,
            });
        }
        Ok(understandings)
    }

    fn is_outside(&self) -> bool {
        true
    }
}

/// The texts in their order, cut where a request would be too large. A text is at most 80 kB.
fn parts(texts: &[String]) -> Vec<&[String]> {
    let (mut parts, mut rest) = (Vec::new(), texts);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(MOST_TEXTS)
            .take_while(|text| {
                bytes += text.len();
                bytes <= MOST_BYTES
            })
            .count()
            .max(1);
        let (part, after) = rest.split_at(fitting);
        parts.push(part);
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_as_many_texts_and_bytes_as_it_may() {
        let sizes = |texts: &[String]| parts(texts).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&vec!["late".to_owned(); 450]), [200, 200, 50]);
        assert_eq!(sizes(&vec!["x".repeat(MOST_BYTES / 3); 7]), [3, 3, 1]);
        assert_eq!(sizes(&vec!["x".repeat(2 * MOST_BYTES); 2]), [1, 1]);
        assert!(parts(&[]).is_empty());
    }
}
