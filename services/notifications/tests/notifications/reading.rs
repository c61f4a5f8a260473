use attune_api::improvement::v1::{
    CohortEntry, CreateInitiativeRequest, CreateIssueRequest, GetInitiativeRequest, Initiative, Issue,
    ListTellingsRequest, RollOutInitiativeRequest, Target, Telling, TellingState, TellingSummary,
};
use attune_api::notifications::v1::{Message, MessageState, RecordReadingRequest};
use attune_rpc::{instant, timestamp};
use attune_testkit::{Failure, Tenant, TestPlatform, reason, violated_fields};
use chrono::{DateTime, TimeDelta, Utc};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fixture::{explain, get, letter, person, send, told, withdraw};

fn reading(message_id: &str, read_at: Option<DateTime<Utc>>, source: &str) -> RecordReadingRequest {
    RecordReadingRequest {
        message_id: message_id.into(),
        read_time: read_at.map(timestamp),
        source: source.into(),
        request_id: String::new(),
    }
}

async fn record(tenant: &Tenant, request: RecordReadingRequest) -> Result<Message, Status> {
    let answer = tenant.messages().record_reading(request).await?.into_inner();
    Ok(answer.message.unwrap())
}

/// A message that Ana got, and when.
async fn sent(platform: &TestPlatform, tenant: &Tenant) -> Result<(String, DateTime<Utc>), Failure> {
    let ana = person(tenant, "Ana", "ana@example.com", "").await?;
    let message_id = send(tenant, &ana, &letter(tenant).await?, &[]).await?;
    platform.settle().await?;
    let message = get(tenant, &message_id).await?;
    assert_eq!(message.state(), MessageState::Sent);
    let sent_at = message.decided_at.and_then(instant).unwrap();
    platform.advance(TimeDelta::hours(2)).await?;
    Ok((message_id, sent_at))
}

#[tokio::test]
async fn the_first_reading_of_a_message_stands_is_told_of_and_is_explained() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let (message_id, sent_at) = sent(&platform, &acme).await?;
    assert_eq!(get(&acme, &message_id).await?.read_time, None);
    let read_at = sent_at + TimeDelta::minutes(40);
    let read = record(&acme, reading(&message_id, Some(read_at), "app.inbox")).await?;
    assert_eq!(
        (read.read_time, read.read_source.as_str(), read.state()),
        (Some(timestamp(read_at)), "app.inbox", MessageState::Sent)
    );
    let again = record(&acme, reading(&message_id, None, "mail provider")).await?;
    assert_eq!((&again, &get(&acme, &message_id).await?), (&read, &read));
    let decisions = explain(&acme, &message_id).await?;
    let outcomes: Vec<_> = decisions.iter().map(|one| one.outcome.as_str()).collect();
    assert_eq!(outcomes, ["sent", "read"]);
    assert_eq!(decisions[1].rule, "reading-1");
    assert!(
        decisions[1].inputs_json.contains(r#""source":"app.inbox""#),
        "{}",
        decisions[1].inputs_json
    );
    let told = told(&acme).await?;
    let types: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(types, ["MessageSent", "MessageRead"]);
    assert!(told.iter().all(|(_, subject)| *subject == message_id));
    Ok(())
}

#[tokio::test]
async fn what_was_not_sent_was_not_read() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let bo = person(&acme, "Bo", "bo@example.com", "").await?;
    withdraw(&acme, &bo).await?;
    let blocked = send(&acme, &bo, &letter(&acme).await?, &[]).await?;
    platform.settle().await?;
    let refused = record(&acme, reading(&blocked, None, "app.inbox"))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "WRONG_STATE")
    );
    let unknown = reading(&Uuid::now_v7().to_string(), None, "app.inbox");
    assert_eq!(record(&acme, unknown).await.unwrap_err().code(), Code::NotFound);
    let (message_id, _) = sent(&platform, &acme).await?;
    let globex = platform.tenant("globex");
    let foreign = record(&globex, reading(&message_id, None, "app.inbox")).await;
    assert_eq!(foreign.unwrap_err().code(), Code::NotFound);
    assert_eq!(get(&acme, &message_id).await?.read_time, None);
    Ok(())
}

#[tokio::test]
async fn a_message_is_read_after_it_was_sent_and_before_now() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let (message_id, sent_at) = sent(&platform, &acme).await?;
    let now = platform.now();
    for impossible in [now + TimeDelta::minutes(6), sent_at - TimeDelta::minutes(6)] {
        let refused = record(&acme, reading(&message_id, Some(impossible), "app.inbox")).await;
        assert_eq!(
            violated_fields(&refused.unwrap_err()),
            ["read_time"],
            "{impossible}"
        );
    }
    let nobody = record(&acme, reading("42", None, "")).await.unwrap_err();
    assert_eq!(violated_fields(&nobody), ["message_id", "source"]);
    // The clock of the application may be a little ahead.
    let ahead = reading(&message_id, Some(now + TimeDelta::minutes(2)), "app.inbox");
    let read = record(&acme, ahead).await?;
    assert_eq!(read.read_time, Some(timestamp(now)));
    Ok(())
}

