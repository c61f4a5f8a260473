//! A verdict on the customers of a pilot, beside the same aggregate in SQL.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use attune_api::improvement::v1::pilot_service_client::PilotServiceClient;
use attune_api::improvement::v1::{CreatePilotRequest, Pilot, PilotMetric, StartPilotRequest};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::answers::{self, Year};
use super::initiative::Loop;
use super::statements::Statements;
use super::{calm, detection};
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::stage::{Caller, Stage};

const CUSTOMERS: u32 = 1_000_000;
const CUSTOMERS_QUICK: u32 = 20_000;
/// Answers that the level without the change is taken from.
const BASELINE: u64 = 20_000;
const LOOK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_mins(2);

/// Plans a pilot and begins it.
async fn started(improvement: Caller, initiative_id: String) -> anyhow::Result<String> {
    let mut client = PilotServiceClient::new(improvement);
    let pilot = Pilot {
        initiative_id,
        hypothesis: "With a second carrier customers recommend us more".to_owned(),
        metric: Some(PilotMetric {
            metric: "nps".to_owned(),
            slice: None,
        }),
        planned_effect: 10.0,
        treated_share: 0.5,
        deadline_days: 300,
        ..Pilot::default()
    };
    let request = CreatePilotRequest {
        pilot: Some(pilot),
        request_id: Uuid::new_v4().to_string(),
    };
    let planned = client.create_pilot(request).await?.into_inner();
    let pilot_id = planned.pilot.context("no pilot")?.pilot_id;
    let request = StartPilotRequest {
        pilot_id: pilot_id.clone(),
        request_id: Uuid::new_v4().to_string(),
    };
    client.start_pilot(request).await?;
    Ok(pilot_id)
}

/// Has `customers` exposed in both arms when the pilot began, each of whom answered an hour later.
async fn fill(stage: &Stage, pilot_id: &str, customers: u32, began: DateTime<Utc>) -> anyhow::Result<()> {
    let began = began.to_rfc3339();
    let statements = format!(
        "INSERT INTO improvement.pilot_assignment (assigned_at, exposed_at, treated_at, bucket, treated_share, pilot_id,
             profile_id, tenant_id, arm, stratum)
         SELECT '{began}', '{began}', CASE WHEN n % 2 = 0 THEN '{began}'::timestamptz END, n % 2 * 0.5, 0.5,
             '{pilot_id}', md5('person' || n)::uuid, 'bench', (ARRAY['treated', 'control'])[n % 2 + 1], ''
         FROM generate_series(1, {customers}) AS n;
         INSERT INTO improvement.pilot_outcome (occurred_at, value, pilot_id, profile_id, feedback_id, metric, tenant_id)
         SELECT '{began}'::timestamptz + interval '1 hour', (n::bigint * 7919 / 13 % 3 - 1) * 100, '{pilot_id}',
             md5('person' || n)::uuid, md5('said' || n)::uuid, 0, 'bench'
         FROM generate_series(1, {customers}) AS n;
         VACUUM ANALYZE improvement.pilot_assignment;
         VACUUM ANALYZE improvement.pilot_outcome"
    );
    for statement in statements.split(';') {
        stage.postgres.run(OURS, statement).await?;
    }
    Ok(())
}

/// The pilot's look, taken for the first time in each run.
struct Look<'a> {
    stage: &'a Stage,
    pool: PgPool,
    pilot_id: String,
    now: DateTime<Utc>,
}

#[async_trait]
impl Side for Look<'_> {
    fn name(&self) -> String {
        "from the look's time to the verdict".to_owned()
    }

    /// Takes the verdict back and sets the look in a minute.
    async fn prepare(&mut self) -> anyhow::Result<()> {
        let pilot_id = &self.pilot_id;
        let due_at = (self.now + TimeDelta::minutes(1)).to_rfc3339();
        let statements = format!(
            "DELETE FROM improvement.pilot_look WHERE tenant_id = 'bench';
             UPDATE improvement.pilot SET state = 'running', ended_at = NULL WHERE tenant_id = 'bench';
             DELETE FROM improvement.timer WHERE tenant_id = 'bench';
             INSERT INTO improvement.timer (due_at, subject, tenant_id, kind)
             VALUES ('{due_at}', '{pilot_id}', 'bench', 'improvement.pilot')"
        );
        self.stage.postgres.run(OURS, &statements).await?;
        calm(self.stage).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        self.now += TimeDelta::minutes(1);
        let (before, due, end) = (self.stage.cpu(), Instant::now(), Instant::now() + PATIENCE);
        self.stage.move_to(self.now)?;
        loop {
            let taken: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM improvement.pilot_look WHERE tenant_id = 'bench')",
            )
            .fetch_one(&self.pool)
            .await?;
            if taken {
                break;
            }
            if Instant::now() > end {
                bail!("no look was taken within {PATIENCE:?}");
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(Sample::median_of(
            vec![due.elapsed()],
            self.stage.cpu().since(before),
        ))
    }
}

/// Measures the look at a pilot of a million customers.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let customers = if plan.quick { CUSTOMERS_QUICK } else { CUSTOMERS };
    let began = detection::start()?;
    stage.virtual_time(began).await?;
    stage.run_only(&["feedback", "improvement"]).await?;
    answers::fill(stage, BASELINE, Year::before(began)?).await?;
    let caller = stage.callers("improvement", 1).await?.remove(0);
    let planned = Loop::open(&caller).await?;
    let pilot_id = started(caller, planned.initiative_id).await?;
    fill(stage, &pilot_id, customers, began).await?;
    let now = began + TimeDelta::hours(2);
    stage.move_to(now)?;

    let row = Row {
        work: format!("verdict on a pilot with {customers} answers"),
        unit: "ms",
        aim: Aim::None,
    };
    let aggregate = format!(
        "SELECT a.arm, count(*), sum(o.value), stddev_samp(o.value) FROM improvement.pilot_assignment a
         JOIN improvement.pilot_outcome o USING (tenant_id, pilot_id, profile_id)
         WHERE a.tenant_id = 'bench' AND a.pilot_id = '{pilot_id}' AND o.metric = 0 GROUP BY a.arm"
    );
    let mut ours = Look {
        stage,
        pool: stage.postgres.pool(OURS, 1).await?,
        pilot_id,
        now,
    };
    let mut by_hand = Statements::new(stage, OURS, "the arms' sums in SQL", vec![aggregate]).await?;
    compare(plan, row, &mut ours, &mut [&mut by_hand]).await
}
