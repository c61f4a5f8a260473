//! Where the other services are.

use std::time::Duration;

use clap::Args;
use http::Uri;

use super::duration;

/// How long an outside engine may take, where nothing else is set.
const ANALYZER_TIMEOUT: Duration = Duration::from_secs(2);

/// Addresses of the services this process calls or whose feeds it reads. A service in this same process
/// needs none.
#[derive(Args, Clone, Debug)]
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

    /// Where an engine of your own understands texts for feedback (`attune.feedback.v1.AnalyzerService`); the
    /// built-in one answers without it and where it fails
    #[arg(long, env = "ATTUNE_FEEDBACK_ANALYZER_URL", value_name = "URL", value_parser = url)]
    pub feedback_analyzer_url: Option<Uri>,

    /// How long that engine may take for one request of at most 200 texts
    #[arg(long, env = "ATTUNE_FEEDBACK_ANALYZER_TIMEOUT", value_name = "TIME", value_parser = analyzer_timeout,
          default_value = "2s")]
    pub feedback_analyzer_timeout: Duration,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            profiles_url: None,
            interactions_url: None,
            feedback_url: None,
            improvement_url: None,
            notifications_url: None,
            feedback_analyzer_url: None,
            feedback_analyzer_timeout: ANALYZER_TIMEOUT,
        }
    }
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
            "feedback_analyzer" => self.feedback_analyzer_url.as_ref(),
            _ => None,
        }
    }
}

/// Calls end after a minute by themselves, and the built-in engine needs time to stand in.
fn analyzer_timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse(text)?;
    if (Duration::from_millis(10)..=Duration::from_secs(25)).contains(&timeout) {
        Ok(timeout)
    } else {
        Err(format!("{text:?} is not between 10ms and 25s"))
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
