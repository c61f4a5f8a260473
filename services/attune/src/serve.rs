//! `attune serve`: one service, or all five, until a signal.

use attune_server::{Config, ConfigError, Secret};
use clap::{Args, ValueEnum};

use crate::progress::say;
use crate::{postgres, services, state};

/// Run one service, or all five in one process
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  attune serve all                                        on an embedded Postgres, for a laptop
  attune serve all --database-url postgres://localhost/attune
  attune serve feedback --database-url postgres://db/attune --listen 0.0.0.0:7443 \\
    --interactions-url http://interactions:7443 --auth-issuers https://id.example.com=https://id.example.com/jwks.json

Every flag can be given as the environment variable shown with it. Where no issuer of tokens is configured, the
development key in the user's state directory is used and said so; `attune token` makes tokens for it.")]
pub(crate) struct Serve {
    /// What to run
    #[arg(value_enum)]
    which: Which,

    #[command(flatten)]
    config: Config,

    #[command(flatten)]
    providers: attune_notifications::Config,

    #[command(flatten)]
    surveys: attune_feedback::Config,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    Profiles,
    Interactions,
    Feedback,
    Improvement,
    Notifications,
    /// All five in one process
    All,
}

impl Which {
    fn runs(self, name: &str) -> bool {
        match self {
            Self::Profiles => name == "profiles",
            Self::Interactions => name == "interactions",
            Self::Feedback => name == "feedback",
            Self::Improvement => name == "improvement",
            Self::Notifications => name == "notifications",
            Self::All => true,
        }
    }
}

impl Serve {
    /// Runs until SIGTERM or SIGINT, then drains.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self {
            which,
            mut config,
            providers,
            surveys,
        } = self;
        believe_somebody(&mut config)?;
        let without_database = services::NAMES
            .iter()
            .find(|name| which.runs(name) && config.database.url_of(name).is_none());
        let server = match without_database {
            Some(_) if which == Which::All => {
                let (server, url) = postgres::lasting().await?;
                say(&format!(
                    "no DATABASE_URL is given: using an embedded Postgres, {url}"
                ));
                config.database.url = Some(Secret::new(url));
                Some(server)
            }
            Some(name) => {
                let message = format!(
                    "{name} has no database: give --database-url (or DATABASE_URL); an embedded one is started by \
                     `attune serve all` only"
                );
                return Err(ConfigError(message).into());
            }
            None => None,
        };
        let all = services::all(providers, surveys);
        let chosen = all
            .into_iter()
            .filter(|service| which.runs(service.name()))
            .collect();
        let outcome = attune_server::run(config, chosen).await;
        if let Some(server) = server {
            server.stop().await?;
        }
        outcome
    }
}

/// Uses the development key where nothing else says whose tokens are believed.
fn believe_somebody(config: &mut Config) -> anyhow::Result<()> {
    let identity = &mut config.identity;
    let configured = !identity.auth_issuers.is_empty()
        || !identity.service_issuers.is_empty()
        || identity.service_token_file.is_some()
        || identity.dev_key_file.is_some();
    if !configured {
        let file = state::dev_key_file()?;
        say(&format!(
            "no issuer of tokens is configured: believing those that `attune token` makes with {}; not for production",
            file.display()
        ));
        identity.dev_key_file = Some(file);
    }
    Ok(())
}
