//! `WorthService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::worth_service_server::WorthService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Worths;
use crate::{commands, convert};

#[tonic::async_trait]
impl WorthService for Worths {
    async fn book_cost(
        &self,
        request: Request<pb::BookCostRequest>,
    ) -> Result<Response<pb::BookCostResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::cost::book(request.get_ref())?;
        let cost = commands::cost::book(&self.db, caller.tenant(), parsed).await?;
        let cost = Some(convert::cost::to_proto(cost));
        Ok(Response::new(pb::BookCostResponse { cost }))
    }

    async fn reverse_cost(
        &self,
        request: Request<pb::ReverseCostRequest>,
    ) -> Result<Response<pb::ReverseCostResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::cost::reverse(request.get_ref())?;
        let cost = commands::cost::reverse(&self.db, caller.tenant(), parsed).await?;
        let cost = Some(convert::cost::to_proto(cost));
        Ok(Response::new(pb::ReverseCostResponse { cost }))
    }

    async fn list_costs(
        &self,
        request: Request<pb::ListCostsRequest>,
    ) -> Result<Response<pb::ListCostsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (initiative, page) = convert::cost::list(request.get_ref())?;
        let (costs, next_page_token, total) =
            commands::cost::list(&self.db, caller.tenant(), initiative, &page).await?;
        Ok(Response::new(pb::ListCostsResponse {
            costs: costs.into_iter().map(convert::cost::to_proto).collect(),
            next_page_token,
            total: total.as_ref().map(convert::cost::total_to_proto),
        }))
    }

    async fn set_worth_parameters(
        &self,
        request: Request<pb::SetWorthParametersRequest>,
    ) -> Result<Response<pb::SetWorthParametersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::worth::set(request.get_ref())?;
        let parameters = commands::worth::set_parameters(&self.db, caller.tenant(), parsed).await?;
        let parameters = Some(convert::worth::parameters_to_proto(parameters));
        Ok(Response::new(pb::SetWorthParametersResponse { parameters }))
    }

    async fn get_worth_parameters(
        &self,
        request: Request<pb::GetWorthParametersRequest>,
    ) -> Result<Response<pb::GetWorthParametersResponse>, Status> {
        let caller = Caller::of(&request)?;
        let version = convert::worth::get(*request.get_ref())?;
        let parameters = commands::worth::parameters(&self.db, caller.tenant(), version).await?;
        let parameters = Some(convert::worth::parameters_to_proto(parameters));
        Ok(Response::new(pb::GetWorthParametersResponse { parameters }))
    }

    async fn estimate_worth(
        &self,
        request: Request<pb::EstimateWorthRequest>,
    ) -> Result<Response<pb::EstimateWorthResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::worth::estimate(request.get_ref())?;
        let statement = commands::worth::estimate(&self.db, &*self.source, caller.tenant(), parsed).await?;
        let statement = Some(convert::worth::to_proto(statement));
        Ok(Response::new(pb::EstimateWorthResponse { statement }))
    }

    async fn list_worth_statements(
        &self,
        request: Request<pb::ListWorthStatementsRequest>,
    ) -> Result<Response<pb::ListWorthStatementsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (initiative, page) = convert::worth::list(request.get_ref())?;
        let (statements, next_page_token) =
            commands::worth::list(&self.db, caller.tenant(), initiative, &page).await?;
        Ok(Response::new(pb::ListWorthStatementsResponse {
            statements: statements.into_iter().map(convert::worth::to_proto).collect(),
            next_page_token,
        }))
    }
}
