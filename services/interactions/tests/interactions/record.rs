use attune_api::interactions::v1::{
    Direction, GetInteractionRequest, Interaction, JourneyStage, RecordInteractionRequest,
};
use attune_testkit::{Failure, TestPlatform, reason, violated_fields};
use prost_types::Duration;
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{list, post, record, told};

#[tokio::test]
async fn a_recorded_interaction_is_read_back_and_told_once_as_it_was_given() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let given = Interaction {
        profile_id: Uuid::now_v7().to_string(),
        direction: Direction::SelfService.into(),
        stage: JourneyStage::Loyalty.into(),
        outcome: "resolved".into(),
        product: "Economy".into(),
        agent_id: "E-7".into(),
        matter_id: "T-1".into(),
        waited: Some(Duration {
            seconds: 90,
            nanos: 250_000_000,
        }),
        ..post("tweet-1", platform.now())
    };
    let recorded = record(&acme, given.clone()).await?;
    let output = Interaction {
        interaction_id: String::new(),
        create_time: None,
        ..recorded.clone()
    };
    assert_eq!(output, given);
    let request = GetInteractionRequest {
        interaction_id: recorded.interaction_id.clone(),
    };
    let read = acme
        .interactions()
        .get_interaction(request.clone())
        .await?
        .into_inner()
        .interaction;
    assert_eq!(read, Some(recorded.clone()));
    let others = platform
        .tenant("globex")
        .interactions()
        .get_interaction(request)
        .await
        .unwrap_err();
    assert_eq!(others.code(), Code::NotFound);
    platform.settle().await?;
    assert_eq!(told(&acme).await?, [recorded]);
    Ok(())
}

#[tokio::test]
async fn what_a_source_sends_again_is_the_interaction_it_was() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let first = record(&acme, post("tweet-1", platform.now())).await?;
    let again = Interaction {
        text: "edited".into(),
        ..post("tweet-1", platform.now())
    };
    let request = RecordInteractionRequest {
        interaction: Some(again),
        request_id: Uuid::new_v4().to_string(),
    };
    for _ in 0..2 {
        let answered = acme
            .interactions()
            .record_interaction(request.clone())
            .await?
            .into_inner();
        assert_eq!(answered.interaction, Some(first.clone()));
    }
    // The same id from another channel is another interaction, and so is one without an id.
    let mail = Interaction {
        channel: "email".into(),
        ..post("tweet-1", platform.now())
    };
    record(&acme, mail).await?;
    record(&acme, post("", platform.now())).await?;
    record(&acme, post("", platform.now())).await?;
    assert_eq!(list(&acme, "", 0).await?.len(), 4);
    platform.settle().await?;
    assert_eq!(told(&acme).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_records_once() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let request = RecordInteractionRequest {
        interaction: Some(post("", platform.now())),
        request_id: Uuid::new_v4().to_string(),
    };
    let mut clients: Vec<_> = (0..6).map(|_| acme.interactions()).collect();
    let calls = clients
        .iter_mut()
        .map(|client| client.record_interaction(request.clone()));
    let answers = futures::future::try_join_all(calls).await?;
    let ids: std::collections::HashSet<_> = answers
        .into_iter()
        .map(|answer| answer.into_inner().interaction.unwrap().interaction_id)
        .collect();
    assert_eq!((ids.len(), list(&acme, "", 0).await?.len()), (1, 1));
    let other = RecordInteractionRequest {
        interaction: Some(post("another", platform.now())),
        ..request
    };
    let refused = acme.interactions().record_interaction(other).await.unwrap_err();
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    Ok(())
}

#[tokio::test]
async fn everything_wrong_with_an_interaction_is_told_at_once() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let wrong = Interaction {
        profile_id: "nobody".into(),
        channel: "Social".into(),
        stage: 99,
        text: "x".repeat(20_001),
        matter_id: "x".repeat(201),
        waited: Some(Duration {
            seconds: -1,
            nanos: 0,
        }),
        ..Interaction::default()
    };
    let refused = record(&platform.tenant("acme"), wrong).await.unwrap_err();
    let fields = [
        "profile_id",
        "channel",
        "direction",
        "touchpoint",
        "stage",
        "text",
        "occurred_at",
        "matter_id",
        "waited",
    ];
    assert_eq!(
        violated_fields(&refused),
        fields.map(|field| format!("interaction.{field}"))
    );
    assert!(!refused.message().contains("xxxx"));
    Ok(())
}

#[tokio::test]
async fn what_many_record_at_once_is_answered_each_for_itself() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let twin = Uuid::new_v4().to_string();
    let request = |number: usize| {
        // Two callers send the same request, a third one sends another under its id.
        let (text, request_id) = match number {
            0 | 1 => ("twin".to_owned(), twin.clone()),
            2 => ("not the twin".to_owned(), twin.clone()),
            _ => (format!("text {number}"), Uuid::new_v4().to_string()),
        };
        let interaction = Interaction {
            text,
            ..post("", platform.now())
        };
        RecordInteractionRequest {
            interaction: Some(interaction),
            request_id,
        }
    };
    let answers = futures::future::join_all((0..40).map(|number| {
        let (mut client, request) = (acme.interactions(), request(number));
        async move { client.record_interaction(request).await }
    }))
    .await;

    let (mut ids, mut refused) = (Vec::new(), Vec::new());
    for (number, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(answer) => {
                let recorded = answer.into_inner().interaction.ok_or("no interaction")?;
                if number > 2 {
                    assert_eq!(recorded.text, format!("text {number}"));
                }
                ids.push(recorded.interaction_id);
            }
            Err(status) => refused.push((number, reason(&status))),
        }
    }
    // Whichever of the three came first, the others are its repetition or are refused.
    assert!(!refused.is_empty() && refused.len() <= 2, "{refused:?}");
    for (number, reason) in &refused {
        assert!(*number <= 2 && reason == "REQUEST_ID_REUSED", "{refused:?}");
    }
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 38, "37 of their own and one twin");
    let stored = list(&acme, "", 100).await?;
    assert_eq!(stored.len(), 38);
    platform.settle().await?;
    assert_eq!(told(&acme).await?.len(), 38, "each is told once");
    Ok(())
}
