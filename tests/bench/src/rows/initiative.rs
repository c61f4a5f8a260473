//! An issue with an initiative, as people make them.

use anyhow::Context as _;
use attune_api::improvement::v1::initiative_service_client::InitiativeServiceClient;
use attune_api::improvement::v1::issue_service_client::IssueServiceClient;
use attune_api::improvement::v1::{CreateInitiativeRequest, CreateIssueRequest, Initiative, Issue, Target};
use uuid::Uuid;

use crate::postgres::OURS;
use crate::stage::{Caller, Stage};

/// An issue and what is done about it.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) issue_id: String,
    pub(super) initiative_id: String,
}

impl Loop {
    /// Reports an issue and plans an initiative for it.
    pub(super) async fn open(improvement: &Caller) -> anyhow::Result<Self> {
        let issue = Issue {
            title: "Parcels come late".to_owned(),
            topic_id: "delivery".to_owned(),
            ..Issue::default()
        };
        let request = CreateIssueRequest {
            issue: Some(issue),
            request_id: Uuid::new_v4().to_string(),
            ..CreateIssueRequest::default()
        };
        let reported = IssueServiceClient::new(improvement.clone())
            .create_issue(request)
            .await?;
        let issue_id = reported.into_inner().issue.context("no issue")?.issue_id;
        let initiative = Initiative {
            issue_id: issue_id.clone(),
            title: "A second carrier".to_owned(),
            hypothesis: "If a second carrier helps out, then fewer parcels come late".to_owned(),
            owner: "Ines Marte".to_owned(),
            target: Some(Target {
                metric: "topic_share".to_owned(),
                smallest_relative_effect: 0.3,
                deadline_days: 14,
            }),
            ..Initiative::default()
        };
        let request = CreateInitiativeRequest {
            initiative: Some(initiative),
            change: "A second carrier takes over when the first is late".to_owned(),
            request_id: Uuid::new_v4().to_string(),
            propose: false,
        };
        let planned = InitiativeServiceClient::new(improvement.clone())
            .create_initiative(request)
            .await?;
        let initiative_id = planned
            .into_inner()
            .initiative
            .context("no initiative")?
            .initiative_id;
        Ok(Self {
            issue_id,
            initiative_id,
        })
    }

    /// Has `persons` in the issue's cohort, each with one complaint.
    pub(super) async fn hit(&self, stage: &Stage, persons: u32) -> anyhow::Result<()> {
        let issue_id = &self.issue_id;
        let statements = format!(
            "INSERT INTO improvement.cohort_member (issue_id, profile_id, tenant_id)
             SELECT '{issue_id}', md5('person' || n)::uuid, 'bench' FROM generate_series(1, {persons}) AS n;
             INSERT INTO improvement.evidence (issue_id, feedback_id, profile_id, tenant_id)
             SELECT '{issue_id}', md5('{issue_id}' || n)::uuid, md5('person' || n)::uuid, 'bench'
             FROM generate_series(1, {persons}) AS n;
             UPDATE improvement.issue SET cohort_size = {persons}, evidence_size = {persons}
             WHERE tenant_id = 'bench' AND issue_id = '{issue_id}';
             VACUUM ANALYZE improvement.cohort_member;
             VACUUM ANALYZE improvement.evidence"
        );
        for statement in statements.split(';') {
            stage.postgres.run(OURS, statement).await?;
        }
        Ok(())
    }
}
