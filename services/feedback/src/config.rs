//! What the service is told besides what every service is.

use attune_server::Secret;
use clap::Args;

use crate::domain::invitation::Signer;

/// Where customers answer, with what their links are signed, and how many may watch.
#[derive(Args, Clone, Debug)]
// By its own name this group would be the server's, which has a `Config` too.
#[group(id = "surveys")]
pub struct Config {
    /// Where customers reach the answer pages, such as `https://ask.example.com`; a proxy there passes `/s/` on to
    /// this service
    #[arg(long, env = "ATTUNE_SURVEY_URL", default_value = Config::SURVEY_URL, value_parser = url)]
    pub survey_url: String,

    /// What links to answer pages are signed with: 32 random bytes or more in base64, the same on every replica.
    /// Several, separated by commas: the first signs, links signed with the others stay good. Without one, links are
    /// good until the process ends
    #[arg(long, env = "ATTUNE_SURVEY_KEY", hide_env_values = true)]
    pub survey_key: Option<Secret>,

    /// Streams of feedback and numbers that one tenant may have open on this replica; beyond: `RESOURCE_EXHAUSTED`
    #[arg(long, env = "ATTUNE_WATCHES_PER_TENANT", default_value_t = Config::WATCHES_PER_TENANT,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub watches_per_tenant: u32,
}

impl Config {
    const WATCHES_PER_TENANT: u32 = 100;
    const SURVEY_URL: &'static str = "http://localhost:7443";

    /// What signs links.
    pub(crate) fn signer(&self) -> anyhow::Result<Signer> {
        let Some(keys) = &self.survey_key else {
            tracing::warn!("ATTUNE_SURVEY_KEY is not set: links to surveys are good until this process ends");
            return Ok(Signer::ephemeral()?);
        };
        Signer::new(keys.expose().split(','))
            .map_err(|error| attune_server::ConfigError(format!("ATTUNE_SURVEY_KEY: {error}")).into())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            survey_url: Self::SURVEY_URL.to_owned(),
            survey_key: None,
            watches_per_tenant: Self::WATCHES_PER_TENANT,
        }
    }
}

fn url(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is no address; write it like https://ask.example.com");
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.host(), uri.query()) {
        (Some("http" | "https"), Some(_), None) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
        let own = [&["feedback", "--dev-key-file", "key.pem"], arguments].concat();
        attune_server::Config::from_args_with::<Config, _>(own).map(|(_, own)| own)
    }

    #[test]
    fn its_flags_stand_beside_those_of_every_service() {
        let own = parse(&["--survey-url", "https://ask.example.com/"]).unwrap();
        assert_eq!(own.survey_url, "https://ask.example.com");
        assert!(parse(&["--survey-url", "ask.example.com"]).is_err());
    }

    #[test]
    fn a_key_that_cannot_sign_stops_the_start_with_a_sentence_that_does_not_hold_it() {
        let own = parse(&["--survey-key", "secret"]).unwrap();
        let error = own.signer().unwrap_err().to_string();
        assert!(
            error.contains("ATTUNE_SURVEY_KEY") && !error.contains("secret"),
            "{error}"
        );
        assert!(!format!("{own:?}").contains("secret"));
    }
}
