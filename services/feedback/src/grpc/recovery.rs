//! `RecoveryCaseService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::recovery_case_service_server::RecoveryCaseService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::commands::recovery as commands;
use crate::convert::recovery as convert;

#[tonic::async_trait]
impl RecoveryCaseService for Handlers {
    async fn get_recovery_case(
        &self,
        request: Request<pb::GetRecoveryCaseRequest>,
    ) -> Result<Response<pb::GetRecoveryCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::id(&request.get_ref().recovery_case_id)?;
        let seen = commands::get(&self.db, caller.tenant(), id).await?;
        let recovery_case = Some(convert::to_proto(&seen));
        Ok(Response::new(pb::GetRecoveryCaseResponse { recovery_case }))
    }

    async fn list_recovery_cases(
        &self,
        request: Request<pb::ListRecoveryCasesRequest>,
    ) -> Result<Response<pb::ListRecoveryCasesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (filter, page) = convert::list(request.get_ref())?;
        let (cases, next_page_token) = commands::list(&self.db, caller.tenant(), &filter, &page).await?;
        let recovery_cases = cases.iter().map(convert::to_proto).collect();
        Ok(Response::new(pb::ListRecoveryCasesResponse {
            recovery_cases,
            next_page_token,
        }))
    }

    async fn explain_recovery_case(
        &self,
        request: Request<pb::ExplainRecoveryCaseRequest>,
    ) -> Result<Response<pb::ExplainRecoveryCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::id(&request.get_ref().recovery_case_id)?;
        let seen = commands::get(&self.db, caller.tenant(), id).await?;
        Ok(Response::new(convert::explain(&seen)))
    }

    async fn assign_recovery_case(
        &self,
        request: Request<pb::AssignRecoveryCaseRequest>,
    ) -> Result<Response<pb::AssignRecoveryCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let assign = convert::assign(request.get_ref())?;
        let seen = commands::assign(&self.db, caller.tenant(), assign).await?;
        let recovery_case = Some(convert::to_proto(&seen));
        Ok(Response::new(pb::AssignRecoveryCaseResponse { recovery_case }))
    }

    async fn resolve_recovery_case(
        &self,
        request: Request<pb::ResolveRecoveryCaseRequest>,
    ) -> Result<Response<pb::ResolveRecoveryCaseResponse>, Status> {
        let caller = Caller::of(&request)?;
        let resolve = convert::resolve(request.get_ref())?;
        let seen = commands::resolve(&self.db, caller.tenant(), resolve).await?;
        let recovery_case = Some(convert::to_proto(&seen));
        Ok(Response::new(pb::ResolveRecoveryCaseResponse { recovery_case }))
    }

    async fn get_recovery_policy(
        &self,
        request: Request<pb::GetRecoveryPolicyRequest>,
    ) -> Result<Response<pb::GetRecoveryPolicyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let number = convert::policy::get(*request.get_ref())?;
        let policy = commands::policy::get(&self.db, caller.tenant(), number).await?;
        let policy = Some(convert::policy::to_proto(policy));
        Ok(Response::new(pb::GetRecoveryPolicyResponse { policy }))
    }

    async fn set_recovery_policy(
        &self,
        request: Request<pb::SetRecoveryPolicyRequest>,
    ) -> Result<Response<pb::SetRecoveryPolicyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let set = convert::policy::set(request.get_ref())?;
        let policy = commands::policy::set(&self.db, caller.tenant(), set).await?;
        let policy = Some(convert::policy::to_proto(policy));
        Ok(Response::new(pb::SetRecoveryPolicyResponse { policy }))
    }
}
