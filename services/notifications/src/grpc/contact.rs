//! `ContactService`.

use attune_api::notifications::v1 as pb;
use attune_api::notifications::v1::contact_service_server::ContactService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Notifications;
use crate::{commands, convert};

#[tonic::async_trait]
impl ContactService for Notifications {
    async fn get_contact_budget(
        &self,
        request: Request<pb::GetContactBudgetRequest>,
    ) -> Result<Response<pb::GetContactBudgetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let number = convert::contact::get(*request.get_ref())?;
        let budget = commands::contact_budget::get(&self.db, caller.tenant(), number).await?;
        let budget = Some(convert::contact::budget_to_proto(budget));
        Ok(Response::new(pb::GetContactBudgetResponse { budget }))
    }

    async fn set_contact_budget(
        &self,
        request: Request<pb::SetContactBudgetRequest>,
    ) -> Result<Response<pb::SetContactBudgetResponse>, Status> {
        let caller = Caller::of(&request)?;
        let set = convert::contact::set(request.get_ref(), caller.subject())?;
        let budget = commands::contact_budget::set(&self.db, caller.tenant(), set).await?;
        let budget = Some(convert::contact::budget_to_proto(budget));
        Ok(Response::new(pb::SetContactBudgetResponse { budget }))
    }

    async fn get_contact_allowance(
        &self,
        request: Request<pb::GetContactAllowanceRequest>,
    ) -> Result<Response<pb::GetContactAllowanceResponse>, Status> {
        let caller = Caller::of(&request)?;
        let profile_id = convert::contact::allowance(request.get_ref())?;
        let (left, contacts) = commands::contact::allowance(&self.db, caller.tenant(), profile_id).await?;
        Ok(Response::new(pb::GetContactAllowanceResponse {
            allowance: Some(convert::contact::left_to_proto(left)),
            contacts: contacts.into_iter().map(convert::contact::to_proto).collect(),
        }))
    }

    async fn reserve_contact(
        &self,
        request: Request<pb::ReserveContactRequest>,
    ) -> Result<Response<pb::ReserveContactResponse>, Status> {
        let caller = Caller::of(&request)?;
        let reserve = convert::contact::reserve(request.get_ref())?;
        let (contact, left) = commands::contact::reserve(&self.db, caller.tenant(), reserve).await?;
        Ok(Response::new(pb::ReserveContactResponse {
            contact: contact.map(convert::contact::to_proto),
            allowance: Some(convert::contact::left_to_proto(left)),
        }))
    }

    async fn release_contact(
        &self,
        request: Request<pb::ReleaseContactRequest>,
    ) -> Result<Response<pb::ReleaseContactResponse>, Status> {
        let caller = Caller::of(&request)?;
        let release = convert::contact::release(request.get_ref())?;
        commands::contact::release(&self.db, caller.tenant(), release).await?;
        Ok(Response::new(pb::ReleaseContactResponse {}))
    }
}
