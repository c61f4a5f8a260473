//! What is told: how soon it has its effect in another service, and how much of it arrives.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use attune_api::events::v1::SubscribeRequest;
use attune_api::events::v1::event_feed_service_client::EventFeedServiceClient;
use attune_api::interactions::v1::RecordInteractionRequest;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Status;
use uuid::Uuid;

use super::write::insert_event;
use super::{Pgbench, calm};
use crate::content;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::{OURS, PARTNER};
use crate::stage::{Caller, Stage};

/// Between two events whose way is timed.
const REST: Duration = Duration::from_millis(10);
/// Between two looks for the effect. They time nothing; they only tell when the next event may follow.
const LOOK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(30);
/// Who listen to one source.
const SUBSCRIBERS: usize = 4;
const WRITERS: usize = 16;
/// Callers at half load: enough to keep the service busy, with a rest after each call.
const BACKGROUND: usize = 8;

/// Load besides what is timed.
struct Background {
    callers: JoinSet<Result<(), Status>>,
}

impl Background {
    /// `rate` contacts a second; none for 0.
    async fn start(stage: &Stage, rate: f64) -> anyhow::Result<Self> {
        let mut callers = JoinSet::new();
        if rate > 0.0 {
            let period = Duration::from_secs_f64(BACKGROUND as f64 / rate);
            for caller in stage
                .callers("interactions", BACKGROUND)
                .await?
                .into_iter()
                .cycle()
                .take(BACKGROUND)
            {
                callers.spawn(steady(caller, period));
            }
        }
        Ok(Self { callers })
    }

    async fn end(mut self) -> anyhow::Result<()> {
        if let Some(ended) = self.callers.try_join_next() {
            ended??;
            bail!("the background load ended by itself");
        }
        self.callers.shutdown().await;
        Ok(())
    }
}

/// One contact every `period`, without catching up on what was late.
async fn steady(caller: Caller, period: Duration) -> Result<(), Status> {
    let mut client = InteractionServiceClient::new(caller);
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        record(&mut client).await?;
    }
}

async fn record(client: &mut InteractionServiceClient<Caller>) -> Result<Uuid, Status> {
    let request = RecordInteractionRequest {
        interaction: Some(content::interaction()),
        request_id: Uuid::new_v4().to_string(),
    };
    let recorded = client.record_interaction(request).await?.into_inner().interaction;
    let id = recorded
        .map(|recorded| recorded.interaction_id)
        .unwrap_or_default();
    id.parse().map_err(|_| Status::data_loss("the answer has no id"))
}

/// From a contact's commit to that of the feedback that is heard in it, as Postgres dates them.
struct Heard<'a> {
    stage: &'a Stage,
    pool: PgPool,
    background: f64,
}

#[async_trait]
impl Side for Heard<'_> {
    fn name(&self) -> String {
        "interactions to feedback".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, lasting: Duration) -> anyhow::Result<Sample> {
        let background = Background::start(self.stage, self.background).await?;
        let caller = self.stage.callers("interactions", 1).await?.remove(0);
        let mut client = InteractionServiceClient::new(caller);
        let (before, end) = (self.stage.cpu(), Instant::now() + lasting);
        let mut recorded = Vec::new();
        while Instant::now() < end {
            let id = record(&mut client).await?;
            let committed = Instant::now();
            while !self.heard(id).await? {
                if committed.elapsed() > PATIENCE {
                    bail!("no feedback was heard in {id} within {PATIENCE:?}");
                }
                tokio::time::sleep(LOOK).await;
            }
            recorded.push(id);
            tokio::time::sleep(REST).await;
        }
        let cpu = self.stage.cpu().since(before);
        background.end().await?;
        Ok(Sample::median_of(self.times(&recorded).await?, cpu))
    }
}

