//! Handing mail to a mail server over SMTP.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use uuid::Uuid;

use super::{Mail, Refusal};
use crate::config::Config;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The provider.
#[derive(Clone, Debug)]
pub(in crate::delivery) struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    /// The connections, and how often they were given up.
    transport: Arc<Mutex<(Transport, u64)>>,
    from: Mailbox,
    timeout: Duration,
}

impl Smtp {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let from = config
            .mail_from
            .parse()
            .context("ATTUNE_MAIL_FROM must be a mail address")?;
        let timeout = Duration::from_secs(config.mail_timeout_seconds);
        let builder = Transport::from_url(&config.smtp_url)
            .context("ATTUNE_SMTP_URL must be like smtp://host:port")?
            .timeout(Some(timeout))
            .pool_config(PoolConfig::new().max_size(u32::from(config.mail_concurrency)));
        let transport = Arc::new(Mutex::new((builder.clone().build(), 0)));
        Ok(Self {
            builder,
            transport,
            from,
            timeout,
        })
    }

    /// How long [`send`](Self::send) takes at most.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Hands a mail over. The Message-ID is the message's id, so that a receiver can tell a second copy.
    pub(super) async fn send(
        &self,
        message_id: Uuid,
        to: Address,
        mail: Mail,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let letter = self.letter(message_id, to, mail, now)?;
        let (transport, generation) = self.transport().clone();
        // The transport's own bound is on connecting: once connected, it would wait for an answer for ever.
        match tokio::time::timeout(self.timeout, transport.send(letter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(_) => {
                self.give_up(generation);
                Err(Refusal::for_now("timeout"))
            }
        }
    }

    /// Leaves the connections of `generation` to end with those who use them. The transport puts a connection
    /// whose use was cut short back into its pool, where the next mail would wait on it in vain.
    fn give_up(&self, generation: u64) {
        let mut current = self.transport();
        if current.1 == generation {
            *current = (self.builder.clone().build(), generation + 1);
        }
    }

    fn transport(&self) -> MutexGuard<'_, (Transport, u64)> {
        // It is replaced whole, so that a panic elsewhere cannot leave it half changed.
        self.transport.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn letter(
        &self,
        message_id: Uuid,
        to: Address,
        mail: Mail,
        now: DateTime<Utc>,
    ) -> Result<lettre::Message, Refusal> {
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .date(now.into())
            .subject(mail.subject)
            .message_id(Some(format!("<{message_id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body)
            .map_err(|_| Refusal::Unfit("invalid_message"))
    }
}

/// The provider's own text may quote the address, so only its code is kept.
fn refusal(error: &lettre::transport::smtp::Error) -> Refusal {
    match error.status() {
        Some(code) if error.is_permanent() => Refusal::ForGood(format!("refused_{code}")),
        Some(code) => Refusal::for_now(format!("refused_{code}")),
        None if error.is_timeout() => Refusal::for_now("timeout"),
        None => Refusal::for_now("unreachable"),
    }
}
