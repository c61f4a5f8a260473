//! The owner who takes the issue up.

use attune_api::improvement::v1::{
    Action, AddActionRequest, CompleteActionRequest, CreateInitiativeRequest, Department,
    GetInitiativeRequest, Initiative, Issue, Iteration, ListTellingsRequest, RollOutInitiativeRequest,
    Target, Telling,
};
use attune_api::notifications::v1::{CreateTemplateRequest, Template, TemplateVariant};
use attune_api::profiles::v1::Purpose;
use attune_testkit::{Failure, Tenant};
use chrono::TimeDelta;
use prost_types::Timestamp;

use super::patience::{ask, intent};
use super::{Moment, World};

/// Where the department is written to.
const DEPARTMENT: &str = "operations@meadow-air.example";

pub(super) struct Owner<'w> {
    world: &'w dyn World,
    company: Tenant,
    template_id: String,
    initiative_id: String,
}

impl<'w> Owner<'w> {
    pub(super) async fn new(world: &'w dyn World) -> Result<Self, Failure> {
        let company = world.company()?;
        let variant = |language: &str, subject: &str, body: &str| TemplateVariant {
            language: language.into(),
            subject: subject.into(),
            body: body.into(),
        };
        let template = Template {
            name: "You said, we did".into(),
            purpose: Purpose::FollowUp.into(),
            variants: vec![
                variant(
                    "en",
                    "About {{ issue_title }}",
                    "Dear {{ display_name }},\n\nyou said it. {{ change }}.",
                ),
                variant(
                    "ru",
                    "О том, что вы писали",
                    "{{ display_name }}, мы изменили: {{ change }}.",
                ),
            ],
            ..Template::default()
        };
        let request = CreateTemplateRequest {
            template: Some(template),
            request_id: intent(),
        };
        let created = ask(async || company.templates().create_template(request.clone()).await).await?;
        let template_id = created.template.ok_or("no template")?.template_id;
        Ok(Self {
            world,
            company,
            template_id,
            initiative_id: String::new(),
        })
    }

    pub(super) fn initiative_id(&self) -> &str {
        &self.initiative_id
    }

    /// Plans an initiative for the issue, with its first action.
    pub(super) async fn plan(&mut self, issue: &Issue) -> Result<(), Failure> {
        let initiative = Initiative {
            issue_id: issue.issue_id.clone(),
            title: "Fewer cancellations".into(),
            hypothesis: "If we keep the system fresh, then fewer flights will be cancelled".into(),
            owner: "Ines Marte".into(),
            departments: vec![Department {
                name: "Operations".into(),
                email: DEPARTMENT.into(),
            }],
            target: Some(Target {
                metric: "topic_share".into(),
                smallest_relative_effect: 0.3,
                deadline_days: 14,
            }),
            ..Initiative::default()
        };
        let request = CreateInitiativeRequest {
            initiative: Some(initiative),
            request_id: intent(),
            ..CreateInitiativeRequest::default()
        };
        let created = ask(async || {
            self.company
                .initiatives()
                .create_initiative(request.clone())
                .await
        })
        .await?;
        self.initiative_id = created.initiative.ok_or("no initiative")?.initiative_id;
        Ok(())
    }

    /// Carries the iteration out and brings it to the customers.
    pub(super) async fn roll_out(&self, change: &str) -> Result<(), Failure> {
        let due = self.world.now() + TimeDelta::days(1);
        let action = Action {
            title: "Do it".into(),
            owner: "Ines Marte".into(),
            due_at: Some(Timestamp {
                seconds: due.timestamp(),
                nanos: 0,
            }),
            ..Action::default()
        };
        let request = AddActionRequest {
            initiative_id: self.initiative_id.clone(),
            action: Some(action),
            request_id: intent(),
        };
        let initiatives = || self.company.initiatives();
        let action_id = ask(async || initiatives().add_action(request.clone()).await)
            .await?
            .action_id;
        let request = CompleteActionRequest {
            initiative_id: self.initiative_id.clone(),
            action_id,
            evidence: "Seen in the shift log".into(),
            request_id: intent(),
        };
        ask(async || initiatives().complete_action(request.clone()).await).await?;
        let request = RollOutInitiativeRequest {
            initiative_id: self.initiative_id.clone(),
            change: change.into(),
            template_id: self.template_id.clone(),
            request_id: intent(),
            pilot_override: None,
        };
        ask(async || initiatives().roll_out_initiative(request.clone()).await).await?;
        self.world.reached(Moment::RolledOut).await
    }

    pub(super) async fn initiative(&self) -> Result<Initiative, Failure> {
        let request = GetInitiativeRequest {
            initiative_id: self.initiative_id.clone(),
        };
        let found = ask(async || self.company.initiatives().get_initiative(request.clone()).await).await?;
        Ok(found.initiative.ok_or("no initiative")?)
    }

    pub(super) async fn iteration(&self, number: i32) -> Result<Iteration, Failure> {
        let found = self
            .initiative()
            .await?
            .iterations
            .into_iter()
            .find(|one| one.number == number);
        Ok(found.ok_or("no such iteration")?)
    }

    pub(super) async fn tellings(&self, iteration: i32) -> Result<Vec<Telling>, Failure> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListTellingsRequest {
                initiative_id: self.initiative_id.clone(),
                iteration,
                page_size: 200,
                page_token,
                ..ListTellingsRequest::default()
            };
            let page = ask(async || self.company.initiatives().list_tellings(request.clone()).await).await?;
            all.extend(page.tellings);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// Sent, blocked and failed.
    pub(super) async fn told(&self, iteration: i32) -> Result<(i64, i64, i64), Failure> {
        let summary = self
            .iteration(iteration)
            .await?
            .telling
            .ok_or("nobody was told")?;
        Ok((summary.sent, summary.blocked, summary.failed))
    }

    /// Mails that arrived for customers. A mail that was handed over twice, because its sender died before it
    /// could write down the first time, has one Message-ID and counts once.
    pub(super) fn mails_to_customers(&self) -> usize {
        let received = self.world.mailbox().received();
        let customers = received
            .iter()
            .filter(|mail| mail.to.iter().all(|to| to != DEPARTMENT));
        let ids: std::collections::HashSet<_> = customers.map(|mail| &mail.message_id).collect();
        ids.len()
    }
}