#[tokio::test]
async fn a_repeated_reading_answers_the_same() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let (message_id, _) = sent(&platform, &acme).await?;
    let request = RecordReadingRequest {
        request_id: Uuid::new_v4().to_string(),
        ..reading(&message_id, None, "app.inbox")
    };
    let first = record(&acme, request.clone()).await?;
    platform.advance(TimeDelta::hours(1)).await?;
    assert_eq!(record(&acme, request).await?, first);
    assert_eq!(explain(&acme, &message_id).await?.len(), 2);
    Ok(())
}

/// A change that those persons are told about.
async fn rolled_out(platform: &TestPlatform, tenant: &Tenant, persons: &[String]) -> Result<String, Failure> {
    let entry = |profile_id: &String| CohortEntry {
        profile_id: profile_id.clone(),
        ..CohortEntry::default()
    };
    let request = CreateIssueRequest {
        issue: Some(Issue {
            title: "Bags come late".into(),
            topic_id: "lost_baggage".into(),
            ..Issue::default()
        }),
        cohort: persons.iter().map(entry).collect(),
        request_id: String::new(),
    };
    let issue = tenant
        .issues()
        .create_issue(request)
        .await?
        .into_inner()
        .issue
        .unwrap();
    let initiative = Initiative {
        issue_id: issue.issue_id,
        title: "A new belt".into(),
        hypothesis: "If the belt is faster, then fewer wait".into(),
        owner: "Ada".into(),
        target: Some(Target {
            metric: "topic_share".into(),
            smallest_relative_effect: 0.3,
            deadline_days: 14,
        }),
        ..Initiative::default()
    };
    let request = CreateInitiativeRequest {
        initiative: Some(initiative),
        change: "a new belt".into(),
        ..CreateInitiativeRequest::default()
    };
    let mut initiatives = tenant.initiatives();
    let planned = initiatives.create_initiative(request).await?.into_inner();
    let initiative_id = planned.initiative.unwrap().initiative_id;
    let request = RollOutInitiativeRequest {
        initiative_id: initiative_id.clone(),
        template_id: letter(tenant).await?,
        ..RollOutInitiativeRequest::default()
    };
    initiatives.roll_out_initiative(request).await?;
    platform.settle().await?;
    Ok(initiative_id)
}

/// What became of the tellings, and their sums.
async fn proof(tenant: &Tenant, initiative_id: &str) -> Result<(Vec<Telling>, TellingSummary), Status> {
    let mut initiatives = tenant.initiatives();
    let request = ListTellingsRequest {
        initiative_id: initiative_id.into(),
        iteration: 1,
        ..ListTellingsRequest::default()
    };
    let tellings = initiatives.list_tellings(request).await?.into_inner().tellings;
    let request = GetInitiativeRequest {
        initiative_id: initiative_id.into(),
    };
    let found = initiatives.get_initiative(request).await?.into_inner();
    let iteration = found.initiative.unwrap().iterations.pop().unwrap();
    Ok((tellings, iteration.telling.unwrap()))
}

#[tokio::test]
async fn who_was_told_of_a_change_is_proven_to_have_read_it() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let mut persons = Vec::new();
    for name in ["ana", "bo", "cy"] {
        persons.push(person(&acme, name, &format!("{name}@example.com"), "").await?);
    }
    withdraw(&acme, &persons[2]).await?;
    let initiative_id = rolled_out(&platform, &acme, &persons).await?;
    let (tellings, told) = proof(&acme, &initiative_id).await?;
    assert_eq!((told.sent, told.blocked, told.read), (2, 1, 0));
    let opened = tellings
        .iter()
        .find(|telling| telling.profile_id == persons[0])
        .unwrap();
    assert_eq!(opened.state(), TellingState::Sent);

    platform.advance(TimeDelta::hours(3)).await?;
    let read_at = platform.now() - TimeDelta::hours(1);
    record(&acme, reading(&opened.message_id, Some(read_at), "app.inbox")).await?;
    platform.settle().await?;
    let (tellings, told) = proof(&acme, &initiative_id).await?;
    assert_eq!((told.sent, told.blocked, told.read), (2, 1, 1));
    for telling in tellings {
        let wanted = (telling.profile_id == persons[0]).then(|| timestamp(read_at));
        assert_eq!(telling.read_time, wanted, "{telling:?}");
    }
    Ok(())
}
