//! The platform's public API, as a client with a token sees it.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::hot_issue_service_client::HotIssueServiceClient;
use attune_api::feedback::v1::theme_service_client::ThemeServiceClient;
use attune_api::improvement::v1::board_service_client::BoardServiceClient;
use attune_api::improvement::v1::initiative_service_client::InitiativeServiceClient;
use attune_api::improvement::v1::issue_service_client::IssueServiceClient;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use attune_api::notifications::v1::template_service_client::TemplateServiceClient;
use attune_api::profiles::v1::profile_service_client::ProfileServiceClient;
use attune_server::Retry;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

/// Repetitions of a call that fails for a moment, within about half a minute.
const RETRY: Retry = Retry {
    attempts: 10,
    base: Duration::from_millis(50),
    cap: Duration::from_secs(5),
};
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most entries of one page.
pub(crate) const PAGE: i32 = 200;

/// A connection that carries a token.
pub(crate) type Caller = InterceptedService<Channel, Bearer>;

/// Adds the token to every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer([redacted])")
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// The services of one platform; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    caller: Caller,
}

impl Platform {
    /// Connects to `url`, `http://` or `https://`; `authority` is the PEM of a private certificate authority.
    pub(crate) async fn connect(url: &str, token: &str, authority: Option<Vec<u8>>) -> anyhow::Result<Self> {
        let bearer = format!("Bearer {}", token.trim()).parse();
        let mut bearer: MetadataValue<Ascii> = bearer.map_err(|_| {
            anyhow!("the token holds characters that no token has; give it as `attune token` prints it")
        })?;
        bearer.set_sensitive(true);
        let mut endpoint = Endpoint::from_shared(url.to_owned())
            .with_context(|| format!("{url:?} is no address; write it like http://127.0.0.1:7443"))?
            .connect_timeout(CONNECT_TIMEOUT);
        if url.starts_with("https://") {
            let tls = ClientTlsConfig::new().with_enabled_roots();
            let tls = match authority {
                Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
                None => tls,
            };
            endpoint = endpoint.tls_config(tls)?;
        }
        let channel = endpoint.connect().await;
        let channel =
            channel.with_context(|| format!("cannot reach {url}; is the platform running there?"))?;
        Ok(Self {
            caller: InterceptedService::new(channel, Bearer(bearer)),
        })
    }

    pub(crate) fn profiles(&self) -> ProfileServiceClient<Caller> {
        ProfileServiceClient::new(self.caller.clone())
    }

    pub(crate) fn interactions(&self) -> InteractionServiceClient<Caller> {
        InteractionServiceClient::new(self.caller.clone())
    }

    pub(crate) fn feedback(&self) -> FeedbackServiceClient<Caller> {
        FeedbackServiceClient::new(self.caller.clone())
    }

    pub(crate) fn hot_issues(&self) -> HotIssueServiceClient<Caller> {
        HotIssueServiceClient::new(self.caller.clone())
    }

    pub(crate) fn themes(&self) -> ThemeServiceClient<Caller> {
        ThemeServiceClient::new(self.caller.clone())
    }

    pub(crate) fn boards(&self) -> BoardServiceClient<Caller> {
        BoardServiceClient::new(self.caller.clone())
    }

    pub(crate) fn issues(&self) -> IssueServiceClient<Caller> {
        IssueServiceClient::new(self.caller.clone())
    }

    pub(crate) fn initiatives(&self) -> InitiativeServiceClient<Caller> {
        InitiativeServiceClient::new(self.caller.clone())
    }

    pub(crate) fn traces(&self) -> TraceServiceClient<Caller> {
        TraceServiceClient::new(self.caller.clone())
    }

    pub(crate) fn templates(&self) -> TemplateServiceClient<Caller> {
        TemplateServiceClient::new(self.caller.clone())
    }
}

/// Makes a call, again where that helps, and says which one failed. `call` must be idempotent.
pub(crate) async fn ask<T, F>(name: &str, call: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    RETRY
        .run(call)
        .await
        .map(tonic::Response::into_inner)
        .map_err(|status| failed(name, &status))
}

/// What a call's failure means to a person.
pub(crate) fn failed(name: &str, status: &Status) -> anyhow::Error {
    anyhow!("{name} answered {:?}: {}", status.code(), status.message())
}
