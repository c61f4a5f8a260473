//! An engine of the platform team's own, really there: one that answers, one that hangs, one that talks nonsense,
//! one that is gone.
#![allow(clippy::unwrap_used)] // also in what the tests share

mod alone;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alone::{Alone, NOON};
use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::analyzer_service_server::{AnalyzerService, AnalyzerServiceServer};
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_server::PeerConfig;
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// What the engine does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Temper {
    Answers,
    Hangs,
    /// Points behind the end of the text.
    Rambles,
    Refuses,
}

/// An engine that takes every text for good news about cancellations.
#[derive(Clone, Debug)]
struct Outsider {
    temper: Arc<Mutex<Temper>>,
    asked: Arc<AtomicUsize>,
    tenants: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl AnalyzerService for Outsider {
    async fn analyze(
        &self,
        request: Request<pb::AnalyzeRequest>,
    ) -> Result<Response<pb::AnalyzeResponse>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let tenant = request
            .metadata()
            .get("x-attune-tenant")
            .unwrap()
            .to_str()
            .unwrap();
        assert!(request.metadata().contains_key("authorization"));
        self.tenants.lock().unwrap().push(tenant.to_owned());
        let temper = *self.temper.lock().unwrap();
        match temper {
            Temper::Hangs => std::future::pending().await,
            Temper::Refuses => return Err(Status::internal("no memory left")),
            Temper::Answers | Temper::Rambles => {}
        }
        let pb::AnalyzeRequest { texts, topics } = request.into_inner();
        assert!(texts.len() <= 200 && topics.iter().any(|topic| topic.topic_id == "cancellation"));
        let analysis = |text: pb::AnalyzedText| {
            let end = if temper == Temper::Rambles {
                100_000
            } else {
                text.text.len()
            };
            pb::TextAnalysis {
                text_id: text.text_id,
                language: text.language_hint,
                sentiment_score: 0.9,
                sentiment: pb::Sentiment::Positive.into(),
                sentiment_probability: 0.9,
                topics: vec![pb::TopicMention {
                    topic_id: "cancellation".into(),
                    start: 0,
                    end: i32::try_from(end).unwrap(),
                    confidence: 1.0,
                    ..pb::TopicMention::default()
                }],
            }
        };
        Ok(Response::new(pb::AnalyzeResponse {
            engine: "outsider".into(),
            version: "7".into(),
            analyses: texts.into_iter().map(analysis).rev().collect(),
        }))
    }
}

/// The engine as a server of its own, and the feedback service that knows its address.
struct Pair {
    alone: Alone,
    outsider: Outsider,
    stop: CancellationToken,
}

impl Pair {
    async fn start(temper: Temper) -> Self {
        let outsider = Outsider {
            temper: Arc::new(Mutex::new(temper)),
            asked: Arc::default(),
            tenants: Arc::default(),
        };
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tonic::transport::Server::builder()
            .add_service(AnalyzerServiceServer::new(outsider.clone()))
            .serve_with_incoming_shutdown(
                tonic::transport::server::TcpIncoming::from(listener),
                stop.clone().cancelled_owned(),
            );
        tokio::spawn(served);
        let peers = PeerConfig {
            feedback_analyzer_url: Some(format!("http://{address}").parse().unwrap()),
            feedback_analyzer_timeout: Duration::from_millis(500),
            ..PeerConfig::default()
        };
        Self {
            alone: Alone::start_with(peers).await,
            outsider,
            stop,
        }
    }

    /// Records `text` and answers what was understood of it.
    async fn say(&self, text: &str) -> pb::Understanding {
        let mut client = FeedbackServiceClient::new(self.alone.as_user("acme", "*"));
        let request = pb::SubmitFeedbackRequest {
            feedback: Some(said(text)),
            request_id: String::new(),
        };
        let answer = client.submit_feedback(request).await.unwrap().into_inner();
        answer.feedback.unwrap().understanding.unwrap()
    }

    fn asked(&self) -> usize {
        self.outsider.asked.load(Ordering::SeqCst)
    }
}

fn said(text: &str) -> pb::Feedback {
    pb::Feedback {
        channel: "social".into(),
        text: text.into(),
        occurred_at: Some(Timestamp {
            seconds: NOON - 60,
            nanos: 0,
        }),
        ..pb::Feedback::default()
    }
}

const COMPLAINT: &str = "you cancelled my flight, terrible";

#[tokio::test]
async fn an_engine_that_answers_is_believed_and_named_on_every_result() {
    let pair = Pair::start(Temper::Answers).await;
    let understood = pair.say(COMPLAINT).await;
    assert_eq!(understood.engine, "outsider/7");
    assert_eq!(understood.language, "en");
    assert_eq!(understood.sentiment(), pb::Sentiment::Positive);
    assert_eq!(understood.topics[0].end, 33);
    assert_eq!(*pair.outsider.tenants.lock().unwrap(), ["acme"]);
    pair.alone.running.drain().await;
}

#[tokio::test]
async fn a_long_batch_is_asked_about_in_several_requests() {
    let pair = Pair::start(Temper::Answers).await;
    let feedback = (0..450).map(|i| said(&format!("{COMPLAINT} {i}"))).collect();
    let message = pb::SubmitFeedbackStreamRequest { feedback };
    let mut client = FeedbackServiceClient::new(pair.alone.as_user("acme", "*"));
    let mut answers = client
        .submit_feedback_stream(futures::stream::iter([message]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().results.len(), 450);
    assert_eq!(pair.asked(), 3);
    pair.alone.running.drain().await;
}

#[tokio::test]
async fn where_the_engine_hangs_rambles_or_refuses_the_built_in_one_answers() {
    for temper in [Temper::Hangs, Temper::Rambles, Temper::Refuses] {
        let pair = Pair::start(temper).await;
        let understood = pair.say(COMPLAINT).await;
        assert!(
            understood.engine.starts_with("builtin-"),
            "{temper:?}: {}",
            understood.engine
        );
        assert_eq!(understood.sentiment(), pb::Sentiment::Negative);
        assert_eq!(pair.asked(), 1, "{temper:?}");
        pair.alone.running.drain().await;
    }
}

#[tokio::test]
async fn an_engine_that_fails_again_and_again_is_left_alone_for_a_while() {
    let pair = Pair::start(Temper::Refuses).await;
    for _ in 0..6 {
        assert!(pair.say(COMPLAINT).await.engine.starts_with("builtin-"));
    }
    assert_eq!(pair.asked(), 3);
    pair.alone.running.drain().await;
}

#[tokio::test]
async fn an_engine_that_recovers_in_time_is_asked_again_and_one_that_is_gone_is_not_missed() {
    let pair = Pair::start(Temper::Refuses).await;
    for _ in 0..2 {
        pair.say(COMPLAINT).await;
    }
    *pair.outsider.temper.lock().unwrap() = Temper::Answers;
    assert_eq!(pair.say(COMPLAINT).await.engine, "outsider/7");
    pair.stop.cancel();
    // Its connections are closed by and by; from then on it is the built-in one.
    let patience = std::time::Instant::now() + Duration::from_secs(20);
    while pair.say(COMPLAINT).await.engine == "outsider/7" {
        assert!(
            std::time::Instant::now() < patience,
            "it was stopped and still answers"
        );
    }
    pair.alone.running.drain().await;
}
