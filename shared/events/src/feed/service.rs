//! The feeds of one process over gRPC.

use std::collections::BTreeMap;

use attune_api::events::v1 as pb;
use attune_api::events::v1::event_feed_service_server::EventFeedService;
use attune_auth::Reach;
use attune_rpc::{Error, Violations};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::stream::{Message, Stream};
use super::{Feed, Selection, View, listen};
use crate::Cursor;

/// At most this many types are asked for.
const MOST_TYPES: usize = 50;
/// Longer names of messages are not ours.
const LONGEST_TYPE: usize = 200;

/// Serves every [`Feed`] of the process, told apart by their names.
#[derive(Debug)]
pub struct FeedService {
    feeds: BTreeMap<&'static str, Feed>,
    shutdown: CancellationToken,
}

impl FeedService {
    /// Serves `feeds` until `shutdown`, which ends open streams with UNAVAILABLE. Starts the task that keeps
    /// the streams awake, so it must be called inside a runtime.
    pub fn new(feeds: Vec<Feed>, shutdown: CancellationToken) -> Self {
        listen::spawn(feeds.clone(), &shutdown);
        Self {
            feeds: feeds.into_iter().map(|feed| (feed.name(), feed)).collect(),
            shutdown,
        }
    }

    pub(super) fn feed(&self, source: &str) -> Result<&Feed, Error> {
        self.feeds
            .get(source)
            .ok_or_else(|| Error::not_found("event feed", source))
    }
}

#[tonic::async_trait]
impl EventFeedService for FeedService {
    type SubscribeStream = ReceiverStream<Message>;

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let view = view(&request)?;
        let request = request.into_inner();
        let feed = self.feed(&request.source)?.clone();
        let after = Cursor::after(&request.after)?;
        let selection = Selection {
            view,
            types: types(request.types)?,
        };
        // A cursor that cannot be served is refused now and not in the stream.
        feed.check(after).await?;
        let (sender, receiver) = mpsc::channel(1);
        let stream = Stream {
            feed,
            selection,
            after,
            sender,
            shutdown: self.shutdown.clone(),
        };
        tokio::spawn(stream.run());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn list_parked_events(
        &self,
        request: Request<pb::ListParkedEventsRequest>,
    ) -> Result<Response<pb::ListParkedEventsResponse>, Status> {
        let view = view(&request)?;
        Ok(Response::new(
            self.list_parked(&view, &request.into_inner()).await?,
        ))
    }

    async fn release_parked_events(
        &self,
        request: Request<pb::ReleaseParkedEventsRequest>,
    ) -> Result<Response<pb::ReleaseParkedEventsResponse>, Status> {
        let view = view(&request)?;
        Ok(Response::new(
            self.release_parked(&view, &request.into_inner()).await?,
        ))
    }
}

fn types(types: Vec<String>) -> Result<Vec<String>, Error> {
    let mut violations = Violations::default();
    if types.len() > MOST_TYPES {
        violations.add(
            "types",
            format!("must be at most {MOST_TYPES}; leave it empty for all"),
        );
    }
    for (place, name) in types.iter().take(MOST_TYPES).enumerate() {
        let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        if !(1..=LONGEST_TYPE).contains(&name.len()) || !name.chars().all(path) {
            violations.add(
                format!("types[{place}]"),
                "must be a message's full name such as attune.feedback.v1.FeedbackSubmitted",
            );
        }
    }
    violations.finish(Some(types))
}

/// Whose events the verified caller of `request` sees.
fn view<T>(request: &Request<T>) -> Result<View, Error> {
    Ok(match Reach::of(request)? {
        Reach::Tenant(tenant) => View::Tenant(tenant),
        Reach::Platform => View::Platform,
    })
}
