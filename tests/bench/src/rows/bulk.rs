//! Contacts by the stream, beside `COPY` of the same rows into the same tables.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::ensure;
use async_trait::async_trait;
use attune_api::interactions::v1::RecordInteractionsRequest;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use chrono::Utc;
use futures::future::try_join_all;
use prost::Message as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;
use uuid::Uuid;

use super::calm;
use crate::content;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::{OURS, PARTNER};
use crate::stage::{Caller, Stage};

/// Contacts of one message, the most the service takes.
const MESSAGE: usize = 500;
/// Messages of one run, over all streams.
const MESSAGES: usize = 120;
const MESSAGES_QUICK: usize = 8;
/// Messages a stream has on the way, so that the service need not wait for the next.
const AHEAD: usize = 4;
/// Bytes handed to Postgres at once.
const CHUNK: usize = 1 << 20;

const EMPTY: &str = "TRUNCATE interactions.interaction, interactions.outbox CASCADE";

/// How much one run writes.
#[derive(Clone, Copy, Debug)]
struct Bulk {
    streams: usize,
    messages: usize,
}

impl Bulk {
    fn rows(self) -> usize {
        self.messages / self.streams * self.streams * MESSAGE
    }
}

struct Streams<'a> {
    stage: &'a Stage,
    bulk: Bulk,
}

#[async_trait]
impl Side for Streams<'_> {
    fn name(&self) -> String {
        "RecordInteractions".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await?;
        self.stage.postgres.run(OURS, EMPTY).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        let each = self.bulk.messages / self.bulk.streams;
        let callers = self.stage.callers("interactions", 1).await?;
        let messages: Vec<Vec<RecordInteractionsRequest>> = (0..self.bulk.streams)
            .map(|_| (0..each).map(|_| message()).collect())
            .collect();
        let before = self.stage.cpu();
        let began = Instant::now();
        let streams = messages
            .into_iter()
            .map(|messages| send(callers[0].clone(), messages));
        let recorded: usize = try_join_all(streams).await?.into_iter().sum();
        let took = began.elapsed();
        ensure!(recorded == self.bulk.rows(), "{recorded} were recorded");
        Ok(Sample {
            value: recorded as f64 / took.as_secs_f64(),
            latencies: None,
            cpu: self.stage.cpu().since(before),
        })
    }
}

fn message() -> RecordInteractionsRequest {
    RecordInteractionsRequest {
        interactions: (0..MESSAGE).map(|_| content::interaction()).collect(),
    }
}

/// Sends one stream; answers how many contacts were recorded.
async fn send(caller: Caller, messages: Vec<RecordInteractionsRequest>) -> anyhow::Result<usize> {
    let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
    let feeding = tokio::spawn(async move {
        for message in messages {
            if sender.send(message).await.is_err() {
                return;
            }
        }
    });
    let outgoing = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut client = InteractionServiceClient::new(caller);
    let mut answers = client.record_interactions(outgoing).await?.into_inner();
    let mut recorded = 0;
    while let Some(answer) = answers.message().await? {
        recorded += answer
            .results
            .iter()
            .filter(|result| result.problems.is_empty() && !result.duplicate)
            .count();
    }
    feeding.await?;
    Ok(recorded)
}

struct Copy<'a> {
    stage: &'a Stage,
    pool: PgPool,
    bulk: Bulk,
}

#[async_trait]
impl Side for Copy<'_> {
    fn name(&self) -> String {
        "COPY".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await?;
        self.stage.postgres.run(PARTNER, EMPTY).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        let rows = self.bulk.rows();
        let parts: Vec<(String, String)> = (0..self.bulk.streams)
            .map(|_| lines(rows / self.bulk.streams))
            .collect();
        let before = self.stage.cpu();
        let began = Instant::now();
        try_join_all(parts.iter().map(|part| copy(&self.pool, part))).await?;
        let took = began.elapsed();
        Ok(Sample {
            value: rows as f64 / took.as_secs_f64(),
            latencies: None,
            cpu: self.stage.cpu().since(before),
        })
    }
}

/// The same rows as lines: contacts, and what is told of them.
fn lines(count: usize) -> (String, String) {
    let (mut contacts, mut events) = (String::new(), String::new());
    for _ in 0..count {
        let contact = content::interaction();
        let (id, now) = (Uuid::now_v7(), Utc::now().to_rfc3339());
        // Writing into a String cannot fail, and no text of these holds what COPY would have escaped.
        let _ = writeln!(
            contacts,
            "{now}\t{now}\t{id}\t{}\tbench\t{}\tinbound\t{}\tretention\t{}\t{}\t{}\t{}\t\\N",
            contact.profile_id,
            contact.channel,
            contact.touchpoint,
            contact.outcome,
            contact.product,
            contact.agent_id,
            contact.text
        );
        let payload = "5a".repeat(contact.encoded_len());
        let event = Uuid::now_v7();
        let _ = writeln!(
            events,
            "1\t{now}\t{event}\t{id}\tbench\tattune.interactions.v1.InteractionRecorded\t\\\\x{payload}"
        );
    }
    (contacts, events)
}

async fn copy(pool: &PgPool, (contacts, events): &(String, String)) -> anyhow::Result<()> {
    let into_contacts = "COPY interactions.interaction (occurred_at, created_at, interaction_id, profile_id, tenant_id, \
                         channel, direction, touchpoint, stage, outcome, product, agent_id, text, source_id) FROM STDIN";
    let into_outbox = "COPY interactions.outbox (subject_version, occurred_at, event_id, subject, tenant_id, type, \
                       payload) FROM STDIN";
    for (statement, lines) in [(into_contacts, contacts), (into_outbox, events)] {
        let mut copying = pool.copy_in_raw(statement).await?;
        for chunk in lines.as_bytes().chunks(CHUNK) {
            copying.send(chunk).await?;
        }
        copying.finish().await?;
    }
    Ok(())
}

/// Measures one stream, and four.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    stage.run_only(&["interactions"]).await?;
    let mut all = Vec::new();
    for streams in [1, 4] {
        let bulk = Bulk {
            streams,
            messages: if plan.quick { MESSAGES_QUICK } else { MESSAGES },
        };
        let row = Row {
            work: format!("bulk write, {} contacts, {streams} streams", bulk.rows()),
            unit: "rows/s",
            aim: Aim::AtLeast(0.6),
        };
        let mut ours = Streams { stage, bulk };
        let connections = u32::try_from(streams)?;
        let pool = stage.postgres.pool(PARTNER, connections).await?;
        let mut copy = Copy { stage, pool, bulk };
        all.extend(compare(plan, row, &mut ours, &mut [&mut copy]).await?);
        copy.pool.close().await;
    }
    Ok(all)
}