impl Heard<'_> {
    async fn heard(&self, id: Uuid) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM feedback.feedback
                            WHERE tenant_id = 'bench' AND interaction_id = $1 AND origin = 'interaction')",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
    }

    /// How long after the contact's commit its feedback was committed.
    async fn times(&self, recorded: &[Uuid]) -> anyhow::Result<Vec<Duration>> {
        let seconds: Vec<f64> = sqlx::query_scalar(
            "SELECT extract(epoch FROM pg_xact_commit_timestamp(heard.xmin)
                                       - pg_xact_commit_timestamp(said.xmin))::float8
             FROM interactions.interaction AS said
             JOIN feedback.feedback AS heard USING (tenant_id, interaction_id)
             WHERE tenant_id = 'bench' AND interaction_id = ANY($1) AND heard.origin = 'interaction'",
        )
        .bind(recorded)
        .fetch_all(&self.pool)
        .await?;
        ensure!(
            seconds.len() == recorded.len(),
            "what was heard is not there any more"
        );
        Ok(seconds
            .into_iter()
            .map(|seconds| Duration::from_secs_f64(seconds.max(0.0)))
            .collect())
    }
}

/// A bare NOTIFY, heard on another connection that then inserts one row.
struct Notified<'a> {
    stage: &'a Stage,
    pool: PgPool,
    background: f64,
}

const NOTE_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS public.note (id uuid PRIMARY KEY, at timestamptz NOT NULL)";

#[async_trait]
impl Side for Notified<'_> {
    fn name(&self) -> String {
        "LISTEN/NOTIFY and one insert".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        self.stage.postgres.run(PARTNER, NOTE_TABLE).await?;
        calm(self.stage).await
    }

    async fn run(&mut self, lasting: Duration) -> anyhow::Result<Sample> {
        let background = Background::start(self.stage, self.background).await?;
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen("note").await?;
        let (before, end) = (self.stage.cpu(), Instant::now() + lasting);
        let mut times = Vec::new();
        while Instant::now() < end {
            let id = Uuid::now_v7();
            sqlx::query("SELECT pg_notify('note', $1)")
                .bind(id.to_string())
                .execute(&self.pool)
                .await?;
            let committed = Instant::now();
            let heard: Uuid = listener.recv().await?.payload().parse()?;
            sqlx::query("INSERT INTO public.note (id, at) VALUES ($1, now())")
                .bind(heard)
                .execute(&self.pool)
                .await?;
            times.push(committed.elapsed());
            tokio::time::sleep(REST).await;
        }
        let cpu = self.stage.cpu().since(before);
        background.end().await?;
        Ok(Sample::median_of(times, cpu))
    }
}

/// Subscribers that read a feed while rows are inserted into its outbox as fast as pgbench can.
struct Drained<'a> {
    stage: &'a Stage,
    pgbench: Pgbench<'a>,
    pool: PgPool,
    /// The cursor behind what was read in the runs before.
    read: String,
}

