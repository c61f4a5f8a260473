use attune_api::events::v1::SubscribeRequest;
use attune_api::interactions::v1::{CloseInteractionRequest, Interaction, InteractionClosed};
use attune_testkit::{Failure, Tenant, TestPlatform, reason, violated_fields};
use chrono::TimeDelta;
use prost::{Message as _, Name as _};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fixture::{post, record, time};

async fn close(tenant: &Tenant, request: CloseInteractionRequest) -> Result<Interaction, Status> {
    let closed = tenant.interactions().close_interaction(request).await?;
    Ok(closed.into_inner().interaction.unwrap())
}

/// What was told of closed interactions so far.
async fn told(tenant: &Tenant) -> Result<Vec<Interaction>, Failure> {
    let request = SubscribeRequest {
        source: "interactions".into(),
        types: vec![InteractionClosed::full_name()],
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
            told.extend(InteractionClosed::decode(event.data)?.interaction);
        }
        if response.caught_up {
            break;
        }
    }
    Ok(told)
}

#[tokio::test]
async fn a_matter_is_closed_once_with_its_outcome_and_told_without_the_text() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let opened = record(&acme, post("ticket-1", platform.now())).await?;
    platform.advance(TimeDelta::hours(3)).await?;
    let request = CloseInteractionRequest {
        interaction_id: opened.interaction_id.clone(),
        outcome: "resolved".into(),
        closed_at: None,
        request_id: Uuid::new_v4().to_string(),
    };
    let closed = close(&acme, request.clone()).await?;
    let expected = Interaction {
        outcome: "resolved".into(),
        closed_at: Some(time(platform.now())),
        ..opened.clone()
    };
    assert_eq!(closed, expected);
    assert_eq!(
        close(&acme, request.clone()).await?,
        expected,
        "the same request again"
    );
    let another = CloseInteractionRequest {
        request_id: Uuid::new_v4().to_string(),
        ..request.clone()
    };
    let refused = close(&acme, another).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "WRONG_STATE")
    );
    let foreign = close(&platform.tenant("globex"), request).await.unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
    platform.settle().await?;
    let without_text = Interaction {
        text: String::new(),
        ..expected
    };
    assert_eq!(told(&acme).await?, [without_text]);
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_is_closed_when_it_is_recorded_is_told_as_both() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let over = Interaction {
        closed_at: Some(time(platform.now())),
        outcome: "resolved".into(),
        ..post("ticket-1", platform.now() - TimeDelta::hours(1))
    };
    let recorded = record(&acme, over.clone()).await?;
    record(&acme, over).await?;
    record(&acme, post("ticket-2", platform.now())).await?;
    platform.settle().await?;
    let told = told(&acme).await?;
    assert_eq!(told.len(), 1, "a repetition and what is open are not told");
    assert_eq!(
        (&told[0].interaction_id, told[0].closed_at),
        (&recorded.interaction_id, recorded.closed_at)
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn nothing_is_closed_before_it_happened_or_in_the_future() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let opened = record(&acme, post("ticket-1", platform.now())).await?;
    for minutes in [-1, 1] {
        let request = CloseInteractionRequest {
            interaction_id: opened.interaction_id.clone(),
            closed_at: Some(time(platform.now() + TimeDelta::minutes(minutes))),
            ..Default::default()
        };
        let refused = close(&acme, request).await.unwrap_err();
        assert_eq!(
            (refused.code(), violated_fields(&refused)),
            (Code::InvalidArgument, vec!["closed_at".to_owned()])
        );
    }
    let backwards = Interaction {
        closed_at: Some(time(platform.now() - TimeDelta::minutes(1))),
        ..post("ticket-2", platform.now())
    };
    let refused = record(&acme, backwards).await.unwrap_err();
    assert_eq!(violated_fields(&refused), ["interaction.closed_at"]);
    platform.stop().await;
    Ok(())
}
