//! `HotIssueService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::hot_issue_service_server::HotIssueService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl HotIssueService for Handlers {
    async fn get_hot_issue(
        &self,
        request: Request<pb::GetHotIssueRequest>,
    ) -> Result<Response<pb::GetHotIssueResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::hot_issue::id(&request.get_ref().hot_issue_id)?;
        let issue = commands::hot_issue::get(&self.db, caller.tenant(), id).await?;
        let hot_issue = Some(convert::hot_issue::to_proto(&issue));
        Ok(Response::new(pb::GetHotIssueResponse { hot_issue }))
    }

    async fn list_hot_issues(
        &self,
        request: Request<pb::ListHotIssuesRequest>,
    ) -> Result<Response<pb::ListHotIssuesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::hot_issue::list(request.get_ref())?;
        let (issues, next_page_token) = commands::hot_issue::list(&self.db, caller.tenant(), &page).await?;
        let hot_issues = issues.iter().map(convert::hot_issue::to_proto).collect();
        Ok(Response::new(pb::ListHotIssuesResponse {
            hot_issues,
            next_page_token,
        }))
    }

    async fn explain_hot_issue(
        &self,
        request: Request<pb::ExplainHotIssueRequest>,
    ) -> Result<Response<pb::ExplainHotIssueResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::hot_issue::id(&request.get_ref().hot_issue_id)?;
        let issue = commands::hot_issue::get(&self.db, caller.tenant(), id).await?;
        Ok(Response::new(convert::hot_issue::explain(&issue)?))
    }

    async fn get_hot_issue_course(
        &self,
        request: Request<pb::GetHotIssueCourseRequest>,
    ) -> Result<Response<pb::GetHotIssueCourseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::hot_issue::id(&request.get_ref().hot_issue_id)?;
        let course = commands::hot_issue::course(&self.db, caller.tenant(), id).await?;
        Ok(Response::new(convert::hot_issue::course_to_proto(&course)))
    }

    async fn list_detection_notices(
        &self,
        request: Request<pb::ListDetectionNoticesRequest>,
    ) -> Result<Response<pb::ListDetectionNoticesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::hot_issue::list_notices(request.get_ref())?;
        let (notices, next_page_token) =
            commands::hot_issue::notices(&self.db, caller.tenant(), &page).await?;
        let notices = notices
            .into_iter()
            .map(convert::hot_issue::notice_to_proto)
            .collect();
        Ok(Response::new(pb::ListDetectionNoticesResponse {
            notices,
            next_page_token,
        }))
    }
}
