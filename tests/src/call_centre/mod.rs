//! A company that tries a new call script: the room of story 2.

mod pilot;

use attune_api::events::v1::SubscribeRequest;
use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1 as imp;
use attune_api::notifications::v1::{CreateTemplateRequest, Template, TemplateVariant};
use attune_api::profiles::v1::Purpose;
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream;
use prost_types::Timestamp;
use tonic::Status;
use uuid::Uuid;

/// The company, and the platform it lives on.
#[derive(Debug)]
pub struct CallCentre<'p> {
    platform: &'p TestPlatform,
    company: Tenant,
    template_id: String,
}

/// An instant on the wire.
pub fn instant(at: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: at.timestamp(),
        nanos: 0,
    }
}

impl<'p> CallCentre<'p> {
    /// What customers rate after a call.
    pub const PRODUCT: &'static str = "calls";

    /// A company that has heard from 300 callers in the last days, of whom 70 % were satisfied.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn open(platform: &'p TestPlatform) -> Result<Self, Failure> {
        let company = platform.tenant("hillside-telecom");
        let template = Template {
            name: "You said, we did".to_owned(),
            purpose: Purpose::FollowUp.into(),
            variants: vec![TemplateVariant {
                language: "en".to_owned(),
                subject: "About your call".to_owned(),
                body: "You said it. {{ change }}.".to_owned(),
            }],
            ..Template::default()
        };
        let request = CreateTemplateRequest {
            template: Some(template),
            request_id: String::new(),
        };
        let created = company.templates().create_template(request).await?.into_inner();
        let centre = Self {
            platform,
            company,
            template_id: created.template.ok_or("no template")?.template_id,
        };
        let callers = Self::customers(300);
        centre
            .answer_at(&callers, 70, instant(platform.now() - TimeDelta::days(2)))
            .await?;
        platform.settle().await?;
        Ok(centre)
    }

    /// Somebody of the company who may do everything.
    pub fn company(&self) -> &Tenant {
        &self.company
    }

    /// So many customers, by id.
    pub fn customers(count: usize) -> Vec<String> {
        (0..count).map(|_| Uuid::now_v7().to_string()).collect()
    }

    /// Reports a problem that hit `cohort`, and plans what is done about it.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn plan_initiative(&self, title: &str, cohort: &[String]) -> Result<imp::Initiative, Failure> {
        let entry = |profile_id: &String| imp::CohortEntry {
            profile_id: profile_id.clone(),
            ..Default::default()
        };
        let request = imp::CreateIssueRequest {
            issue: Some(imp::Issue {
                title: title.to_owned(),
                topic_id: "waiting".to_owned(),
                product: Self::PRODUCT.to_owned(),
                ..imp::Issue::default()
            }),
            cohort: cohort.iter().map(entry).collect(),
            request_id: String::new(),
        };
        let issue = self.company.issues().create_issue(request).await?.into_inner();
        let request = imp::CreateInitiativeRequest {
            initiative: Some(imp::Initiative {
                issue_id: issue.issue.ok_or("no issue")?.issue_id,
                title: title.to_owned(),
                hypothesis: "If agents listen first, then more callers are satisfied".to_owned(),
                owner: "Ines Marte".to_owned(),
                target: Some(imp::Target {
                    metric: "topic_share".to_owned(),
                    smallest_relative_effect: 0.3,
                    deadline_days: 14,
                }),
                ..imp::Initiative::default()
            }),
            change: "Agents listen first".to_owned(),
            ..Default::default()
        };
        let planned = self
            .company
            .initiatives()
            .create_initiative(request)
            .await?
            .into_inner();
        Ok(planned.initiative.ok_or("no initiative")?)
    }

    /// They rate a call now; so many of a hundred are satisfied.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn answer(&self, customers: &[String], satisfied: usize) -> Result<(), Failure> {
        self.answer_at(customers, satisfied, instant(self.platform.now()))
            .await?;
        self.platform.settle().await
    }

    /// They rated a call at an instant.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn answer_at(
        &self,
        customers: &[String],
        satisfied: usize,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let answers = customers
            .iter()
            .enumerate()
            .map(|(place, profile_id)| fb::Feedback {
                channel: "survey".to_owned(),
                product: Self::PRODUCT.to_owned(),
                profile_id: profile_id.clone(),
                rating: Some(fb::Rating {
                    kind: fb::RatingKind::Csat.into(),
                    // Spread evenly: 37 and 100 have no divisor in common.
                    value: if place * 37 % 100 < satisfied { 5 } else { 2 },
                }),
                occurred_at: Some(at),
                ..fb::Feedback::default()
            });
        let answers: Vec<_> = answers.collect();
        let requests: Vec<_> = answers
            .chunks(500)
            .map(|part| fb::SubmitFeedbackStreamRequest {
                feedback: part.to_vec(),
            })
            .collect();
        let stream = self
            .company
            .feedback()
            .submit_feedback_stream(stream::iter(requests))
            .await?;
        let mut stream = stream.into_inner();
        while let Some(answer) = stream.message().await? {
            if let Some(problem) = answer.results.iter().flat_map(|result| &result.problems).next() {
                return Err(format!("{}: {}", problem.field, problem.description).into());
            }
        }
        Ok(())
    }

    /// Gives the change to everyone, and tells the cohort.
    ///
    /// # Errors
    /// What the platform answers.
    pub async fn roll_out(
        &self,
        initiative: &imp::Initiative,
        pilot_override: Option<imp::PilotOverride>,
    ) -> Result<imp::Initiative, Status> {
        let request = imp::RollOutInitiativeRequest {
            initiative_id: initiative.initiative_id.clone(),
            template_id: self.template_id.clone(),
            pilot_override,
            ..imp::RollOutInitiativeRequest::default()
        };
        let rolled_out = self.company.initiatives().roll_out_initiative(request).await?;
        Ok(rolled_out.into_inner().initiative.unwrap_or_default())
    }

    /// What each person of the cohort was told.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn tellings(&self, initiative: &imp::Initiative) -> Result<Vec<imp::Telling>, Failure> {
        self.platform.settle().await?;
        let request = imp::ListTellingsRequest {
            initiative_id: initiative.initiative_id.clone(),
            iteration: 1,
            page_size: 200,
            ..imp::ListTellingsRequest::default()
        };
        Ok(self
            .company
            .initiatives()
            .list_tellings(request)
            .await?
            .into_inner()
            .tellings)
    }

    /// The events of one type that the improvement service told.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn told<P: prost::Message + prost::Name + Default>(&self) -> Result<Vec<P>, Failure> {
        let request = SubscribeRequest {
            source: "improvement".to_owned(),
            after: String::new(),
            types: vec![P::full_name()],
        };
        let mut feed = self.company.events(&self.company.channels().improvement);
        let mut responses = feed.subscribe(request).await?.into_inner();
        let mut told = Vec::new();
        while let Some(response) = responses.message().await? {
            for event in response.events {
                told.push(P::decode(&*event.data)?);
            }
            if response.caught_up {
                break;
            }
        }
        Ok(told)
    }
}
