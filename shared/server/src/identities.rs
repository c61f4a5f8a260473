//! Whom the process believes, and who its services are.

use std::time::Duration;

use anyhow::Context as _;
use attune_auth::{AuthLayer, DevIssuer, Scopes, ServiceIdentity, Verifier};
use attune_clock::Clock;

use crate::running::Health;
use crate::tasks::Task;
use crate::{Config, ConfigError};

/// The scopes of the token that a service signs for itself where there is a development key.
const DEV_SCOPES: &str = "*";
/// How often it is looked whether the keys of every issuer are there, before the process is ready.
const KEYS_LOOK: Duration = Duration::from_millis(250);

/// Tokens live in real time even where the platform's time is virtual, so all of it is on the system's clock.
#[derive(Debug)]
pub(crate) struct Identities {
    verifier: Verifier,
    dev: Option<DevIssuer>,
    token: Option<ServiceIdentity>,
}

impl Identities {
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| ConfigError(error.to_string());
        let identity = &config.identity;
        let dev = identity
            .dev_key_file
            .as_deref()
            .map(DevIssuer::load_or_create)
            .transpose();
        let dev = dev.map_err(|error| wrong(&error))?;
        if dev.is_some() {
            tracing::warn!("tokens of the development issuer are believed; not for production");
        }
        let verifier = Verifier::new(identity.verifier(dev.as_ref()), Clock::system());
        let token = identity
            .service_token_file
            .as_deref()
            .map(|file| ServiceIdentity::from_file(file, Clock::system()))
            .transpose()
            .context("ATTUNE_SERVICE_TOKEN_FILE")?;
        Ok(Self {
            verifier: verifier.map_err(|error| wrong(&error))?,
            dev,
            token,
        })
    }

    /// Who `service` is to others: the process's token, else one it signs itself.
    pub(crate) fn of(&self, service: &str) -> anyhow::Result<Option<ServiceIdentity>> {
        match (&self.token, &self.dev) {
            (Some(token), _) => Ok(Some(token.clone())),
            (None, Some(dev)) => {
                let minted = ServiceIdentity::minted(dev.clone(), service, DEV_SCOPES, Clock::system());
                minted.map(Some).context("sign the service's token")
            }
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn layer(&self) -> AuthLayer {
        AuthLayer::new(self.verifier.clone(), Scopes::new(attune_api::scopes()))
    }

    /// Keeps keys fresh, and says SERVING once those of every issuer are known: here and now where they are.
    pub(crate) async fn tasks(&self, health: &Health) -> Vec<Task> {
        let verifier = self.verifier.clone();
        let fresh = Task::new("token keys", move |shutdown| {
            let verifier = verifier.clone();
            async move {
                shutdown.run_until_cancelled(verifier.keep_fresh()).await;
            }
        });
        if self.verifier.is_ready() {
            health.serving().await;
            return vec![fresh];
        }
        let (verifier, health) = (self.verifier.clone(), health.clone());
        let ready = Task::new("readiness", move |shutdown| {
            let (verifier, health) = (verifier.clone(), health.clone());
            async move {
                while !verifier.is_ready() {
                    if shutdown
                        .run_until_cancelled(tokio::time::sleep(KEYS_LOOK))
                        .await
                        .is_none()
                    {
                        return;
                    }
                }
                health.serving().await;
            }
        });
        vec![fresh, ready]
    }
}
