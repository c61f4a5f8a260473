//! Messages that wait, handed over to an HTTP endpoint, beside queues that do the same from the same Postgres.

mod few;
mod peers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use async_trait::async_trait;
use attune_mailbox::{Limits, Mailbox};
use sqlx::AssertSqlSafe;
use tokio::sync::Mutex;

use crate::cpu::Cpu;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::rows::tell_costliest;
use crate::stage::Stage;
use few::Few;

/// Messages waiting at the start of each run, ours and those of each peer.
const WAITING: u32 = 100_000;
const WAITING_QUICK: u32 = 2_000;
/// So many that a queue may not become slower by them.
const MANY: u32 = 1_000_000;
const MANY_QUICK: u32 = 20_000;
/// As many as the worker takes up at once, a few times over: never idle, and nothing to search through.
const SOME: u32 = 2_000;
/// Mails after which a worker is warm and the clock begins.
const WARM: u64 = 200;
const EMPTY: &str = "TRUNCATE notifications.message, notifications.decision, notifications.timer, notifications.outbox CASCADE";
/// The instant in the first message's id.
const FIRST_ID_MILLIS: u64 = 1_790_000_000_000;
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until work has begun, and then counts mails for `timed` or until none waits. `cpu` reads what all cost.
async fn count(
    sink: &Mailbox,
    waiting: u32,
    timed: Duration,
    cpu: &(dyn Fn() -> Cpu + Sync),
) -> anyhow::Result<Sample> {
    if !arrived(sink, WARM, Instant::now() + PATIENCE).await {
        bail!("{} of {WARM} mails arrived within {PATIENCE:?}", sink.count());
    }
    let (first, before, began) = (sink.count(), cpu(), Instant::now());
    arrived(sink, waiting.into(), began + timed).await;
    let (mails, took) = (sink.count() - first, began.elapsed());
    Ok(Sample {
        value: mails as f64 / took.as_secs_f64(),
        latencies: None,
        cpu: cpu().since(before),
    })
}

/// Whether `mails` arrive until `end`.
async fn arrived(sink: &Mailbox, mails: u64, end: Instant) -> bool {
    while sink.count() < mails {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

struct Notifications<'a, 's> {
    stage: &'a Mutex<&'s mut Stage>,
    sink: &'a Mailbox,
    waiting: u32,
    /// Whether as many wait all the time, because others come for those that leave.
    kept: bool,
}

#[async_trait]
impl Side for Notifications<'_, '_> {
    fn name(&self) -> String {
        if self.kept {
            format!("notifications, {} waiting all the time", self.waiting)
        } else {
            "notifications".to_owned()
        }
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let mut stage = self.stage.lock().await;
        stage.stop_services().await?;
        stage.postgres.run(OURS, EMPTY).await?;
        stage.postgres.run(OURS, &queueing(1, self.waiting)).await?;
        let analyze = "ANALYZE notifications.message; ANALYZE notifications.timer";
        stage.postgres.run(OURS, analyze).await?;
        stage.postgres.checkpoint().await?;
        // Queueing is nobody's.
        stage.postgres.costliest().await?;
        self.sink.clear();
        Ok(())
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let mut stage = self.stage.lock().await;
        stage.sink = self.sink.webhook_url();
        stage.run_only(&["notifications"]).await?;
        let sample = {
            let running: &Stage = &stage;
            let readings = || running.cpu();
            if self.kept {
                tokio::select! {
                    sample = count(self.sink, u32::MAX, timed, &readings) => sample?,
                    error = keep(running, self.sink, self.waiting) => return Err(error),
                }
            } else {
                count(self.sink, self.waiting, timed, &readings).await?
            }
        };
        tell_costliest(&stage).await?;
        stage.stop_services().await?;
        Ok(sample)
    }
}

/// The statements that have the messages from `first` to `last` wait, with ids in the order of time as the service makes
/// them: a thousand a second.
fn queueing(first: u32, last: u32) -> String {
    let subject_and_body = r#"{"subject": "News of your order", "body": "Your parcel is on its way."}"#;
    let id = format!(
        "(lpad(to_hex({FIRST_ID_MILLIS} + n), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid"
    );
    format!(
        "INSERT INTO notifications.message (created_at, message_id, tenant_id, channel, purpose, origin_kind,
             origin_id, occasion, recipient, state, variables, content)
         SELECT now(), {id}, 'bench', 'email', 'service', 'api', n::text, '',
                'person' || n || '@example.com', 'queued', '{}', '{subject_and_body}'
         FROM generate_series({first}, {last}) AS n;
         INSERT INTO notifications.timer (due_at, subject, tenant_id, kind)
         SELECT now(), {id}, 'bench', 'notifications.delivery'
         FROM generate_series({first}, {last}) AS n",
        "{}"
    )
}

/// Queues as many as have left, again and again, so that `waiting` wait; ends by failing only.
async fn keep(stage: &Stage, sink: &Mailbox, waiting: u32) -> anyhow::Error {
    let mut queued = waiting;
    let pool = match stage.postgres.pool(OURS, 1).await {
        Ok(pool) => pool,
        Err(error) => return error,
    };
    loop {
        let wanted = u32::try_from(sink.count())
            .unwrap_or(u32::MAX)
            .saturating_add(waiting);
        if wanted > queued {
            let statements = queueing(queued + 1, wanted);
            if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&pool).await {
                return error.into();
            }
            queued = wanted;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Measures how fast messages leave with many waiting, and whether more of them make it slower.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan, long: bool) -> anyhow::Result<Vec<Comparison>> {
    let limits = Limits {
        mails: 1,
        ..Limits::default()
    };
    let sink = Arc::new(Mailbox::listen(([127, 0, 0, 1], 0).into(), limits).await?);
    // Filling takes longer than measuring, and a worker is warm before its clock begins.
    let plan = Plan {
        warm_up: false,
        ..*plan
    };
    let mut all = beside_itself(stage, &plan, &sink).await?;
    all.extend(peers::with_ten(stage, &plan, &sink).await?);
    let sizes: &[u32] = match (plan.quick, long) {
        (true, _) => &[WAITING_QUICK],
        (false, false) => &[WAITING],
        (false, true) => &[WAITING, MANY],
    };
    for &waiting in sizes {
        all.extend(peers::with_many(stage, &plan, &sink, waiting).await?);
    }
    Ok(all)
}

/// With very many waiting, beside itself with ten, and with some.
async fn beside_itself(
    stage: &mut Stage,
    plan: &Plan,
    sink: &Arc<Mailbox>,
) -> anyhow::Result<Vec<Comparison>> {
    let many = if plan.quick { MANY_QUICK } else { MANY };
    let row = Row {
        work: format!("dispatch over HTTP, {many} waiting"),
        unit: "mails/s",
        aim: Aim::AtLeast(0.9),
    };
    let stage = Mutex::new(stage);
    let side = |waiting, kept| Notifications {
        stage: &stage,
        sink,
        waiting,
        kept,
    };
    let (mut many, mut some) = (side(many, false), side(SOME, true));
    let mut ten = Few::new(&stage, sink);
    compare(plan, row, &mut many, &mut [&mut ten, &mut some]).await
}
