//! From a queued message to its outcome.
//!
//! A message is a timer of the kind [`KIND`]. A worker leases some that are due, asks profiles about their
//! recipients, decides about each, hands mail over, and writes outcome, decision and event in one transaction
//! that also ends the lease. A process that dies in between loses the lease and nothing else; a mail that the
//! provider had accepted by then is handed over once more under the same Message-ID, and so is one whose
//! acceptance the provider could not tell before the connection broke.

mod attempt;
mod charge;
mod outcome;
mod provider;
mod recipients;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use attune_database::Database;
use attune_rpc::TenantId;
use attune_server::Peers;
use attune_timers::{Leased, Work};
use futures::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::{Message, State, Template};
use crate::store;
use attempt::{Attempt, Outcome};
use provider::Provider;

/// The kind of timer that stands for a message due for delivery.
pub(crate) const KIND: &str = "notifications.delivery";

/// Mails that one place of a batch hands over one after the other, at most: the fewer, the shorter the lease.
const ROUNDS: u16 = 4;
/// Messages of one batch, however many may be handed over at the same time.
const LARGEST_BATCH: u16 = 100;
/// How long the outcome of a mail waits for those of others. It is how much longer somebody who dies may send it twice.
const GATHERED: Duration = Duration::from_millis(5);
/// For the database, besides the outside calls.
const MARGIN: Duration = Duration::from_secs(15);

/// Delivers what is due.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    db: Database,
    peers: Peers,
    provider: Provider,
    concurrency: u16,
}

impl Delivery {
    /// Fails when the provider's URL, its key or the sender's address is wrong.
    pub(crate) fn new(db: Database, peers: Peers, config: &Config) -> anyhow::Result<Self> {
        let provider = Provider::new(config)?;
        Ok(Self {
            db,
            peers,
            provider,
            concurrency: config.mail_concurrency.max(1),
        })
    }

    /// Writes outcomes down while others are on their way, each time all that came since the last and shortly after: a
    /// provider that hangs on one mail does not keep the outcomes of the others waiting.
    async fn write_down(
        &self,
        tenant: &TenantId,
        mut outcomes: mpsc::Receiver<(&Leased, Message, Outcome)>,
    ) -> anyhow::Result<()> {
        let mut some = Vec::new();
        while outcomes.recv_many(&mut some, LARGEST_BATCH.into()).await > 0 {
            gather(&mut outcomes, &mut some).await;
            outcome::record(&self.db, tenant, std::mem::take(&mut some)).await?;
        }
        Ok(())
    }

    async fn load(
        &self,
        tenant: &TenantId,
        due: &[Leased],
    ) -> Result<(HashMap<Uuid, Message>, HashMap<Uuid, Template>), sqlx::Error> {
        let ids: Vec<Uuid> = due.iter().map(|leased| leased.timer.subject).collect();
        let mut tx = self.db.read(tenant).await?;
        let mut messages = store::message::by_ids(&mut tx, &ids).await?;
        messages.retain(|message| message.state == State::Queued);
        let mut templates: Vec<Uuid> = messages
            .iter()
            .filter_map(|message| message.template_id)
            .collect();
        templates.sort_unstable();
        templates.dedup();
        let templates = store::template::by_ids(&mut tx, &templates).await?;
        tx.commit().await?;
        let messages = messages
            .into_iter()
            .map(|message| (message.message_id, message))
            .collect();
        let templates = templates
            .into_iter()
            .map(|template| (template.template_id, template))
            .collect();
        Ok((messages, templates))
    }
}

#[async_trait]
impl Work for Delivery {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn batch(&self) -> u16 {
        self.concurrency.saturating_mul(ROUNDS).min(LARGEST_BATCH)
    }

    fn concurrency(&self) -> usize {
        4
    }

    /// As long as a batch takes at most, each of its mails to a provider that never answers.
    fn lease(&self) -> Duration {
        recipients::LONGEST_ANSWER + self.provider.timeout() * u32::from(ROUNDS) + MARGIN
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let (mut messages, templates) = self.load(tenant, due).await?;
        let recipients = recipients::ask(&self.peers, tenant, messages.values()).await?;
        let (mut ready, mut stale) = (Vec::with_capacity(due.len()), Vec::new());
        for leased in due {
            match messages.remove(&leased.timer.subject) {
                Some(message) => {
                    let attempt = Attempt::new(&message, &templates, &recipients);
                    ready.push((leased, message, attempt));
                }
                None => stale.push(leased),
            }
        }
        outcome::discard(&self.db, tenant, &stale).await?;
        let mut attempts = Vec::with_capacity(ready.len());
        for (leased, message, attempt) in charge::charge(&self.db, tenant, ready).await? {
            attempts.push(async move {
                let outcome = attempt
                    .make(&self.provider, &message, self.db.clock().now())
                    .await;
                (leased, message, outcome)
            });
        }
        let (done, outcomes) = mpsc::channel(LARGEST_BATCH.into());
        tokio::try_join!(
            hand_over(attempts, usize::from(self.concurrency), done),
            self.write_down(tenant, outcomes)
        )?;
        Ok(())
    }
}

/// Adds what comes within [`GATHERED`]: a transaction costs much the same for one outcome as for a hundred.
async fn gather<T>(outcomes: &mut mpsc::Receiver<T>, some: &mut Vec<T>) {
    let until = Instant::now() + GATHERED;
    while let Some(room @ 1..) = usize::from(LARGEST_BATCH).checked_sub(some.len()) {
        match timeout_at(until, outcomes.recv_many(some, room)).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// Makes attempts, `most` at a time, and tells what each came to.
async fn hand_over<T>(
    attempts: Vec<impl Future<Output = T>>,
    most: usize,
    done: mpsc::Sender<T>,
) -> anyhow::Result<()> {
    let made = stream::iter(attempts).for_each_concurrent(most, async |attempt| {
        let outcome = attempt.await;
        // Where nobody takes it, writing down has failed, and this goes no further either.
        let _ = done.send(outcome).await;
    });
    made.await;
    Ok(())
}
