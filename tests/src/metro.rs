//! A company whose ticket machines break: the room of story 3, and of a storm that two lines share.

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1::{self as imp, InitiativeState};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream;
use prost_types::Timestamp;
use uuid::Uuid;

/// Pieces of feedback a day on other matters; there is always the same.
const OTHERS: usize = 40;
const QUIET: usize = 1;

/// The company, and the platform it lives on.
#[derive(Debug)]
pub struct Metro<'p> {
    platform: &'p TestPlatform,
    company: Tenant,
}

fn instant(at: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: at.timestamp(),
        nanos: 0,
    }
}

impl<'p> Metro<'p> {
    /// Complaints a day while the machines are broken.
    pub const BROKEN: usize = 20;
    /// Complaints a day with the new ones.
    pub const MENDED: usize = 2;
    /// The line of the broken machines.
    pub const METRO: &'static str = "metro";
    /// Another line, which has machines of its own.
    pub const TRAM: &'static str = "tram";

    /// The company, with two quiet weeks behind it.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn open(platform: &'p TestPlatform) -> Result<Self, Failure> {
        Self::open_with(platform, "river-metro", &[Self::METRO]).await
    }

    /// The same of some name, with these lines.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn open_with(platform: &'p TestPlatform, name: &str, lines: &[&str]) -> Result<Self, Failure> {
        let metro = Self {
            platform,
            company: platform.tenant(name),
        };
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
        metro.company.topics().create_topic(request).await?;
        for day in 1..=14 {
            for line in lines {
                let day = platform.now() - TimeDelta::days(day);
                metro.say_of(line, day, QUIET, OTHERS).await?;
            }
        }
        Ok(metro)
    }

    /// Somebody of the company who may do everything.
    pub fn company(&self) -> &Tenant {
        &self.company
    }

    /// The platform it lives on.
    pub fn platform(&self) -> &TestPlatform {
        self.platform
    }

    /// On that day so many say that a machine is broken, and so many others something else.
    ///
    /// # Errors
    /// When the platform refuses.
    ///
    /// # Panics
    /// When the platform refuses one of them alone.
    pub async fn say(&self, day: DateTime<Utc>, broken: usize, others: usize) -> Result<(), Failure> {
        self.say_of(Self::METRO, day, broken, others).await
    }

    async fn say_of(
        &self,
        line: &str,
        day: DateTime<Utc>,
        broken: usize,
        others: usize,
    ) -> Result<(), Failure> {
        let said = |place: usize| fb::Feedback {
            channel: "app".to_owned(),
            product: line.to_owned(),
            text: if place < broken {
                "The ticket machine is broken again, terrible".to_owned()
            } else {
                "The train was on time".to_owned()
            },
            occurred_at: Some(instant(
                day + TimeDelta::seconds(20 * i64::try_from(place).unwrap_or_default()),
            )),
            ..fb::Feedback::default()
        };
        let request = fb::SubmitFeedbackStreamRequest {
            feedback: (0..broken + others).map(said).collect(),
        };
        let answers = self
            .company
            .feedback()
            .submit_feedback_stream(stream::iter([request]))
            .await?;
        let mut answers = answers.into_inner();
        while let Some(answer) = answers.message().await? {
            assert!(
                answer.results.iter().all(|result| result.problems.is_empty()),
                "{answer:?}"
            );
        }
        Ok(())
    }

    /// So many days go by, on each of which so many say that a machine is broken.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn live(&self, days: i64, broken: usize) -> Result<(), Failure> {
        self.live_on(days, &[(Self::METRO, broken)]).await
    }

    /// Today so many say on each of these lines that a machine is broken.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn say_on(&self, lines: &[(&str, usize)]) -> Result<(), Failure> {
        for (line, broken) in lines {
            self.say_of(line, self.platform.now(), *broken, OTHERS).await?;
        }
        Ok(())
    }

    /// The same on these lines.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn live_on(&self, days: i64, lines: &[(&str, usize)]) -> Result<(), Failure> {
        for _ in 0..days {
            let morning = self.platform.now();
            self.say_on(lines).await?;
            self.platform.advance_to(morning + TimeDelta::days(1)).await?;
        }
        Ok(())
    }

    /// Somebody reports the problem with three travellers it hit, each of whom complained twice; ten days later it is known
    /// what is to be done.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn plan_new_machines(&self) -> Result<String, Failure> {
        let issue_id = self.report().await?;
        self.live(10, Self::BROKEN).await?;
        self.plan(issue_id, None).await
    }

    /// Somebody reports the problem with three travellers it hit, each of whom complained twice; answers the issue.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn report(&self) -> Result<String, Failure> {
        let traveller = |_| imp::CohortEntry {
            profile_id: Uuid::now_v7().to_string(),
            feedback_ids: vec![Uuid::now_v7().to_string(), Uuid::now_v7().to_string()],
            ..Default::default()
        };
        let request = imp::CreateIssueRequest {
            issue: Some(imp::Issue {
                title: "Ticket machines break".to_owned(),
                topic_id: "ticket_machine".to_owned(),
                product: Self::METRO.to_owned(),
                ..imp::Issue::default()
            }),
            cohort: (0..3).map(traveller).collect(),
            request_id: String::new(),
        };
        let reported = self.company.issues().create_issue(request).await?.into_inner();
        Ok(reported.issue.ok_or("no issue")?.issue_id)
    }

    /// It is known what is to be done, and perhaps what to compare it with; answers the initiative.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn plan(
        &self,
        issue_id: String,
        comparison: Option<imp::Comparison>,
    ) -> Result<String, Failure> {
        let request = imp::CreateInitiativeRequest {
            initiative: Some(imp::Initiative {
                issue_id,
                title: "New machines".to_owned(),
                hypothesis: "If we replace the machines, then fewer will complain".to_owned(),
                owner: "Ines Marte".to_owned(),
                target: Some(imp::Target {
                    metric: "topic_share".to_owned(),
                    smallest_relative_effect: 0.3,
                    deadline_days: 14,
                }),
                comparison,
                ..imp::Initiative::default()
            }),
            change: "New machines at every station".to_owned(),
            ..Default::default()
        };
        let planned = self.company.initiatives().create_initiative(request).await?;
        Ok(planned
            .into_inner()
            .initiative
            .ok_or("no initiative")?
            .initiative_id)
    }

    /// The new machines are at every station.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn roll_out(&self, initiative_id: &str) -> Result<(), Failure> {
        let request = imp::RollOutInitiativeRequest {
            initiative_id: initiative_id.to_owned(),
            ..imp::RollOutInitiativeRequest::default()
        };
        self.company.initiatives().roll_out_initiative(request).await?;
        Ok(())
    }

    /// Days with few complaints, until the platform has judged.
    ///
    /// # Errors
    /// When the platform refuses, or has not judged within two weeks.
    ///
    /// # Panics
    /// When it judges otherwise than effective.
    pub async fn live_until_the_verdict(&self, initiative_id: &str) -> Result<(), Failure> {
        for _ in 0..14 {
            self.live(1, Self::MENDED).await?;
            let request = imp::GetInitiativeRequest {
                initiative_id: initiative_id.to_owned(),
            };
            let found = self
                .company
                .initiatives()
                .get_initiative(request)
                .await?
                .into_inner();
            let state = found.initiative.ok_or("no initiative")?.state();
            if state == InitiativeState::Effective {
                return Ok(());
            }
            let awaited = [InitiativeState::RolledOut, InitiativeState::Measuring];
            assert!(awaited.contains(&state), "{state:?}");
        }
        Err("no verdict within two weeks".into())
    }
}
