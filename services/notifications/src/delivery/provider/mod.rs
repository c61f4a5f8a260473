//! Who carries mail: a mail server, or an endpoint of the company's.

mod smtp;
mod webhook;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::Address;
use uuid::Uuid;

use crate::config::Config;
use smtp::Smtp;
use webhook::Webhook;

/// A mail ready to go.
#[derive(Clone)]
pub(super) struct Mail {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) body: String,
}

/// Without what is personal in it.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// It was not taken. The reason holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is no mail, and no provider was asked.
    Unfit(&'static str),
    /// The provider refused, and trying again would not help.
    ForGood(String),
    /// The provider refused or did not answer; it may go later, and no sooner than the provider asked.
    ForNow { reason: String, rest: Option<TimeDelta> },
}

impl Refusal {
    fn for_now(reason: impl Into<String>) -> Self {
        Self::ForNow {
            reason: reason.into(),
            rest: None,
        }
    }
}

/// Whom mail is handed over to.
#[derive(Clone, Debug)]
pub(super) enum Provider {
    Smtp(Smtp),
    Webhook(Webhook),
}

impl Provider {
    /// Fails when an address, a URL or a key is wrong.
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        match &config.mail_webhook_url {
            Some(url) => Webhook::new(url, config).map(Self::Webhook),
            None => Smtp::new(config).map(Self::Smtp),
        }
    }

    /// How long [`send`](Self::send) takes at most.
    pub(super) fn timeout(&self) -> Duration {
        match self {
            Self::Smtp(smtp) => smtp.timeout(),
            Self::Webhook(webhook) => webhook.timeout(),
        }
    }

    /// Hands a mail over. A second copy has the same id, so that a receiver can tell it.
    pub(super) async fn send(&self, message_id: Uuid, mail: Mail, now: DateTime<Utc>) -> Result<(), Refusal> {
        let to: Address = mail.to.parse().map_err(|_| Refusal::Unfit("invalid_address"))?;
        match self {
            Self::Smtp(smtp) => smtp.send(message_id, to, mail, now).await,
            Self::Webhook(webhook) => webhook.send(message_id, to, mail, now).await,
        }
    }
}
