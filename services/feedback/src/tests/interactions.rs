//! What is heard of interactions.

use attune_api::interactions::v1 as pb;
use attune_events::{ConsumeError, Consumer, Event};
use attune_rpc::timestamp;
use prost::{Message, Name};
use uuid::Uuid;

use super::{Bench, CANCELLED, instant};
use crate::events::Interactions;

pub(super) fn recorded(bench: &Bench, interaction: pb::Interaction) -> Event {
    Event {
        position: 1,
        id: Uuid::now_v7(),
        source: "interactions".into(),
        type_name: pb::InteractionRecorded::full_name(),
        subject: Uuid::now_v7(),
        subject_version: 1,
        tenant: bench.tenant.clone(),
        time: instant("2026-03-01T12:00:00Z"),
        trace_context: None,
        data: pb::InteractionRecorded {
            interaction: Some(interaction),
        }
        .encode_to_vec()
        .into(),
    }
}

pub(super) fn interaction(direction: pb::Direction, text: &str) -> pb::Interaction {
    pb::Interaction {
        interaction_id: Uuid::now_v7().to_string(),
        profile_id: Uuid::now_v7().to_string(),
        channel: "chat".into(),
        touchpoint: "chat.message".into(),
        product: "North".into(),
        direction: direction.into(),
        text: text.into(),
        occurred_at: Some(timestamp(instant("2026-03-01T11:00:00Z"))),
        ..pb::Interaction::default()
    }
}

async fn hear(bench: &Bench, events: &[Event]) -> Result<(), ConsumeError> {
    let mut tx = bench.db.system(&bench.tenant).await?;
    Interactions::new(bench.reader.clone())
        .handle_batch(&mut tx, events)
        .await?;
    tx.commit().await?;
    Ok(())
}

#[tokio::test]
async fn an_inbound_interaction_becomes_feedback_once_however_often_it_is_heard() {
    let bench = Bench::at("2026-03-01T12:00:00Z").await;
    let said = interaction(pb::Direction::Inbound, CANCELLED);
    let events = [
        recorded(&bench, said.clone()),
        recorded(&bench, interaction(pb::Direction::Outbound, "we are sorry")),
        recorded(&bench, interaction(pb::Direction::Inbound, "")),
    ];
    hear(&bench, &events).await.unwrap();
    hear(&bench, &events).await.unwrap();
    hear(&bench, &[events[0].clone(), events[0].clone()])
        .await
        .unwrap();
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
            .await,
        1
    );
    let row: (String, String, String, Uuid, Uuid) = sqlx::query_as(
        "SELECT channel, touchpoint, product, profile_id, interaction_id FROM feedback.feedback",
    )
    .fetch_one(&bench.admin)
    .await
    .unwrap();
    assert_eq!(
        (row.0.as_str(), row.1.as_str(), row.2.as_str()),
        ("chat", "chat.message", "North")
    );
    assert_eq!(
        (row.3.to_string(), row.4.to_string()),
        (said.profile_id, said.interaction_id)
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_true_is_poison_and_leaves_nothing() {
    let bench = Bench::at("2026-03-01T12:00:00Z").await;
    let broken = pb::Interaction {
        channel: "No Channel".into(),
        ..interaction(pb::Direction::Inbound, CANCELLED)
    };
    let events = [
        recorded(&bench, interaction(pb::Direction::Inbound, CANCELLED)),
        recorded(&bench, broken),
    ];
    assert!(matches!(
        hear(&bench, &events).await,
        Err(ConsumeError::Poison(_))
    ));
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
            .await,
        0
    );
}
