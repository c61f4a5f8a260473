//! Story 1, where fewer complaints are not the aim: those who use the ticket machines are to be more satisfied with them.
//! The same hypothesis on their NPS is refused with what can be judged. The verdict is of the answers that speak of the
//! machines, and says by how much satisfaction rose.

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1::{self as imp, InitiativeState, VerdictDecision};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream;
use prost_types::Timestamp;
use tonic::Code;

/// Answers a day that speak of the machines; as many speak of the trains, and are always content.
const ANSWERS: usize = 60;
/// How many of them are satisfied: usually, since the machines are slow, and with the new software.
const USUAL: usize = 54;
const SLOW: usize = 36;
const MENDED: usize = 54;

#[tokio::test(flavor = "multi_thread")]
async fn an_initiative_is_proven_to_have_made_customers_more_satisfied() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-02T00:00:00Z".parse()?).await?;
    let metro = Metro::open(&platform).await?;
    for day in 1..=7 {
        metro.hears(platform.now() - TimeDelta::days(day), USUAL).await?;
    }
    let issue_id = metro.reports_slow_machines().await?;
    metro.lives(10, SLOW).await?;

    let refused = metro.plans("nps", &issue_id).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let initiative_id = metro.plans("csat", &issue_id).await?;
    metro.rolls_out(&initiative_id).await?;
    let plan = metro.iteration(&initiative_id).await?.plan.ok_or("no plan")?;
    // 36 of 60, and not the 96 of 120 that would be the satisfaction with the whole line.
    assert!((plan.baseline - 0.6).abs() < 1e-9, "{}", plan.baseline);
    assert_eq!(plan.baseline_n, 10 * 60);
    assert!(
        (plan.smallest_effect - 0.12).abs() < 1e-9,
        "{}",
        plan.smallest_effect
    );

    let verdict = metro.lives_until_the_verdict(&initiative_id).await?;
    assert_eq!(
        verdict.decision(),
        VerdictDecision::Effective,
        "{}",
        verdict.reason
    );
    let (effect, low) = verdict.effect.zip(verdict.low).ok_or("no effect")?;
    assert!((effect - 0.3).abs() < 1e-9 && low > 0.12, "{effect}, from {low}");
    assert!(
        verdict.reason.contains("90.0 % where 60.0 % was to be expected"),
        "{}",
        verdict.reason
    );
    let request = imp::GetIssueRequest { issue_id };
    let issue = metro.company.issues().get_issue(request).await?.into_inner();
    assert_eq!(issue.issue.ok_or("no issue")?.state(), imp::IssueState::Resolved);
    platform.stop().await;
    Ok(())
}

struct Metro<'p> {
    platform: &'p TestPlatform,
    company: Tenant,
}

impl<'p> Metro<'p> {
    async fn open(platform: &'p TestPlatform) -> Result<Self, Failure> {
        let company = platform.tenant("river-metro");
        let topic = fb::Topic {
            topic_id: "ticket_machine".to_owned(),
            name: "Ticket machine".to_owned(),
            keywords: vec!["ticket machine".to_owned()],
            ..fb::Topic::default()
        };
        let request = fb::CreateTopicRequest {
            topic: Some(topic),
            request_id: String::new(),
        };
        company.topics().create_topic(request).await?;
        Ok(Self { platform, company })
    }

