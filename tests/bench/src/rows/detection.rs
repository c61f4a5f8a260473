//! One look for hot issues over many topics of many products, beside reading what it looks at.

use std::time::{Duration, Instant};

use anyhow::bail;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use super::calm;
use super::statements::Statements;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::stage::Stage;

/// A Monday.
const START: &str = "2026-06-01T00:00:00Z";
/// As far back as a look reaches, and as far ahead as time is moved at most.
const DAYS_BEFORE: i64 = 56;
const DAYS_AFTER: i64 = 5;
/// Between two looks whether the record of a run is there.
const LOOK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_mins(2);

/// The instant at which the virtual time of these rows begins.
pub(super) fn start() -> anyhow::Result<DateTime<Utc>> {
    Ok(START.parse()?)
}

/// Has `topics` mentioned in feedback about each of `products`, now and then in the weeks before the start and in the
/// days after it, and the look for hot issues due at the start.
pub(super) async fn fill(stage: &Stage, topics: u32, products: u32) -> anyhow::Result<()> {
    let (before, after) = (DAYS_BEFORE * 24, DAYS_AFTER * 24);
    // A hash, so that a topic is mentioned every twelfth hour on average and not at the same hours.
    let statements = format!(
        "TRUNCATE feedback.feedback, feedback.topic_mention, feedback.slice_count, feedback.rating_count,
             feedback.mention_count, feedback.mention_person, feedback.outbox, feedback.detection,
             feedback.detection_run, feedback.detection_notice, feedback.hot_issue, feedback.cohort_member,
             feedback.cohort_anonymous, feedback.timer CASCADE;
         INSERT INTO feedback.slice_count (start, feedback, judged, negative, non_positive, tenant_id, grain, topic_id,
             product, channel, touchpoint)
         SELECT '{START}'::timestamptz + make_interval(hours => h), 480 + h * 7 % 40, 0, 0, 0, 'bench', 'hour', '',
             'product-' || p, 'web', 'checkout'
         FROM generate_series(-{before}, {after}) AS h CROSS JOIN generate_series(1, {products}) AS p;
         INSERT INTO feedback.mention_count (start, mentions, tenant_id, topic_id, product)
         SELECT '{START}'::timestamptz + make_interval(hours => h), 1 + hash / 12 % 3, 'bench', 'topic-' || t, 'product-' || p
         FROM generate_series(1, {topics}) AS t CROSS JOIN generate_series(1, {products}) AS p
         CROSS JOIN generate_series(-{before}, {after}) AS h
         CROSS JOIN LATERAL (SELECT abs(hashint8(t::bigint * 1000003 + p * 10007 + h))) AS hashed (hash)
         WHERE hash % 12 = 0;
         INSERT INTO feedback.detection (first_feedback_at, tenant_id)
         VALUES ('{START}'::timestamptz - make_interval(hours => {before}), 'bench');
         INSERT INTO feedback.timer (due_at, subject, tenant_id, kind)
         VALUES ('{START}', '00000000-0000-0000-0000-000000000000', 'bench', 'detect');
         VACUUM ANALYZE feedback.mention_count;
         VACUUM ANALYZE feedback.slice_count"
    );
    for statement in statements.split(';') {
        stage.postgres.run(OURS, statement).await?;
    }
    Ok(())
}

/// Waits until the look at `hour` is on record.
pub(super) async fn looked(pool: &PgPool, hour: DateTime<Utc>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let last: Option<DateTime<Utc>> =
            sqlx::query_scalar("SELECT last_run_at FROM feedback.detection WHERE tenant_id = 'bench'")
                .fetch_one(pool)
                .await?;
        if last.is_some_and(|last| last >= hour) {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("nobody looked for hot issues at {hour} within {PATIENCE:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The service, an hour later each time.
struct Hourly<'a> {
    stage: &'a Stage,
    pool: PgPool,
    hour: DateTime<Utc>,
}

#[async_trait]
impl Side for Hourly<'_> {
    fn name(&self) -> String {
        "from the full hour to the run's record".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        self.hour += TimeDelta::hours(1);
        let before = self.stage.cpu();
        let full = Instant::now();
        self.stage.move_to(self.hour)?;
        looked(&self.pool, self.hour).await?;
        Ok(Sample::median_of(
            vec![full.elapsed()],
            self.stage.cpu().since(before),
        ))
    }
}

/// Measures a run over 500 topics of 20 products.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let (topics, products) = if plan.quick { (50, 4) } else { (500, 20) };
    let start = start()?;
    stage.virtual_time(start).await?;
    fill(stage, topics, products).await?;
    stage.run_only(&["feedback"]).await?;
    let row = Row {
        work: format!("hot-issue run, {topics} topics × {products} products"),
        unit: "ms",
        aim: Aim::None,
    };
    let pool = stage.postgres.pool(OURS, 1).await?;
    looked(&pool, start).await?;
    let mut ours = Hourly {
        stage,
        pool,
        hour: start,
    };
    let window =
        format!("start >= '{START}'::timestamptz - interval '{DAYS_BEFORE} days' AND start < '{START}'");
    let read = vec![
        format!(
            "SELECT start, product, sum(feedback)::bigint FROM feedback.slice_count
             WHERE tenant_id = 'bench' AND grain = 'hour' AND topic_id = '' AND {window} GROUP BY start, product"
        ),
        format!(
            "SELECT start, topic_id, product, mentions FROM feedback.mention_count
             WHERE tenant_id = 'bench' AND {window} ORDER BY topic_id, product, start"
        ),
    ];
    let mut by_hand = Statements::new(stage, OURS, "the same counts read in SQL", read).await?;
    compare(plan, row, &mut ours, &mut [&mut by_hand]).await
}
