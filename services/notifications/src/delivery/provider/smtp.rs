//! Handing mail to a mail server over SMTP.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::{Mail, Refusal};
use crate::config::Config;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The provider.
#[derive(Clone, Debug)]
pub(in crate::delivery) struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    connections: Arc<Mutex<Arc<Connections>>>,
    from: Mailbox,
    timeout: Duration,
}

/// The connections to the server, on a runtime of their own. The transport says goodbye to connections it is done with
/// and waits for an answer without limit; of a server that hangs, each would stay open for ever. They end with the runtime.
#[derive(Debug)]
struct Connections {
    transport: Option<Transport>,
    runtime: Option<Runtime>,
}

impl Connections {
    fn open(builder: &AsyncSmtpTransportBuilder) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("smtp")
            .enable_all()
            .build()?;
        let transport = {
            let _inside = runtime.enter();
            builder.clone().build()
        };
        Ok(Self {
            transport: Some(transport),
            runtime: Some(runtime),
        })
    }

    /// What the transport says of a mail; `None` where it does not come to an end.
    async fn send(&self, letter: lettre::Message) -> Option<Result<(), Error>> {
        let (transport, runtime) = (self.transport.clone()?, self.runtime.as_ref()?);
        let sending = runtime.spawn(async move { transport.send(letter).await.map(|_| ()) });
        sending.await.ok()
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        let (transport, runtime) = (self.transport.take(), self.runtime.take());
        if let Some(runtime) = runtime {
            // What the transport begins when it is dropped belongs to the runtime that ends.
            let inside = runtime.enter();
            drop(transport);
            drop(inside);
            runtime.shutdown_background();
        }
    }
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
        let connections = Arc::new(Connections::open(&builder)?);
        Ok(Self {
            builder,
            connections: Arc::new(Mutex::new(connections)),
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
        let connections = Arc::clone(&self.connections());
        // The transport's own bound is on connecting: once connected, it would wait for an answer for ever.
        match tokio::time::timeout(self.timeout, connections.send(letter)).await {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(error))) => Err(refusal(&error)),
            Ok(None) => Err(Refusal::for_now("unreachable")),
            Err(_) => {
                self.give_up(&connections);
                Err(Refusal::for_now("timeout"))
            }
        }
    }

    /// Leaves connections to those who still use them; with the last of those they are closed.
    fn give_up(&self, hanging: &Arc<Connections>) {
        let mut current = self.connections();
        if Arc::ptr_eq(&current, hanging) {
            match Connections::open(&self.builder) {
                Ok(fresh) => *current = Arc::new(fresh),
                Err(error) => tracing::warn!(%error, "no new connections to the mail server"),
            }
        }
    }

    fn connections(&self) -> MutexGuard<'_, Arc<Connections>> {
        // It is replaced whole, so that a panic elsewhere cannot leave it half changed.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
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
fn refusal(error: &Error) -> Refusal {
    match error.status() {
        Some(code) if error.is_permanent() => Refusal::ForGood(format!("refused_{code}")),
        Some(code) => Refusal::for_now(format!("refused_{code}")),
        None if error.is_timeout() => Refusal::for_now("timeout"),
        None => Refusal::for_now("unreachable"),
    }
}