    /// On that day so many of those who speak of the machines are satisfied.
    async fn hears(&self, day: DateTime<Utc>, satisfied: usize) -> Result<(), Failure> {
        let said = |place: usize| fb::Feedback {
            channel: "app".to_owned(),
            product: "metro".to_owned(),
            rating: Some(fb::Rating {
                kind: fb::RatingKind::Csat.into(),
                value: if place < satisfied || place >= ANSWERS {
                    5
                } else {
                    2
                },
            }),
            text: if place < ANSWERS {
                "I bought it at the ticket machine".to_owned()
            } else {
                "The train was on time".to_owned()
            },
            occurred_at: Some(Timestamp {
                seconds: day.timestamp() + 20 * i64::try_from(place).unwrap_or_default(),
                nanos: 0,
            }),
            ..fb::Feedback::default()
        };
        let request = fb::SubmitFeedbackStreamRequest {
            feedback: (0..2 * ANSWERS).map(said).collect(),
        };
        let mut answers = self
            .company
            .feedback()
            .submit_feedback_stream(stream::iter([request]))
            .await?
            .into_inner();
        while let Some(answer) = answers.message().await? {
            assert!(
                answer.results.iter().all(|result| result.problems.is_empty()),
                "{answer:?}"
            );
        }
        Ok(())
    }

    /// So many days go by.
    async fn lives(&self, days: i64, satisfied: usize) -> Result<(), Failure> {
        for _ in 0..days {
            let morning = self.platform.now();
            self.hears(morning, satisfied).await?;
            self.platform.advance_to(morning + TimeDelta::days(1)).await?;
        }
        Ok(())
    }

    async fn reports_slow_machines(&self) -> Result<String, Failure> {
        let request = imp::CreateIssueRequest {
            issue: Some(imp::Issue {
                title: "Ticket machines are slow".to_owned(),
                topic_id: "ticket_machine".to_owned(),
                product: "metro".to_owned(),
                ..imp::Issue::default()
            }),
            ..imp::CreateIssueRequest::default()
        };
        let reported = self.company.issues().create_issue(request).await?.into_inner();
        Ok(reported.issue.ok_or("no issue")?.issue_id)
    }

    async fn plans(&self, metric: &str, issue_id: &str) -> Result<String, tonic::Status> {
        let request = imp::CreateInitiativeRequest {
            initiative: Some(imp::Initiative {
                issue_id: issue_id.to_owned(),
                title: "New software".to_owned(),
                hypothesis: "If we renew the software, then a fifth more are satisfied with the machines"
                    .to_owned(),
                owner: "Ines Marte".to_owned(),
                target: Some(imp::Target {
                    metric: metric.to_owned(),
                    smallest_relative_effect: 0.2,
                    deadline_days: 14,
                }),
                ..imp::Initiative::default()
            }),
            change: "New software in every machine".to_owned(),
            ..imp::CreateInitiativeRequest::default()
        };
        let planned = self.company.initiatives().create_initiative(request).await?;
        Ok(planned.into_inner().initiative.unwrap_or_default().initiative_id)
    }

    async fn rolls_out(&self, initiative_id: &str) -> Result<(), Failure> {
        let request = imp::RollOutInitiativeRequest {
            initiative_id: initiative_id.to_owned(),
            ..imp::RollOutInitiativeRequest::default()
        };
        self.company.initiatives().roll_out_initiative(request).await?;
        Ok(())
    }

    /// The only iteration.
    async fn iteration(&self, initiative_id: &str) -> Result<imp::Iteration, Failure> {
        let initiative = self.initiative(initiative_id).await?;
        Ok(initiative.iterations.into_iter().next().ok_or("no iteration")?)
    }

    async fn initiative(&self, initiative_id: &str) -> Result<imp::Initiative, Failure> {
        let request = imp::GetInitiativeRequest {
            initiative_id: initiative_id.to_owned(),
        };
        let found = self.company.initiatives().get_initiative(request).await?;
        Ok(found.into_inner().initiative.ok_or("no initiative")?)
    }

    /// Days with the new software, until the platform has judged.
    async fn lives_until_the_verdict(&self, initiative_id: &str) -> Result<imp::Verdict, Failure> {
        for _ in 0..14 {
            self.lives(1, MENDED).await?;
            let state = self.initiative(initiative_id).await?.state();
            if ![InitiativeState::RolledOut, InitiativeState::Measuring].contains(&state) {
                return Ok(self.iteration(initiative_id).await?.verdict.ok_or("no verdict")?);
            }
        }
        Err("no verdict within two weeks".into())
    }
}
