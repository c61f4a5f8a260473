//! The service through its public API, beside the real feedback and notifications services.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use attune_api::notifications::v1 as notifications;
use attune_api::profiles::v1 as profiles;
use attune_rpc::timestamp;
use attune_testkit::{Failure, Tenant, TestPlatform, reason, violated_fields};
use chrono::{DateTime, TimeDelta, Utc};
use tonic::Code;
use uuid::Uuid;

/// A topic that no other text mentions.
async fn topic(acme: &Tenant) -> Result<(), Failure> {
    let topic = feedback::Topic {
        topic_id: "ticket_machine".to_owned(),
        name: "Ticket machine".to_owned(),
        keywords: vec!["ticket machine".to_owned()],
        ..Default::default()
    };
    let request = feedback::CreateTopicRequest {
        topic: Some(topic),
        request_id: String::new(),
    };
    acme.topics().create_topic(request).await?;
    Ok(())
}

/// So many pieces of feedback on a day, of which `about` complain about the ticket machine.
async fn day(acme: &Tenant, at: DateTime<Utc>, about: usize, of: usize) -> Result<(), Failure> {
    let said = |place: usize| feedback::Feedback {
        channel: "app".to_owned(),
        product: "metro".to_owned(),
        text: if place < about {
            "the ticket machine is broken again, terrible".to_owned()
        } else {
            "the train was on time".to_owned()
        },
        occurred_at: Some(timestamp(
            at + TimeDelta::minutes(i64::try_from(place).unwrap_or_default()),
        )),
        ..Default::default()
    };
    let request = feedback::SubmitFeedbackStreamRequest {
        feedback: (0..of).map(said).collect(),
    };
    let mut answers = acme
        .feedback()
        .submit_feedback_stream(tokio_stream::once(request))
        .await?
        .into_inner();
    while let Some(answer) = answers.message().await? {
        let refused: Vec<_> = answer
            .results
            .iter()
            .flat_map(|result| &result.problems)
            .collect();
        assert!(refused.is_empty(), "{refused:?}");
    }
    Ok(())
}

async fn report(acme: &Tenant) -> Result<pb::Issue, Failure> {
    let entry = pb::CohortEntry {
        profile_id: Uuid::now_v7().to_string(),
        feedback_ids: vec![Uuid::now_v7().to_string()],
        ..Default::default()
    };
    let issue = pb::Issue {
        title: "Ticket machines break".to_owned(),
        topic_id: "ticket_machine".to_owned(),
        product: "metro".to_owned(),
        ..Default::default()
    };
    let request = pb::CreateIssueRequest {
        issue: Some(issue),
        cohort: vec![entry],
        request_id: String::new(),
    };
    Ok(acme
        .issues()
        .create_issue(request)
        .await?
        .into_inner()
        .issue
        .unwrap_or_default())
}

fn initiative(issue_id: &str) -> pb::CreateInitiativeRequest {
    pb::CreateInitiativeRequest {
        initiative: Some(pb::Initiative {
            issue_id: issue_id.to_owned(),
            title: "New machines".to_owned(),
            hypothesis: "If we replace the machines, then fewer will complain".to_owned(),
            owner: "Ada".to_owned(),
            target: Some(pb::Target {
                metric: "topic_share".to_owned(),
                smallest_relative_effect: 0.3,
                deadline_days: 14,
            }),
            ..Default::default()
        }),
        change: "new machines at every station".to_owned(),
        request_id: Uuid::now_v7().to_string(),
        ..Default::default()
    }
}

/// Feedback comes in, `about` of sixty a day about the ticket machine, and the clock goes with it.
async fn days(
    platform: &TestPlatform,
    acme: &Tenant,
    days: std::ops::Range<i64>,
    about: usize,
) -> Result<(), Failure> {
    let begin = platform.now() - TimeDelta::days(days.start);
    for later in days {
        day(acme, begin + TimeDelta::days(later), about, 60).await?;
        platform.advance_to(begin + TimeDelta::days(later + 1)).await?;
    }
    Ok(())
}

async fn template(acme: &Tenant) -> Result<String, Failure> {
    let variant = notifications::TemplateVariant {
        language: "en".to_owned(),
        subject: "{{ issue_title }}".to_owned(),
        body: "You told us. We have changed this: {{ change }}".to_owned(),
    };
    let template = notifications::Template {
        name: "You said, we did".to_owned(),
        purpose: profiles::Purpose::FollowUp.into(),
        variants: vec![variant],
        ..Default::default()
    };
    let request = notifications::CreateTemplateRequest {
        template: Some(template),
        request_id: String::new(),
    };
    let created = acme.templates().create_template(request).await?.into_inner();
    Ok(created.template.unwrap_or_default().template_id)
}

