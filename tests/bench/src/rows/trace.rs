//! The trace through a loop of many complaints, beside the same page of them in SQL.

use std::time::Duration;

use async_trait::async_trait;
use attune_api::improvement::v1::GetTraceRequest;
use attune_api::improvement::v1::get_trace_request::From;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use tonic::Status;
use uuid::Uuid;

use super::initiative::Loop;
use super::{Pgbench, calm};
use crate::load::closed_loop;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::stage::{Caller, Stage};

const COMPLAINTS: u32 = 100_000;
const COMPLAINTS_QUICK: u32 = 5_000;
const PAGE: i32 = 100;
const IN_FLIGHT: usize = 16;
/// Complaints that a trace begins with, spread over all of them.
const BEGINNINGS: i64 = 1_000;

/// Where a trace begins.
#[derive(Clone, Debug)]
enum Beginning {
    /// One complaint, as random as any: what one customer set in motion.
    Complaint(Vec<Uuid>),
    /// The issue: everybody's complaints, a page of them.
    Issue(String),
}

impl Beginning {
    fn pick(&self) -> From {
        match self {
            Self::Complaint(ids) => From::FeedbackId(ids[rand::random_range(0..ids.len())].to_string()),
            Self::Issue(id) => From::IssueId(id.clone()),
        }
    }
}

struct Traces<'a> {
    stage: &'a Stage,
    beginning: Beginning,
}

#[async_trait]
impl Side for Traces<'_> {
    fn name(&self) -> String {
        "GetTrace".to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let callers = self.stage.callers("improvement", IN_FLIGHT).await?;
        let beginning = self.beginning.clone();
        closed_loop(self.stage, IN_FLIGHT, timed, move |caller| {
            trace(callers[caller % callers.len()].clone(), beginning.pick())
        })
        .await
    }
}

/// A trace that does not show the complaints that it should is a failure.
async fn trace(caller: Caller, from: From) -> Result<(), Status> {
    let expected = match from {
        From::FeedbackId(_) => 1,
        _ => PAGE.unsigned_abs() as usize,
    };
    let request = GetTraceRequest {
        from: Some(from),
        page_size: PAGE,
        ..GetTraceRequest::default()
    };
    let found = TraceServiceClient::new(caller)
        .get_trace(request)
        .await?
        .into_inner();
    if found.feedback.len() == expected && found.initiatives.len() == 1 {
        Ok(())
    } else {
        Err(Status::data_loss("the trace is not whole"))
    }
}

async fn some_complaints(stage: &Stage, complaints: u32) -> anyhow::Result<Vec<Uuid>> {
    let pool = stage.postgres.pool(OURS, 1).await?;
    let step = (i64::from(complaints) / BEGINNINGS).max(1);
    let ids = sqlx::query_scalar(
        "SELECT feedback_id FROM improvement.evidence WHERE tenant_id = 'bench' AND hashtext(feedback_id::text) % $1 = 0
         LIMIT $2",
    )
    .bind(i32::try_from(step)?)
    .bind(BEGINNINGS)
    .fetch_all(&pool)
    .await?;
    pool.close().await;
    Ok(ids)
}

/// Measures both beginnings.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    stage.run_only(&["improvement"]).await?;
    let complaints = if plan.quick { COMPLAINTS_QUICK } else { COMPLAINTS };
    let caller = stage.callers("improvement", 1).await?.remove(0);
    let planned = Loop::open(&caller).await?;
    let empty = "TRUNCATE improvement.evidence, improvement.cohort_member CASCADE";
    stage.postgres.run(OURS, empty).await?;
    planned.hit(stage, complaints).await?;
    let one = Beginning::Complaint(some_complaints(stage, complaints).await?);
    let issue_id = planned.issue_id;
    let persons = format!(
        "\\set n random(1, {complaints})\nSELECT feedback_id, profile_id FROM improvement.evidence \
         WHERE tenant_id = 'bench' AND issue_id = '{issue_id}' AND profile_id = md5('person' || :n)::uuid \
         ORDER BY feedback_id LIMIT {PAGE};\n"
    );
    let page = format!(
        "SELECT feedback_id, profile_id FROM improvement.evidence \
         WHERE tenant_id = 'bench' AND issue_id = '{issue_id}' ORDER BY feedback_id LIMIT {};\n",
        PAGE + 1
    );
    let mut all = Vec::new();
    for (from, beginning, script) in [
        ("one complaint", one, persons),
        ("the issue, a page of 100", Beginning::Issue(issue_id), page),
    ] {
        let row = Row {
            work: format!("trace from {from}, {complaints} complaints in the loop"),
            unit: "traces/s",
            aim: Aim::None,
        };
        let mut ours = Traces { stage, beginning };
        let mut select = Pgbench::new(stage, OURS, "pgbench, the complaints alone", &script, IN_FLIGHT)?;
        all.extend(compare(plan, row, &mut ours, &mut [&mut select]).await?);
    }
    Ok(all)
}
