//! `TraceService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::trace_service_server::TraceService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Traces;
use crate::{commands, convert};

#[tonic::async_trait]
impl TraceService for Traces {
    async fn get_trace(
        &self,
        request: Request<pb::GetTraceRequest>,
    ) -> Result<Response<pb::GetTraceResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (beginning, page) = convert::trace::get(request.get_ref())?;
        let trace = commands::trace::get(&self.db, caller.tenant(), beginning, &page).await?;
        Ok(Response::new(convert::trace::to_proto(trace)))
    }
    async fn list_owed_answers(
        &self,
        request: Request<pb::ListOwedAnswersRequest>,
    ) -> Result<Response<pb::ListOwedAnswersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (list, page) = convert::owed::list(request.get_ref())?;
        let (owed, next_page_token) = commands::owed::list(&self.db, caller.tenant(), list, &page).await?;
        let owed = owed.into_iter().map(convert::owed::to_proto).collect();
        Ok(Response::new(pb::ListOwedAnswersResponse {
            owed,
            next_page_token,
        }))
    }
}
