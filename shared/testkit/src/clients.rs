//! Calling the platform as somebody of a tenant.

use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::hot_issue_service_client::HotIssueServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use attune_api::improvement::v1::initiative_service_client::InitiativeServiceClient;
use attune_api::improvement::v1::issue_service_client::IssueServiceClient;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use attune_api::notifications::v1::message_service_client::MessageServiceClient;
use attune_api::notifications::v1::template_service_client::TemplateServiceClient;
use attune_api::profiles::v1::profile_service_client::ProfileServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Puts a token on every call.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A channel whose calls carry a token.
pub type Authorised = InterceptedService<Channel, Bearer>;

/// Somebody of a tenant, with a client for each service of the API.
#[derive(Clone, Debug)]
pub struct Tenant {
    channel: Channel,
    token: String,
    bearer: Bearer,
}

macro_rules! clients {
    ($($name:ident: $client:ident),* $(,)?) => {
        impl Tenant {
            $(
                #[doc = concat!("A `", stringify!($client), "` that calls as this somebody.")]
                pub fn $name(&self) -> $client<Authorised> {
                    $client::new(InterceptedService::new(self.channel.clone(), self.bearer.clone()))
                }
            )*
        }
    };
}

clients! {
    profiles: ProfileServiceClient,
    interactions: InteractionServiceClient,
    feedback: FeedbackServiceClient,
    topics: TopicServiceClient,
    metrics: MetricServiceClient,
    hot_issues: HotIssueServiceClient,
    issues: IssueServiceClient,
    initiatives: InitiativeServiceClient,
    trace: TraceServiceClient,
    templates: TemplateServiceClient,
    messages: MessageServiceClient,
    events: EventFeedServiceClient,
}

impl Tenant {
    /// Calls over `channel` with `token`.
    pub fn new(channel: Channel, token: String) -> Self {
        // A token is letters, digits, '-', '_' and '.'; one that is not goes out as none and is refused.
        let value = format!("Bearer {token}").parse().unwrap_or_else(|_| MetadataValue::from_static("Bearer"));
        Self { channel, token, bearer: Bearer(value) }
    }

    /// The bare token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The bare channel.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }
}
