//! A number of a year by the day, beside the same aggregate of the answers themselves.

use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;

use super::answers::{self, Year};
use super::calm;
use super::statements::Statements;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::stage::Stage;

const QUICK: &[u64] = &[20_000];
const FULL: &[u64] = &[1_000_000];
const LONG: &[u64] = &[1_000_000, 10_000_000];

struct RollUps<'a> {
    stage: &'a Stage,
    year: Year,
    stored: u64,
}

#[async_trait]
impl Side for RollUps<'_> {
    fn name(&self) -> String {
        "QueryMetric".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let sample = answers::query(self.stage, (self.year, self.stored), 1, timed).await?;
        Ok(sample.by_median())
    }
}

/// Measures the year with each number of answers stored.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan, long: bool) -> anyhow::Result<Vec<Comparison>> {
    let sizes = match (plan.quick, long) {
        (true, _) => QUICK,
        (false, false) => FULL,
        (false, true) => LONG,
    };
    let year = Year::before(Utc::now())?;
    let mut all = Vec::new();
    for &stored in sizes {
        // A service that works meanwhile and the filling may wait for each other.
        stage.stop_services().await?;
        answers::fill(stage, stored, year).await?;
        stage.run_only(&["feedback"]).await?;
        let row = Row {
            work: format!("QueryMetric, a year by day, {stored} answers, p50"),
            unit: "ms",
            aim: Aim::Itself(50.0),
        };
        let mut ours = RollUps { stage, year, stored };
        let count = format!(
            "SELECT date_trunc('day', occurred_at, 'UTC'), rating_score, count(*) FROM feedback.feedback
             WHERE tenant_id = 'bench' AND rating_scale = 'nps' AND occurred_at >= '{}' AND occurred_at < '{}'
             GROUP BY 1, 2",
            year.start.to_rfc3339(),
            year.end.to_rfc3339()
        );
        let mut by_hand = Statements::new(stage, OURS, "the answers counted in SQL", vec![count]).await?;
        all.extend(compare(plan, row, &mut ours, &mut [&mut by_hand]).await?);
    }
    Ok(all)
}
