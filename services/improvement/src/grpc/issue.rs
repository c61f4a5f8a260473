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
        let (state, page) = convert::issue::list(request.get_ref())?;
        let (issues, next_page_token) =
            commands::issue::list(&self.db, caller.tenant(), state, &page).await?;
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
}
