//! Reads: one contact by its id, and a page of them.

use std::time::Duration;

use async_trait::async_trait;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use attune_api::interactions::v1::{GetInteractionRequest, ListInteractionsRequest};
use tonic::Status;
use uuid::Uuid;

use super::{Pgbench, calm};
use crate::cpu::{self, Cpu};
use crate::load::closed_loop;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::process::{Process, free};
use crate::stage::{Caller, Stage, channels};

const IN_FLIGHT: usize = 64;
/// Contacts that are read, when nothing else is said.
const STORED: u64 = 10_000;
const PAGE: i32 = 100;

/// What is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Read {
    ById,
    Page,
}

impl Read {
    async fn call(self, caller: Caller, id: Uuid) -> Result<(), Status> {
        let mut client = InteractionServiceClient::new(caller);
        match self {
            Self::ById => {
                let interaction_id = id.to_string();
                client
                    .get_interaction(GetInteractionRequest { interaction_id })
                    .await?;
            }
            Self::Page => {
                let request = ListInteractionsRequest {
                    page_size: PAGE,
                    ..ListInteractionsRequest::default()
                };
                let page = client.list_interactions(request).await?.into_inner();
                if page.interactions.len() != PAGE.unsigned_abs() as usize {
                    return Err(Status::data_loss("the page is not full"));
                }
            }
        }
        Ok(())
    }
}

/// The columns as the service selects them.
const COLUMNS: &str = "interaction_id, profile_id, channel, direction, touchpoint, stage, outcome, product, agent_id, \
                       text, occurred_at, source_id, created_at";

fn select_by_id(stored: u64) -> String {
    format!(
        "\\set n random(1, {stored})\nSELECT {COLUMNS} FROM interactions.interaction \
         WHERE tenant_id = 'bench' AND interaction_id = md5('bench' || :n)::uuid;\n"
    )
}

fn select_page() -> String {
    format!(
        "SELECT {COLUMNS} FROM interactions.interaction WHERE tenant_id = 'bench' \
         AND (occurred_at, interaction_id) < ('infinity'::timestamptz, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) \
         ORDER BY occurred_at DESC, interaction_id DESC LIMIT {};\n",
        PAGE + 1
    )
}

/// Has exactly `stored` contacts in the table, under ids that can be computed.
pub(crate) async fn fill(stage: &Stage, stored: u64) -> anyhow::Result<()> {
    let statements = format!(
        "TRUNCATE interactions.interaction CASCADE;
         INSERT INTO interactions.interaction (occurred_at, created_at, interaction_id, profile_id, tenant_id,
             channel, direction, touchpoint, stage, outcome, product, agent_id, text, source_id)
         SELECT now() - n * interval '1 second', now(), md5('bench' || n)::uuid, md5('person' || n % 1000)::uuid,
                'bench', 'chat', 'inbound', 'support', 'retention', 'answered', 'premium', 'agent-17',
                '{}', NULL
         FROM generate_series(1, {stored}) AS n;
         VACUUM ANALYZE interactions.interaction",
        crate::content::TEXTS[0]
    );
    for statement in statements.split(';') {
        stage.postgres.run(OURS, statement).await?;
    }
    Ok(())
}

/// Some of the ids that [`fill`] gives.
async fn some_ids(stage: &Stage, stored: u64) -> anyhow::Result<Vec<Uuid>> {
    let pool = stage.postgres.pool(OURS, 1).await?;
    let ids = sqlx::query_scalar("SELECT md5('bench' || n)::uuid FROM generate_series(1, $1, $2) AS n")
        .bind(i64::try_from(stored)?)
        .bind(i64::try_from(stored / STORED)?.max(1))
        .fetch_all(&pool)
        .await?;
    pool.close().await;
    Ok(ids)
}

/// Readers through the service.
pub(crate) struct Readers<'a> {
    stage: &'a Stage,
    read: Read,
    ids: Vec<Uuid>,
}

impl<'a> Readers<'a> {
    /// They read what [`fill`] stored.
    pub(crate) async fn new(stage: &'a Stage, read: Read, stored: u64) -> anyhow::Result<Self> {
        let ids = some_ids(stage, stored).await?;
        Ok(Self { stage, read, ids })
    }
}

#[async_trait]
impl Side for Readers<'_> {
    fn name(&self) -> String {
        match self.read {
            Read::ById => "GetInteraction".to_owned(),
            Read::Page => "ListInteractions".to_owned(),
        }
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let callers = self.stage.callers("interactions", IN_FLIGHT).await?;
        let (read, ids) = (self.read, self.ids.clone());
        closed_loop(self.stage, IN_FLIGHT, timed, move |caller| {
            let id = ids[rand::random_range(0..ids.len())];
            read.call(callers[caller % callers.len()].clone(), id)
        })
        .await
    }
}

/// A tonic server that answers at once, without a layer, with a message of the same size.
struct Hello<'a> {
    stage: &'a Stage,
    process: Process,
    address: std::net::SocketAddr,
}

impl<'a> Hello<'a> {
    async fn start(stage: &'a Stage) -> anyhow::Result<Self> {
        let address = free()?;
        let program = stage.program("hello");
        let mut process = Process::start("hello", &program, &[address.to_string()], &[], stage.folder())?;
        process.listens(address).await?;
        Ok(Self {
            stage,
            process,
            address,
        })
    }
}

#[async_trait]
impl Side for Hello<'_> {
    fn name(&self) -> String {
        "tonic hello-world".to_owned()
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let channels = channels(self.address, IN_FLIGHT).await?;
        let id = Uuid::from_u128(7);
        let before = cpu::of_tree(self.process.pid());
        let sample = closed_loop(self.stage, IN_FLIGHT, timed, move |caller| {
            let channel = channels[caller % channels.len()].clone();
            async move {
                let interaction_id = id.to_string();
                InteractionServiceClient::new(channel)
                    .get_interaction(GetInteractionRequest { interaction_id })
                    .await
                    .map(|_| ())
            }
        })
        .await?;
        let cpu = Cpu {
            servers: cpu::of_tree(self.process.pid()) - before,
            ..sample.cpu
        };
        Ok(Sample { cpu, ..sample })
    }
}

/// Measures both reads.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    stage.run_only(&["interactions"]).await?;
    fill(stage, STORED).await?;
    let row = |work: &str, aim| Row {
        work: work.to_owned(),
        unit: "reads/s",
        aim: Aim::AtLeast(aim),
    };
    let mut by_id = Readers::new(stage, Read::ById, STORED).await?;
    let mut select = Pgbench::new(
        stage,
        OURS,
        "pgbench, the same row",
        &select_by_id(STORED),
        IN_FLIGHT,
    )?;
    let mut hello = Hello::start(stage).await?;
    let work = row("read by id, 64 in flight (the smaller partner counts)", 0.5);
    let mut all = compare(plan, work, &mut by_id, &mut [&mut select, &mut hello]).await?;

    let mut pages = Readers::new(stage, Read::Page, STORED).await?;
    let mut select = Pgbench::new(stage, OURS, "pgbench, the same SQL", &select_page(), IN_FLIGHT)?;
    let work = row("read a page of 100, 64 in flight", 0.6);
    all.extend(compare(plan, work, &mut pages, &mut [&mut select]).await?);
    Ok(all)
}
