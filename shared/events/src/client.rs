//! The other end of a feed.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use attune_api::events::v1 as pb;
use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use tonic::client::GrpcService;
use tonic::codegen::{Body, Bytes, StdError};
use tonic::metadata::MetadataValue;
use tonic::{Request, Status, Streaming};

/// Larger than any page a feed sends, unless a single payload is.
const LARGEST_MESSAGE: usize = 16 << 20;

/// Subscribes to the feeds behind one gRPC channel; cheap to clone.
#[derive(Clone)]
pub struct FeedClient {
    inner: Arc<dyn Open>,
}

#[async_trait]
trait Open: Send + Sync {
    async fn open(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Streaming<pb::SubscribeResponse>, Status>;
}

impl FeedClient {
    /// Over `channel`, which adds the service's own identity; the client itself asks for all tenants.
    pub fn new<S>(channel: S) -> Self
    where
        S: GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<StdError>,
        S::ResponseBody: Body<Data = Bytes> + Send + 'static,
        <S::ResponseBody as Body>::Error: Into<StdError> + Send,
    {
        let client = EventFeedServiceClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE);
        Self {
            inner: Arc::new(client),
        }
    }

    pub(crate) async fn subscribe(
        &self,
        source: &str,
        after: String,
        types: Vec<String>,
    ) -> Result<Streaming<pb::SubscribeResponse>, Status> {
        let mut request = Request::new(pb::SubscribeRequest {
            source: source.to_owned(),
            after,
            types,
        });
        request
            .metadata_mut()
            .insert("x-attune-tenant", MetadataValue::from_static("*"));
        self.inner.open(request).await
    }
}

impl fmt::Debug for FeedClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FeedClient").finish_non_exhaustive()
    }
}

#[async_trait]
impl<S> Open for EventFeedServiceClient<S>
where
    S: GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<StdError>,
    S::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <S::ResponseBody as Body>::Error: Into<StdError> + Send,
{
    async fn open(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Streaming<pb::SubscribeResponse>, Status> {
        Ok(self.clone().subscribe(request).await?.into_inner())
    }
}
