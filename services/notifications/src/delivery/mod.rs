//! From a queued message to its outcome.
//!
//! A message is a timer of the kind [`KIND`]. A worker leases some that are due, asks profiles about their
//! recipients, decides about each, hands mail over, and writes outcome, decision and event in one transaction
//! that also ends the lease. A process that dies in between loses the lease and nothing else; a mail that the
//! provider had accepted by then is handed over once more under the same Message-ID.

mod attempt;
mod outcome;
mod recipients;
mod smtp;

use std::collections::HashMap;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_server::Peers;
use attune_timers::{Leased, Work};
use futures::stream::{self, StreamExt};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::{Message, Template};
use crate::store;
use attempt::Attempt;
use smtp::Smtp;

/// The kind of timer that stands for a message due for delivery.
pub(crate) const KIND: &str = "notifications.delivery";

/// Delivers what is due.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    db: Database,
    peers: Peers,
    smtp: Smtp,
    concurrency: usize,
}

impl Delivery {
    /// Fails when the provider's URL or the sender's address is wrong.
    pub(crate) fn new(db: Database, peers: Peers, config: &Config) -> anyhow::Result<Self> {
        let smtp = Smtp::new(config)?;
        Ok(Self { db, peers, smtp, concurrency: usize::from(config.mail_concurrency) })
    }

    async fn load(
        &self,
        tenant: &TenantId,
        due: &[Leased],
    ) -> Result<(HashMap<Uuid, Message>, HashMap<Uuid, Template>), sqlx::Error> {
        let ids: Vec<Uuid> = due.iter().map(|leased| leased.timer.subject).collect();
        let mut tx = self.db.read(tenant).await?;
        let messages = store::message::by_ids(&mut tx, &ids).await?;
        let mut templates: Vec<Uuid> = messages.iter().filter_map(|message| message.template_id).collect();
        templates.sort_unstable();
        templates.dedup();
        let templates = store::template::by_ids(&mut tx, &templates).await?;
        tx.commit().await?;
        let messages = messages.into_iter().map(|message| (message.message_id, message)).collect();
        let templates = templates.into_iter().map(|template| (template.template_id, template)).collect();
        Ok((messages, templates))
    }
}

#[async_trait]
impl Work for Delivery {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn batch(&self) -> u16 {
        100
    }

    fn concurrency(&self) -> usize {
        4
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let (messages, templates) = self.load(tenant, due).await?;
        let recipients = recipients::ask(&self.peers, tenant, messages.values()).await?;
        let attempts: Vec<_> = due
            .iter()
            .filter_map(|leased| Some((leased, messages.get(&leased.timer.subject)?.clone())))
            .map(|(leased, message)| {
                let attempt = Attempt::new(&message, &templates, &recipients);
                async move {
                    let outcome = attempt.make(&self.smtp, &message).await;
                    (leased, message, outcome)
                }
            })
            .collect();
        let attempts = stream::iter(attempts).buffer_unordered(self.concurrency).collect::<Vec<_>>().await;
        outcome::record(&self.db, tenant, attempts).await
    }
}