async fn read(acme: &Tenant, initiative_id: &str) -> Result<pb::Initiative, Failure> {
    let request = pb::GetInitiativeRequest {
        initiative_id: initiative_id.to_owned(),
    };
    Ok(acme
        .initiatives()
        .get_initiative(request)
        .await?
        .into_inner()
        .initiative
        .unwrap_or_default())
}

async fn roll_out(acme: &Tenant, initiative_id: &str) -> Result<pb::MeasurementPlan, Failure> {
    let request = pb::RollOutInitiativeRequest {
        initiative_id: initiative_id.to_owned(),
        template_id: template(acme).await?,
        ..Default::default()
    };
    let rolled_out = acme
        .initiatives()
        .roll_out_initiative(request)
        .await?
        .into_inner();
    let iterations = rolled_out.initiative.unwrap_or_default().iterations;
    Ok(iterations[0].plan.clone().unwrap_or_default())
}

#[tokio::test]
async fn a_change_is_judged_by_what_the_feedback_service_counted() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    topic(&acme).await?;
    for before in 1..=14 {
        day(&acme, platform.now() - TimeDelta::days(before), 1, 60).await?;
    }
    let issue = report(&acme).await?;
    days(&platform, &acme, 0..10, 20).await?;
    let planned = acme
        .initiatives()
        .create_initiative(initiative(&issue.issue_id))
        .await?
        .into_inner();
    let initiative_id = planned.initiative.unwrap_or_default().initiative_id;
    let plan = roll_out(&acme, &initiative_id).await?;
    assert!(
        (plan.baseline - 20.0 / 60.0).abs() < 0.01,
        "baseline {}",
        plan.baseline
    );
    assert_eq!(plan.baseline_n, 600);

    days(&platform, &acme, 10..24, 2).await?;
    let judged = read(&acme, &initiative_id).await?;
    let verdict = judged.iterations[0].verdict.clone().unwrap_or_default();
    assert_eq!(
        judged.state(),
        pb::InitiativeState::Effective,
        "{}",
        verdict.reason
    );
    assert!(verdict.relative_effect.unwrap_or_default() < -0.8, "{verdict:?}");
    // The person of this cohort has no profile: that they were not written to is on record, with the reason.
    let telling = judged.iterations[0].telling.clone().unwrap_or_default();
    assert_eq!((telling.pending, telling.blocked), (0, 1), "{telling:?}");
    assert_eq!(
        telling.blocked_by_reason.get("unknown_profile"),
        Some(&1),
        "{telling:?}"
    );

    let from = Some(pb::get_trace_request::From::InitiativeId(initiative_id));
    let trace = acme
        .trace()
        .get_trace(pb::GetTraceRequest {
            from,
            ..Default::default()
        })
        .await?
        .into_inner();
    let progress = trace.progress.unwrap_or_default();
    assert!(
        progress.told && progress.measured && progress.closed,
        "{progress:?}"
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn refusals_say_what_is_wrong_and_what_to_do() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let issue = report(&acme).await?;
    acme.initiatives()
        .create_initiative(initiative(&issue.issue_id))
        .await?;

    let second = acme
        .initiatives()
        .create_initiative(initiative(&issue.issue_id))
        .await
        .unwrap_err();
    assert_eq!(
        (second.code(), reason(&second).as_str()),
        (Code::FailedPrecondition, "WRONG_STATE")
    );
    assert!(second.message().contains("stop that one"), "{}", second.message());

    let empty = acme
        .initiatives()
        .create_initiative(pb::CreateInitiativeRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        (empty.code(), violated_fields(&empty)),
        (Code::InvalidArgument, vec!["initiative".to_owned()])
    );

    let get = pb::GetIssueRequest {
        issue_id: issue.issue_id.clone(),
    };
    let next_door = platform
        .tenant("other")
        .issues()
        .get_issue(get.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (next_door.code(), reason(&next_door).as_str()),
        (Code::NotFound, "NOT_FOUND")
    );
    let reader = platform.user("acme", "improvement.read")?;
    reader.issues().get_issue(get).await?;
    let write = reader
        .initiatives()
        .create_initiative(initiative(&issue.issue_id))
        .await
        .unwrap_err();
    assert_eq!(
        (write.code(), reason(&write).as_str()),
        (Code::PermissionDenied, "MISSING_SCOPE")
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_answers_the_same_and_another_body_is_refused() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let issue = report(&acme).await?;
    let request = initiative(&issue.issue_id);
    let first = acme
        .initiatives()
        .create_initiative(request.clone())
        .await?
        .into_inner();
    let again = acme
        .initiatives()
        .create_initiative(request.clone())
        .await?
        .into_inner();
    assert_eq!(first, again);
    let other = pb::CreateInitiativeRequest {
        change: "something else".to_owned(),
        ..request
    };
    let refused = acme.initiatives().create_initiative(other).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    platform.stop().await;
    Ok(())
}
