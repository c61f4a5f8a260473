//! A cohort that is told, beside inserting the same messages.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use attune_api::improvement::v1::RollOutInitiativeRequest;
use attune_api::improvement::v1::initiative_service_client::InitiativeServiceClient;
use attune_api::notifications::v1::template_service_client::TemplateServiceClient;
use attune_api::notifications::v1::{CreateTemplateRequest, Template, TemplateVariant};
use attune_api::profiles::v1::Purpose;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::calm;
use super::initiative::Loop;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::{OURS, PARTNER};
use crate::stage::{Caller, Stage};

const PERSONS: u32 = 100_000;
const PERSONS_LONG: u32 = 1_000_000;
const PERSONS_QUICK: u32 = 5_000;
/// Persons named in one event, and messages in one statement of the partner's.
const CHUNK: u32 = 500;
const SERVICES: [&str; 4] = ["profiles", "feedback", "improvement", "notifications"];
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_mins(10);

const EMPTY: &str = "TRUNCATE notifications.message, notifications.decision, notifications.timer, notifications.outbox CASCADE";

/// Makes a template to tell with.
pub(super) async fn template(notifications: Caller, purpose: Purpose) -> anyhow::Result<String> {
    let variant = TemplateVariant {
        language: "en".to_owned(),
        subject: "You said, we did".to_owned(),
        body: "Your parcels come on time again.".to_owned(),
    };
    let template = Template {
        name: format!("bench {}", Uuid::new_v4()),
        purpose: purpose.into(),
        variants: vec![variant],
        ..Template::default()
    };
    let request = CreateTemplateRequest {
        template: Some(template),
        request_id: Uuid::new_v4().to_string(),
    };
    let made = TemplateServiceClient::new(notifications)
        .create_template(request)
        .await?;
    Ok(made.into_inner().template.context("no template")?.template_id)
}

/// From the call that declares a rollout until everyone's message is queued. Delivery begins meanwhile and blocks what
/// it gets to: profiles knows none of these persons.
struct Told<'a, 's> {
    stage: &'a Mutex<&'s mut Stage>,
    persons: u32,
    next: Option<Loop>,
}

#[async_trait]
impl Side for Told<'_, '_> {
    fn name(&self) -> String {
        "RollOutInitiative until all are queued".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let mut stage = self.stage.lock().await;
        stage.stop_services().await?;
        stage.postgres.run(OURS, EMPTY).await?;
        stage.run_only(&SERVICES).await?;
        let caller = stage.callers("improvement", 1).await?.remove(0);
        let planned = Loop::open(&caller).await?;
        planned.hit(&stage, self.persons).await?;
        self.next = Some(planned);
        calm(&stage).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        let planned = self.next.take().context("nothing was prepared")?;
        let mut stage = self.stage.lock().await;
        let notifications = stage.callers("notifications", 1).await?.remove(0);
        let template_id = template(notifications, Purpose::FollowUp).await?;
        let request = RollOutInitiativeRequest {
            initiative_id: planned.initiative_id.clone(),
            template_id,
            request_id: Uuid::new_v4().to_string(),
            ..RollOutInitiativeRequest::default()
        };
        let caller = stage.callers("improvement", 1).await?.remove(0);
        let pool = stage.postgres.pool(OURS, 1).await?;
        let (before, began) = (stage.cpu(), Instant::now());
        InitiativeServiceClient::new(caller)
            .roll_out_initiative(request)
            .await?;
        heard(&pool).await?;
        let took = began.elapsed();
        let cpu = stage.cpu().since(before);
        let queued: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM notifications.message WHERE tenant_id = 'bench' AND origin_id = $1",
        )
        .bind(&planned.initiative_id)
        .fetch_one(&pool)
        .await?;
        pool.close().await;
        // What is left to deliver is not to be in the partner's way.
        stage.stop_services().await?;
        ensure!(queued == i64::from(self.persons), "{queued} messages were queued");
        Ok(Sample {
            value: f64::from(self.persons) / took.as_secs_f64(),
            latencies: None,
            cpu,
        })
    }
}

/// Waits until improvement has told everybody and notifications has heard it all.
async fn heard(pool: &PgPool) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let heard: bool = sqlx::query_scalar(
            "SELECT NOT EXISTS (SELECT FROM improvement.cohort_telling WHERE ended_at IS NULL)
                AND NOT EXISTS (SELECT FROM improvement.outbox)
                AND EXISTS (SELECT FROM notifications.subscription s CROSS JOIN improvement.feed_head h
                            WHERE s.source = 'improvement' AND s.position >= h.position)",
        )
        .fetch_one(pool)
        .await?;
        if heard {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("notifications has not heard everything within {PATIENCE:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The same messages and their timers, as many in a transaction as one event names.
struct Inserted<'a, 's> {
    stage: &'a Mutex<&'s mut Stage>,
    persons: u32,
}

#[async_trait]
impl Side for Inserted<'_, '_> {
    fn name(&self) -> String {
        format!("INSERT, {CHUNK} a transaction")
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let stage = self.stage.lock().await;
        stage.postgres.run(PARTNER, EMPTY).await?;
        stage.postgres.checkpoint().await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        let stage = self.stage.lock().await;
        let pool = stage.postgres.pool(PARTNER, 1).await?;
        let (before, began) = (stage.cpu(), Instant::now());
        for chunk in 0..self.persons / CHUNK {
            let (first, last) = (chunk * CHUNK + 1, (chunk + 1) * CHUNK);
            let statements = format!(
                "BEGIN;
                 INSERT INTO notifications.message (created_at, message_id, profile_id, template_id, tenant_id, channel,
                     purpose, origin_kind, origin_id, occasion, recipient, state, variables)
                 SELECT now(), md5('message' || n)::uuid, md5('person' || n)::uuid, md5('template')::uuid, 'bench',
                     'email', 'follow_up', 'initiative', md5('initiative'), '1', md5('person' || n)::uuid, 'queued',
                     '{{\"change\": \"A second carrier takes over when the first is late\"}}'
                 FROM generate_series({first}, {last}) AS n;
                 INSERT INTO notifications.timer (due_at, subject, tenant_id, kind)
                 SELECT now(), md5('message' || n)::uuid, 'bench', 'notifications.delivery'
                 FROM generate_series({first}, {last}) AS n;
                 COMMIT"
            );
            sqlx::raw_sql(AssertSqlSafe(statements)).execute(&pool).await?;
        }
        let took = began.elapsed();
        let cpu = stage.cpu().since(before);
        pool.close().await;
        Ok(Sample {
            value: f64::from(self.persons / CHUNK * CHUNK) / took.as_secs_f64(),
            latencies: None,
            cpu,
        })
    }
}

/// Measures a cohort told, and with `long` a larger one.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan, long: bool) -> anyhow::Result<Vec<Comparison>> {
    let sizes: &[u32] = match (plan.quick, long) {
        (true, _) => &[PERSONS_QUICK],
        (false, false) => &[PERSONS],
        (false, true) => &[PERSONS, PERSONS_LONG],
    };
    let stage = Mutex::new(stage);
    let mut all = Vec::new();
    for &persons in sizes {
        let row = Row {
            work: format!("cohort of {persons} told, messages queued"),
            unit: "rows/s",
            aim: Aim::None,
        };
        let mut told = Told {
            stage: &stage,
            persons,
            next: None,
        };
        let mut inserted = Inserted {
            stage: &stage,
            persons,
        };
        all.extend(compare(plan, row, &mut told, &mut [&mut inserted]).await?);
    }
    Ok(all)
}
