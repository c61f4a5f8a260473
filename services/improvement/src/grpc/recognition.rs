//! `RecognitionService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::recognition_service_server::RecognitionService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Recognitions;
use crate::convert::recognition::{self, member_to_proto};
use crate::{commands, convert};

#[tonic::async_trait]
impl RecognitionService for Recognitions {
    async fn credit_member(
        &self,
        request: Request<pb::CreditMemberRequest>,
    ) -> Result<Response<pb::CreditMemberResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::recognition::credit(request.get_ref())?;
        let members = commands::recognition::credit(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::CreditMemberResponse {
            initiative_id: request.into_inner().initiative_id,
            members: members.into_iter().map(member_to_proto).collect(),
        }))
    }

    async fn withdraw_credit(
        &self,
        request: Request<pb::WithdrawCreditRequest>,
    ) -> Result<Response<pb::WithdrawCreditResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::recognition::withdraw(request.get_ref())?;
        let members = commands::recognition::withdraw(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::WithdrawCreditResponse {
            initiative_id: request.into_inner().initiative_id,
            members: members.into_iter().map(member_to_proto).collect(),
        }))
    }

    async fn list_recognitions(
        &self,
        request: Request<pb::ListRecognitionsRequest>,
    ) -> Result<Response<pb::ListRecognitionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (initiative_id, page) = convert::recognition::list(request.get_ref())?;
        let (recognitions, next_page_token) =
            commands::recognition::list(&self.db, caller.tenant(), initiative_id, &page).await?;
        let recognitions = recognitions.into_iter().map(recognition::to_proto).collect();
        Ok(Response::new(pb::ListRecognitionsResponse {
            recognitions,
            next_page_token,
        }))
    }
}
