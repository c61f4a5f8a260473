//! Rows sent to the platform: ratings to feedback, everything else to interactions, which feedback hears.

use attune_api::feedback::v1::{Feedback, Rating, RatingKind, SubmitFeedbackStreamRequest};
use attune_api::interactions::v1::{Direction, Interaction, RecordInteractionsRequest};
use attune_rpc::timestamp;

use crate::customers::Customers;
use crate::input::{Rejection, Row, Scale};
use crate::platform::{Platform, ask};

/// Most items of one message.
const MESSAGE: usize = 500;

/// What became of some rows.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) accepted: u64,
    /// Known before.
    pub(crate) duplicates: u64,
    pub(crate) refused: Vec<Rejection>,
}

/// What became of one item.
struct Outcome {
    duplicate: bool,
    problems: Vec<String>,
}

impl Sent {
    fn count(&mut self, line: u64, outcome: &Outcome) {
        if !outcome.problems.is_empty() {
            self.refused.push(Rejection {
                line,
                reason: outcome.problems.join("; "),
            });
        } else if outcome.duplicate {
            self.duplicates += 1;
        } else {
            self.accepted += 1;
        }
    }

    /// Adds what became of others.
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.refused.extend(other.refused);
    }
}

/// Sends `rows`, whose customers were admitted. A row is one whether it is sent once or again.
pub(crate) async fn send(platform: &Platform, customers: &Customers, rows: &[Row]) -> anyhow::Result<Sent> {
    let mut sent = Sent::default();
    let (rated, said): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| !row.ratings.is_empty());
    for part in said.chunks(MESSAGE) {
        let interactions = part.iter().map(|row| interaction(row, customers)).collect();
        let outcomes = record(platform, interactions).await?;
        for (row, outcome) in part.iter().zip(outcomes) {
            sent.count(row.line, &outcome);
        }
    }
    for part in rated.chunks(MESSAGE) {
        let feedback = part
            .iter()
            .filter_map(|row| feedback(row, 0, customers))
            .collect();
        let outcomes = submit(platform, feedback).await?;
        for (row, outcome) in part.iter().zip(outcomes) {
            sent.count(row.line, &outcome);
        }
    }
    let further: Vec<Feedback> = rated
        .iter()
        .flat_map(|row| (1..row.ratings.len()).filter_map(|place| feedback(row, place, customers)))
        .collect();
    for part in further.chunks(MESSAGE) {
        submit(platform, part.to_vec()).await?;
    }
    Ok(sent)
}

async fn record(platform: &Platform, interactions: Vec<Interaction>) -> anyhow::Result<Vec<Outcome>> {
    let client = platform.interactions();
    let message = RecordInteractionsRequest { interactions };
    let mut answers = ask("RecordInteractions", || {
        let (mut client, message) = (client.clone(), message.clone());
        async move { client.record_interactions(tokio_stream::once(message)).await }
    })
    .await?;
    let mut outcomes = Vec::with_capacity(message.interactions.len());
    while let Some(answer) = answers.message().await? {
        outcomes.extend(answer.results.into_iter().map(|result| {
            Outcome {
                duplicate: result.duplicate,
                problems: result
                    .problems
                    .into_iter()
                    .map(|p| format!("{} {}", p.field, p.description))
                    .collect(),
            }
        }));
    }
    Ok(outcomes)
}

async fn submit(platform: &Platform, feedback: Vec<Feedback>) -> anyhow::Result<Vec<Outcome>> {
    let client = platform.feedback();
    let message = SubmitFeedbackStreamRequest { feedback };
    let mut answers = ask("SubmitFeedbackStream", || {
        let (mut client, message) = (client.clone(), message.clone());
        async move { client.submit_feedback_stream(tokio_stream::once(message)).await }
    })
    .await?;
    let mut outcomes = Vec::with_capacity(message.feedback.len());
    while let Some(answer) = answers.message().await? {
        outcomes.extend(answer.results.into_iter().map(|result| {
            Outcome {
                duplicate: result.duplicate,
                problems: result
                    .problems
                    .into_iter()
                    .map(|p| format!("{} {}", p.field, p.description))
                    .collect(),
            }
        }));
    }
    Ok(outcomes)
}

fn interaction(row: &Row, customers: &Customers) -> Interaction {
    Interaction {
        profile_id: customers.profile_of(&row.customer),
        channel: row.channel.clone(),
        direction: Direction::Inbound.into(),
        touchpoint: row.touchpoint.clone(),
        product: row.product.clone(),
        agent_id: row.agent.clone(),
        stage: row.stage.into(),
        text: row.text.clone(),
        occurred_at: Some(timestamp(row.at)),
        source_id: row.source_id.clone(),
        ..Interaction::default()
    }
}

/// The row's rating at `place`. The first one goes with the text; each further one is an answer of its own.
fn feedback(row: &Row, place: usize, customers: &Customers) -> Option<Feedback> {
    let rating = row.ratings.get(place)?;
    let kind = match rating.scale {
        Scale::Csat => RatingKind::Csat,
        Scale::Nps => RatingKind::Nps,
        Scale::Ces => RatingKind::Ces,
    };
    let (text, source_id) = match place {
        0 => (row.text.clone(), row.source_id.clone()),
        _ => (
            String::new(),
            format!("{}#{}", row.source_id, rating.scale.as_str()),
        ),
    };
    Some(Feedback {
        profile_id: customers.profile_of(&row.customer),
        channel: row.channel.clone(),
        touchpoint: row.touchpoint.clone(),
        product: row.product.clone(),
        agent_id: row.agent.clone(),
        team: row.team.clone(),
        stage: row.stage.into(),
        segments: row.segments.clone(),
        interaction_id: row.interaction.map(|id| id.to_string()).unwrap_or_default(),
        rating: Some(Rating {
            kind: kind.into(),
            value: rating.value,
        }),
        text,
        occurred_at: Some(timestamp(row.at)),
        source_id,
        ..Feedback::default()
    })
}
