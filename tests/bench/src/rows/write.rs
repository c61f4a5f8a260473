//! One durable write a call, beside the same rows written by pgbench.

use std::time::Duration;

use async_trait::async_trait;
use attune_api::feedback::v1::SubmitFeedbackRequest;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::interactions::v1::RecordInteractionRequest;
use attune_api::interactions::v1::interaction_service_client::InteractionServiceClient;
use prost::Message as _;
use tonic::Status;
use uuid::Uuid;

use super::{Pgbench, calm};
use crate::content;
use crate::load::closed_loop;
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::postgres::PARTNER;
use crate::stage::{Caller, Stage};

/// Calls in flight, and what the ratio shall be.
const CROWDS: [(usize, f64); 4] = [(1, 0.6), (16, 1.0), (64, 1.5), (256, 2.5)];

/// What is written.
#[derive(Clone, Copy, Debug)]
enum Write {
    Interaction,
    Feedback,
}

impl Write {
    fn method(self) -> &'static str {
        match self {
            Self::Interaction => "RecordInteraction",
            Self::Feedback => "SubmitFeedback",
        }
    }

    fn service(self) -> &'static str {
        match self {
            Self::Interaction => "interactions",
            Self::Feedback => "feedback",
        }
    }

    async fn call(self, caller: Caller) -> Result<(), Status> {
        let request_id = Uuid::new_v4().to_string();
        match self {
            Self::Interaction => {
                let request = RecordInteractionRequest {
                    interaction: Some(content::interaction()),
                    request_id,
                };
                InteractionServiceClient::new(caller)
                    .record_interaction(request)
                    .await?;
            }
            Self::Feedback => {
                let request = SubmitFeedbackRequest {
                    feedback: Some(content::feedback()),
                    request_id,
                };
                FeedbackServiceClient::new(caller)
                    .submit_feedback(request)
                    .await?;
            }
        }
        Ok(())
    }

    /// The transaction of three statements: the request, the row with its indexes, the event.
    fn script(self) -> String {
        let (schema, row, size) = match self {
            Self::Interaction => (
                "interactions",
                insert_interaction(),
                content::interaction().encoded_len(),
            ),
            Self::Feedback => ("feedback", insert_feedback(), content::feedback().encoded_len()),
        };
        format!(
            "BEGIN;\n\
             INSERT INTO {schema}.request (request_id, result_id, created_at, tenant_id, method, hash) \
             VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'bench', '{method}', \
             decode(repeat('5a', 32), 'hex')) ON CONFLICT DO NOTHING;\n{row};\n{event};\nEND;\n",
            method = self.method(),
            event = insert_event(schema, size),
        )
    }
}

/// One row into the table of contacts.
pub(crate) fn insert_interaction() -> String {
    format!(
        "INSERT INTO interactions.interaction (occurred_at, created_at, interaction_id, profile_id, tenant_id, channel, \
         direction, touchpoint, stage, outcome, product, agent_id, text, source_id) \
         VALUES (now(), now(), gen_random_uuid(), gen_random_uuid(), 'bench', 'chat', 'inbound', 'support', \
         'retention', 'answered', 'premium', 'agent-17', '{}', NULL)",
        content::TEXTS[0]
    )
}

fn insert_feedback() -> String {
    format!(
        "INSERT INTO feedback.feedback (occurred_at, created_at, sentiment_score, sentiment_probability, feedback_id, \
         profile_id, rating_score, tenant_id, origin, channel, touchpoint, product, agent_id, rating_scale, engine, \
         language, sentiment, topics, text) \
         VALUES (now(), now(), -0.5, 0.9, gen_random_uuid(), gen_random_uuid(), 2, 'bench', 'submitted', 'web', \
         'checkout', 'premium', '', 'csat', 'builtin-1', 'en', 'negative', '[]', '{}')",
        content::TEXTS[0]
    )
}

/// One row into the outbox of `schema`, its payload of `size` bytes.
pub(crate) fn insert_event(schema: &str, size: usize) -> String {
    format!(
        "INSERT INTO {schema}.outbox (subject_version, occurred_at, event_id, subject, tenant_id, type, payload) \
         VALUES (1, now(), gen_random_uuid(), gen_random_uuid(), 'bench', \
         'attune.interactions.v1.InteractionRecorded', decode(repeat('5a', {size}), 'hex'))"
    )
}

/// Callers of one method.
struct Unary<'a> {
    stage: &'a Stage,
    write: Write,
    in_flight: usize,
}

#[async_trait]
impl Side for Unary<'_> {
    fn name(&self) -> String {
        self.write.method().to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let callers = self.stage.callers(self.write.service(), self.in_flight).await?;
        let write = self.write;
        closed_loop(self.stage, self.in_flight, timed, move |caller| {
            write.call(callers[caller % callers.len()].clone())
        })
        .await
    }
}

/// Measures both writes.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let mut all = Vec::new();
    for write in [Write::Interaction, Write::Feedback] {
        // Alone: who listens to it is another row.
        stage.run_only(&[write.service()]).await?;
        for (in_flight, aim) in CROWDS {
            if plan.quick && in_flight == 256 {
                continue;
            }
            let row = Row {
                work: format!("unary write, {}, {in_flight} in flight", write.method()),
                unit: "writes/s",
                aim: Aim::AtLeast(aim),
            };
            let mut ours = Unary {
                stage,
                write,
                in_flight,
            };
            let name = "pgbench, three statements";
            let mut pgbench = Pgbench::new(stage, PARTNER, name, &write.script(), in_flight)?;
            all.extend(compare(plan, row, &mut ours, &mut [&mut pgbench]).await?);
        }
    }
    Ok(all)
}

/// Callers of `RecordInteraction`, for other rows.
pub(crate) fn recorders(stage: &Stage, in_flight: usize) -> impl Side {
    Unary {
        stage,
        write: Write::Interaction,
        in_flight,
    }
}
