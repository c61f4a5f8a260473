//! `IssueService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::issue_service_server::IssueService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Issues;
use crate::{commands, convert};

#[tonic::async_trait]
impl IssueService for Issues {
    async fn create_issue(
        &self,
        request: Request<pb::CreateIssueRequest>,
    ) -> Result<Response<pb::CreateIssueResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::issue::create(request.get_ref())?;
        let issue = commands::issue::create(&self.db, caller.tenant(), parsed).await?;
        let issue = Some(convert::issue::to_proto(issue));
        Ok(Response::new(pb::CreateIssueResponse { issue }))
    }

    async fn get_issue(
        &self,
        request: Request<pb::GetIssueRequest>,
    ) -> Result<Response<pb::GetIssueResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::issue::get(request.get_ref())?;
        let issue = commands::issue::get(&self.db, caller.tenant(), parsed).await?;
        let issue = Some(convert::issue::to_proto(issue));
        Ok(Response::new(pb::GetIssueResponse { issue }))
    }

    async fn list_issues(
        &self,
        request: Request<pb::ListIssuesRequest>,
    ) -> Result<Response<pb::ListIssuesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (listed, page) = convert::issue::list(request.get_ref())?;
        let (issues, next_page_token) =
            commands::issue::list(&self.db, caller.tenant(), listed, &page).await?;
        let issues = issues.into_iter().map(convert::issue::to_proto).collect();
        Ok(Response::new(pb::ListIssuesResponse {
            issues,
            next_page_token,
        }))
    }

    async fn list_issue_cohort(
        &self,
        request: Request<pb::ListIssueCohortRequest>,
    ) -> Result<Response<pb::ListIssueCohortResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::issue::list_cohort(request.get_ref())?;
        let (members, next_page_token) =
            commands::issue::cohort(&self.db, caller.tenant(), id, &page).await?;
        let entries = members.into_iter().map(convert::issue::member_to_proto).collect();
        Ok(Response::new(pb::ListIssueCohortResponse {
            entries,
            next_page_token,
        }))
    }

    async fn explain_priority(
        &self,
        request: Request<pb::ExplainPriorityRequest>,
    ) -> Result<Response<pb::ExplainPriorityResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::issue::explain_priority(request.get_ref())?;
        let (issue, priority) = commands::priority::explain(&self.db, caller.tenant(), id).await?;
        let priority = Some(convert::priority::to_proto(&issue, priority));
        Ok(Response::new(pb::ExplainPriorityResponse { priority }))
    }

    async fn assess_severity(
        &self,
        request: Request<pb::AssessSeverityRequest>,
    ) -> Result<Response<pb::AssessSeverityResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::severity::assess(request.get_ref())?;
        let assessed = commands::severity::assess(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(convert::severity::assessed_to_proto(assessed)))
    }

    async fn list_severity_assessments(
        &self,
        request: Request<pb::ListSeverityAssessmentsRequest>,
    ) -> Result<Response<pb::ListSeverityAssessmentsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::severity::list(request.get_ref())?;
        let (assessments, next_page_token) =
            commands::severity::list(&self.db, caller.tenant(), id, &page).await?;
        let severity_assessments = assessments
            .into_iter()
            .map(convert::severity::assessment_to_proto)
            .collect();
        Ok(Response::new(pb::ListSeverityAssessmentsResponse {
            severity_assessments,
            next_page_token,
        }))
    }

    async fn merge_issues(
        &self,
        request: Request<pb::MergeIssuesRequest>,
    ) -> Result<Response<pb::MergeIssuesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::issue_relation::merge(request.get_ref())?;
        let issue = commands::merge::merge(&self.db, caller.tenant(), parsed).await?;
        let issue = Some(convert::issue::to_proto(issue));
        Ok(Response::new(pb::MergeIssuesResponse { issue }))
    }

    async fn split_issue(
        &self,
        request: Request<pb::SplitIssueRequest>,
    ) -> Result<Response<pb::SplitIssueResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::split::split(request.get_ref())?;
        let issues = commands::split::split(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(convert::split::to_proto(issues)))
    }

    async fn extend_cohort(
        &self,
        request: Request<pb::ExtendCohortRequest>,
    ) -> Result<Response<pb::ExtendCohortResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::cohort_extension::extend(request.get_ref())?;
        let extended = commands::cohort_extension::extend(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(convert::cohort_extension::extended_to_proto(
            extended,
        )))
    }

    async fn list_cohort_extensions(
        &self,
        request: Request<pb::ListCohortExtensionsRequest>,
    ) -> Result<Response<pb::ListCohortExtensionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::cohort_extension::list(request.get_ref())?;
        let (extensions, next_page_token) =
            commands::cohort_extension::list(&self.db, caller.tenant(), id, &page).await?;
        let cohort_extensions = extensions
            .into_iter()
            .map(convert::cohort_extension::to_proto)
            .collect();
        Ok(Response::new(pb::ListCohortExtensionsResponse {
            cohort_extensions,
            next_page_token,
        }))
    }

    async fn relate_issues(
        &self,
        request: Request<pb::RelateIssuesRequest>,
    ) -> Result<Response<pb::RelateIssuesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::issue_relation::relate(request.get_ref())?;
        let relation = commands::relation::relate(&self.db, caller.tenant(), parsed).await?;
        let issue_relation = Some(convert::issue_relation::to_proto(relation));
        Ok(Response::new(pb::RelateIssuesResponse { issue_relation }))
    }

    async fn list_issue_relations(
        &self,
        request: Request<pb::ListIssueRelationsRequest>,
    ) -> Result<Response<pb::ListIssueRelationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::issue_relation::list(request.get_ref())?;
        let (relations, next_page_token) =
            commands::relation::list(&self.db, caller.tenant(), id, &page).await?;
        let issue_relations = relations
            .into_iter()
            .map(convert::issue_relation::to_proto)
            .collect();
        Ok(Response::new(pb::ListIssueRelationsResponse {
            issue_relations,
            next_page_token,
        }))
    }
}
