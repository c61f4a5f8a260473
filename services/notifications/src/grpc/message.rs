//! `MessageService`.

use attune_api::notifications::v1 as pb;
use attune_api::notifications::v1::message_service_server::MessageService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Notifications;
use crate::{commands, convert};

#[tonic::async_trait]
impl MessageService for Notifications {
    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Result<Response<pb::SendMessageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let send = convert::message::send(request.get_ref())?;
        let message = commands::message::send(&self.db, caller.tenant(), send).await?;
        let message = Some(convert::message::to_proto(message));
        Ok(Response::new(pb::SendMessageResponse { message }))
    }

    async fn get_message(
        &self,
        request: Request<pb::GetMessageRequest>,
    ) -> Result<Response<pb::GetMessageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::message::get(request.get_ref())?;
        let message = commands::message::get(&self.db, caller.tenant(), id).await?;
        let message = Some(convert::message::to_proto(message));
        Ok(Response::new(pb::GetMessageResponse { message }))
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (filter, page) = convert::message::list(request.get_ref())?;
        let (messages, next_page_token) =
            commands::message::list(&self.db, caller.tenant(), &filter, &page).await?;
        let messages = messages.into_iter().map(convert::message::to_proto).collect();
        Ok(Response::new(pb::ListMessagesResponse {
            messages,
            next_page_token,
        }))
    }

    async fn record_reading(
        &self,
        request: Request<pb::RecordReadingRequest>,
    ) -> Result<Response<pb::RecordReadingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let record = convert::reading::record(request.get_ref())?;
        let message = commands::reading::record(&self.db, caller.tenant(), record).await?;
        let message = Some(convert::message::to_proto(message));
        Ok(Response::new(pb::RecordReadingResponse { message }))
    }

    async fn explain_message(
        &self,
        request: Request<pb::ExplainMessageRequest>,
    ) -> Result<Response<pb::ExplainMessageResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::message::explain(request.get_ref())?;
        let explained = commands::message::explain(&self.db, caller.tenant(), id).await?;
        Ok(Response::new(convert::message::explained_to_proto(explained)))
    }
}
