//! Short ways to say what a test is about.

use attune_api::events::v1::SubscribeRequest;
use attune_api::interactions::v1::{
    Direction, Interaction, InteractionRecorded, ListInteractionsRequest, RecordInteractionRequest,
    RecordInteractionResult, RecordInteractionsRequest,
};
use attune_testkit::{Failure, Tenant};
use chrono::{DateTime, Utc};
use prost::Message;
use prost_types::Timestamp;
use tonic::Status;

pub(crate) fn time(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: instant.timestamp_subsec_nanos().try_into().unwrap(),
    }
}

/// Something a person wrote at `occurred_at`, with the id that its source gave it, if any.
pub(crate) fn post(source_id: &str, occurred_at: DateTime<Utc>) -> Interaction {
    Interaction {
        channel: "social".into(),
        direction: Direction::Inbound.into(),
        touchpoint: "social.post".into(),
        text: "my bag is still not here".into(),
        occurred_at: Some(time(occurred_at)),
        source_id: source_id.into(),
        ..Interaction::default()
    }
}

pub(crate) async fn record(tenant: &Tenant, interaction: Interaction) -> Result<Interaction, Status> {
    let request = RecordInteractionRequest {
        interaction: Some(interaction),
        request_id: String::new(),
    };
    Ok(tenant
        .interactions()
        .record_interaction(request)
        .await?
        .into_inner()
        .interaction
        .unwrap())
}

/// Streams messages and answers their results, or how the stream ended.
pub(crate) async fn stream(
    tenant: &Tenant,
    messages: Vec<Vec<Interaction>>,
) -> Result<Vec<Vec<RecordInteractionResult>>, Status> {
    let requests = messages
        .into_iter()
        .map(|interactions| RecordInteractionsRequest { interactions });
    let mut responses = tenant
        .interactions()
        .record_interactions(futures::stream::iter(requests))
        .await?
        .into_inner();
    let mut answered = Vec::new();
    while let Some(response) = responses.message().await? {
        answered.push(response.results);
    }
    Ok(answered)
}

/// Every page of a list, `page_size` at a time.
pub(crate) async fn list(
    tenant: &Tenant,
    profile_id: &str,
    page_size: i32,
) -> Result<Vec<Interaction>, Status> {
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListInteractionsRequest {
            profile_id: profile_id.into(),
            page_size,
            page_token,
        };
        let page = tenant
            .interactions()
            .list_interactions(request)
            .await?
            .into_inner();
        listed.extend(page.interactions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(listed);
        }
    }
}

/// Everything that was told of the tenant's interactions so far.
pub(crate) async fn told(tenant: &Tenant) -> Result<Vec<Interaction>, Failure> {
    let request = SubscribeRequest {
        source: "interactions".into(),
        ..Default::default()
    };
    let mut feed = tenant
        .events(&tenant.channel())
        .subscribe(request)
        .await?
        .into_inner();
    let mut told = Vec::new();
    while let Some(response) = feed.message().await? {
        for event in response.events {
            told.extend(InteractionRecorded::decode(event.data)?.interaction);
        }
        if response.caught_up {
            break;
        }
    }
    Ok(told)
}
