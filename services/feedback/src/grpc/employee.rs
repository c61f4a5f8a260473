//! `EmployeeReportService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::employee_report_service_server::EmployeeReportService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl EmployeeReportService for Handlers {
    async fn submit_employee_report(
        &self,
        request: Request<pb::SubmitEmployeeReportRequest>,
    ) -> Result<Response<pb::SubmitEmployeeReportResponse>, Status> {
        let caller = Caller::of(&request)?;
        let submit = convert::employee::submit(request.get_ref())?;
        commands::employee::submit(&self.db, &self.reader, caller.tenant(), submit).await?;
        Ok(Response::new(pb::SubmitEmployeeReportResponse {}))
    }

    async fn agree_with_report_group(
        &self,
        request: Request<pb::AgreeWithReportGroupRequest>,
    ) -> Result<Response<pb::AgreeWithReportGroupResponse>, Status> {
        let caller = Caller::of(&request)?;
        let agree = convert::employee::agree(request.get_ref())?;
        commands::employee::agree(&self.db, caller.tenant(), agree).await?;
        Ok(Response::new(pb::AgreeWithReportGroupResponse {}))
    }

    async fn list_report_groups(
        &self,
        request: Request<pb::ListReportGroupsRequest>,
    ) -> Result<Response<pb::ListReportGroupsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (topic, page) = convert::employee::groups(request.get_ref())?;
        let (groups, next_page_token) =
            commands::employee::groups(&self.db, caller.tenant(), topic.as_deref(), &page).await?;
        let report_groups = groups.iter().map(convert::employee::group_to_proto).collect();
        Ok(Response::new(pb::ListReportGroupsResponse {
            report_groups,
            next_page_token,
        }))
    }

    async fn list_grouped_reports(
        &self,
        request: Request<pb::ListGroupedReportsRequest>,
    ) -> Result<Response<pb::ListGroupedReportsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::employee::reports(request.get_ref())?;
        let (reports, next_page_token) =
            commands::employee::reports(&self.db, caller.tenant(), id, &page).await?;
        let reports = reports
            .into_iter()
            .map(convert::employee::report_to_proto)
            .collect();
        Ok(Response::new(pb::ListGroupedReportsResponse {
            reports,
            next_page_token,
        }))
    }
}
