//! Where the other services are.

use clap::Args;
use http::Uri;

/// Addresses of the services this process calls or whose feeds it reads. A service in this same process
/// needs none.
#[derive(Args, Clone, Debug, Default)]
pub struct PeerConfig {
    /// Where profiles is, such as `http://profiles:7443`
    #[arg(long, env = "ATTUNE_PROFILES_URL", value_name = "URL", value_parser = url)]
    pub profiles_url: Option<Uri>,

    /// Where interactions is
    #[arg(long, env = "ATTUNE_INTERACTIONS_URL", value_name = "URL", value_parser = url)]
    pub interactions_url: Option<Uri>,

    /// Where feedback is
    #[arg(long, env = "ATTUNE_FEEDBACK_URL", value_name = "URL", value_parser = url)]
    pub feedback_url: Option<Uri>,

    /// Where improvement is
    #[arg(long, env = "ATTUNE_IMPROVEMENT_URL", value_name = "URL", value_parser = url)]
    pub improvement_url: Option<Uri>,

    /// Where notifications is
    #[arg(long, env = "ATTUNE_NOTIFICATIONS_URL", value_name = "URL", value_parser = url)]
    pub notifications_url: Option<Uri>,
}

impl PeerConfig {
    /// The configured address of `service`.
    pub fn url_of(&self, service: &str) -> Option<&Uri> {
        match service {
            "profiles" => self.profiles_url.as_ref(),
            "interactions" => self.interactions_url.as_ref(),
            "feedback" => self.feedback_url.as_ref(),
            "improvement" => self.improvement_url.as_ref(),
            "notifications" => self.notifications_url.as_ref(),
            _ => None,
        }
    }
}

fn url(text: &str) -> Result<Uri, String> {
    let wrong = || format!("{text:?} is no address of a service; write it like http://host:7443");
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err(wrong()),
    }
}