#[async_trait]
impl Side for Drained<'_> {
    fn name(&self) -> String {
        format!("drained to {SUBSCRIBERS} subscribers")
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    /// The rate from the first insert until every subscriber has the last event.
    async fn run(&mut self, lasting: Duration) -> anyhow::Result<Sample> {
        let head: i64 = sqlx::query_scalar("SELECT position FROM interactions.feed_head")
            .fetch_one(&self.pool)
            .await?;
        let mut subscribers: Vec<Subscriber> = Vec::with_capacity(SUBSCRIBERS);
        for _ in 0..SUBSCRIBERS {
            let subscriber = Subscriber::start(self.stage, self.read.clone(), head).await?;
            self.read = subscriber.through();
            subscribers.push(subscriber);
        }
        let (before, began) = (self.stage.cpu(), Instant::now());
        let inserted = self.pgbench.run(lasting).await?;
        let end = Instant::now() + PATIENCE;
        let mut connection = self.pool.acquire().await?;
        while super::told_and_not_numbered(self.stage, &mut connection).await? {
            if Instant::now() > end {
                bail!("what was told is not numbered within {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let last: i64 = sqlx::query_scalar("SELECT position FROM interactions.feed_head")
            .fetch_one(&mut *connection)
            .await?;
        for subscriber in &mut subscribers {
            subscriber.reaches(last).await?;
        }
        let took = began.elapsed();
        let cpu = self.stage.cpu().since(before);
        let servers = cpu.servers + inserted.cpu.servers;
        Ok(Sample {
            value: (last - head) as f64 / took.as_secs_f64(),
            latencies: None,
            cpu: crate::cpu::Cpu { servers, ..cpu },
        })
    }
}

/// How far somebody has read a feed.
#[derive(Clone, Debug, Default)]
struct Reached {
    position: i64,
    /// The cursor behind it, to go on from.
    through: String,
}

/// Reads the feed and remembers how far it came.
struct Subscriber {
    reached: watch::Receiver<Reached>,
    task: tokio::task::JoinHandle<()>,
}

impl Subscriber {
    /// Goes on after the cursor `after`, from the beginning where it is empty; returns when it has everything up to `head`.
    async fn start(stage: &Stage, after: String, head: i64) -> anyhow::Result<Self> {
        let caller = stage.callers("interactions", 1).await?.remove(0);
        let (sender, reached) = watch::channel(Reached::default());
        let task = tokio::spawn(async move {
            // Whoever waits sees that the sender is gone.
            let _ = follow(caller, after, &sender).await;
        });
        let mut subscriber = Self { reached, task };
        subscriber.reaches(head).await?;
        Ok(subscriber)
    }

    async fn reaches(&mut self, position: i64) -> anyhow::Result<()> {
        let there = self.reached.wait_for(|reached| reached.position >= position);
        tokio::time::timeout(PATIENCE, there)
            .await
            .with_context(|| format!("a subscriber did not reach position {position} within {PATIENCE:?}"))?
            .context("a subscriber's stream ended")?;
        Ok(())
    }

    fn through(&self) -> String {
        self.reached.borrow().through.clone()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(caller: Caller, after: String, reached: &watch::Sender<Reached>) -> Result<(), Status> {
    let request = SubscribeRequest {
        source: "interactions".to_owned(),
        after,
        ..SubscribeRequest::default()
    };
    let mut stream = EventFeedServiceClient::new(caller)
        .max_decoding_message_size(64 << 20)
        .subscribe(request)
        .await?
        .into_inner();
    while let Some(response) = stream.message().await? {
        reached.send_replace(Reached {
            position: response.through_position,
            through: response.through,
        });
    }
    Ok(())
}

/// How many contacts a second the service records with feedback listening; half of it is half load.
async fn sustainable(stage: &Stage, plan: &Plan) -> anyhow::Result<f64> {
    let mut all = super::write::recorders(stage, WRITERS);
    let sample = all.run(plan.timed).await?;
    Ok(sample.value)
}

/// Measures the way of one event, idle and at half load, and the flow of many.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    stage.run_only(&["interactions", "feedback"]).await?;
    calm(stage).await?;
    let full = sustainable(stage, plan).await?;
    let mut all = Vec::new();
    for (load, background) in [
        ("idle".to_owned(), 0.0),
        (format!("at {:.0} contacts/s", full / 4.0), full / 4.0),
    ] {
        let row = Row {
            work: format!("event, commit in one service to effect in another, p50, {load}"),
            unit: "ms",
            aim: Aim::AtMost(3.0),
        };
        let mut heard = Heard {
            stage,
            pool: stage.postgres.pool(OURS, 1).await?,
            background,
        };
        let mut notified = Notified {
            stage,
            pool: stage.postgres.pool(PARTNER, 2).await?,
            background,
        };
        all.extend(compare(plan, row, &mut heard, &mut [&mut notified]).await?);
        heard.pool.close().await;
        notified.pool.close().await;
    }
    all.extend(throughput(stage, plan).await?);
    Ok(all)
}

async fn throughput(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    stage.run_only(&["interactions"]).await?;
    // A payload that no subscription of another service would read.
    let script = format!("{};\n", insert_event("interactions", 240));
    let row = Row {
        work: format!("event throughput, one source, {SUBSCRIBERS} subscribers"),
        unit: "events/s",
        aim: Aim::AtLeast(0.8),
    };
    let mut drained = Drained {
        stage,
        pgbench: Pgbench::new(stage, OURS, "pgbench", &script, WRITERS)?,
        pool: stage.postgres.pool(OURS, 1).await?,
        read: String::new(),
    };
    let mut inserts = Pgbench::new(stage, PARTNER, "pgbench, plain inserts", &script, WRITERS)?;
    let compared = compare(plan, row, &mut drained, &mut [&mut inserts])
        .await
        .context("event throughput")?;
    drained.pool.close().await;
    Ok(compared)
}
