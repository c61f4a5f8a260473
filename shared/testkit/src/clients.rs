//! Calling the platform as somebody of a tenant.

use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::feedback::v1::employee_report_service_client::EmployeeReportServiceClient;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::hot_issue_service_client::HotIssueServiceClient;
use attune_api::feedback::v1::invitation_service_client::InvitationServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::perception_service_client::PerceptionServiceClient;
use attune_api::feedback::v1::recovery_case_service_client::RecoveryCaseServiceClient;
use attune_api::feedback::v1::survey_service_client::SurveyServiceClient;
use attune_api::feedback::v1::theme_service_client::ThemeServiceClient;
use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use attune_api::feedback::v1::understanding_service_client::UnderstandingServiceClient;
use attune_api::improvement::v1::board_service_client::BoardServiceClient;
use attune_api::improvement::v1::digest_service_client::DigestServiceClient;
use attune_api::improvement::v1::goal_service_client::GoalServiceClient;
use attune_api::improvement::v1::initiative_service_client::InitiativeServiceClient;
use attune_api::improvement::v1::issue_service_client::IssueServiceClient;
use attune_api::improvement::v1::pilot_service_client::PilotServiceClient;
use attune_api::improvement::v1::principle_service_client::PrincipleServiceClient;
use attune_api::improvement::v1::recognition_service_client::RecognitionServiceClient;
use attune_api::improvement::v1::team_service_client::TeamServiceClient;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_api::improvement::v1::worth_service_client::WorthServiceClient;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use attune_api::notifications::v1::contact_service_client::ContactServiceClient;
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

/// The way to each service: one channel for all of them, or one each.
#[derive(Clone, Debug)]
pub struct Channels {
    /// To profiles.
    pub profiles: Channel,
    /// To interactions.
    pub interactions: Channel,
    /// To feedback.
    pub feedback: Channel,
    /// To improvement.
    pub improvement: Channel,
    /// To notifications.
    pub notifications: Channel,
}

impl Channels {
    /// Five services behind one address.
    pub fn all(channel: &Channel) -> Self {
        Self {
            profiles: channel.clone(),
            interactions: channel.clone(),
            feedback: channel.clone(),
            improvement: channel.clone(),
            notifications: channel.clone(),
        }
    }
}

/// Somebody of a tenant, with a client for each service of the API.
#[derive(Clone, Debug)]
pub struct Tenant {
    channels: Channels,
    token: String,
    bearer: Bearer,
}

macro_rules! clients {
    ($($name:ident: $client:ident of $service:ident),* $(,)?) => {
        impl Tenant {
            $(
                #[doc = concat!("A `", stringify!($client), "` that calls ", stringify!($service), " as this somebody.")]
                pub fn $name(&self) -> $client<Authorised> {
                    $client::new(InterceptedService::new(self.channels.$service.clone(), self.bearer.clone()))
                }
            )*
        }
    };
}

clients! {
    profiles: ProfileServiceClient of profiles,
    interactions: InteractionServiceClient of interactions,
    feedback: FeedbackServiceClient of feedback,
    topics: TopicServiceClient of feedback,
    metrics: MetricServiceClient of feedback,
    perception: PerceptionServiceClient of feedback,
    hot_issues: HotIssueServiceClient of feedback,
    surveys: SurveyServiceClient of feedback,
    invitations: InvitationServiceClient of feedback,
    employee_reports: EmployeeReportServiceClient of feedback,
    recovery_cases: RecoveryCaseServiceClient of feedback,
    themes: ThemeServiceClient of feedback,
    understanding: UnderstandingServiceClient of feedback,
    issues: IssueServiceClient of improvement,
    initiatives: InitiativeServiceClient of improvement,
    goals: GoalServiceClient of improvement,
    pilots: PilotServiceClient of improvement,
    principles: PrincipleServiceClient of improvement,
    team: TeamServiceClient of improvement,
    recognitions: RecognitionServiceClient of improvement,
    digests: DigestServiceClient of improvement,
    boards: BoardServiceClient of improvement,
    trace: TraceServiceClient of improvement,
    worth: WorthServiceClient of improvement,
    templates: TemplateServiceClient of notifications,
    messages: MessageServiceClient of notifications,
    contacts: ContactServiceClient of notifications,
}

impl Tenant {
    /// Calls over `channels` with `token`.
    pub fn new(channels: Channels, token: String) -> Self {
        // A token is letters, digits, '-', '_' and '.'; one that is not goes out as none and is refused.
        let value = format!("Bearer {token}")
            .parse()
            .unwrap_or_else(|_| MetadataValue::from_static("Bearer"));
        Self {
            channels,
            token,
            bearer: Bearer(value),
        }
    }

    /// A client for the feed of the process behind `channel`, one of [`channels`](Self::channels).
    pub fn events(&self, channel: &Channel) -> EventFeedServiceClient<Authorised> {
        EventFeedServiceClient::new(InterceptedService::new(channel.clone(), self.bearer.clone()))
    }

    /// The bare token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The bare channels.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// The bare channel to profiles: where the five are behind one address, to each of them.
    pub fn channel(&self) -> Channel {
        self.channels.profiles.clone()
    }
}
