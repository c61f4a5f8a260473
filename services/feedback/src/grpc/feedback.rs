//! `FeedbackService`.

use std::pin::Pin;
use std::time::Duration;

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_server::FeedbackService;
use attune_auth::Caller;
use attune_rpc::TenantId;
use futures::{Stream, stream};
use tonic::{Request, Response, Status, Streaming};

use super::Handlers;
use crate::{commands, convert};

/// After what time a stream that ended with the process finds another one.
const ELSEWHERE_AFTER: Duration = Duration::from_secs(1);

type Results = Pin<Box<dyn Stream<Item = Result<pb::SubmitFeedbackStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl FeedbackService for Handlers {
    type SubmitFeedbackStreamStream = Results;

    async fn submit_feedback(
        &self,
        request: Request<pb::SubmitFeedbackRequest>,
    ) -> Result<Response<pb::SubmitFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let submit = convert::feedback::submit(request.get_ref())?;
        let feedback = commands::feedback::submit(&self.db, &self.reader, caller.tenant(), submit).await?;
        let feedback = Some(convert::feedback::to_proto(feedback));
        Ok(Response::new(pb::SubmitFeedbackResponse { feedback }))
    }

    async fn submit_feedback_stream(
        &self,
        request: Request<Streaming<pb::SubmitFeedbackStreamRequest>>,
    ) -> Result<Response<Results>, Status> {
        let tenant = Caller::of(&request)?.tenant().clone();
        let handlers = self.clone();
        let results = stream::try_unfold(request.into_inner(), move |mut messages| {
            let (handlers, tenant) = (handlers.clone(), tenant.clone());
            async move {
                let Some(message) = handlers.next_message(&mut messages).await? else {
                    return Ok(None);
                };
                Ok(Some((handlers.submit_batch(&tenant, &message).await?, messages)))
            }
        });
        Ok(Response::new(Box::pin(results)))
    }

    async fn get_feedback(
        &self,
        request: Request<pb::GetFeedbackRequest>,
    ) -> Result<Response<pb::GetFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::feedback::get(request.get_ref())?;
        let feedback = commands::feedback::get(&self.db, caller.tenant(), id).await?;
        let feedback = Some(convert::feedback::to_proto(feedback));
        Ok(Response::new(pb::GetFeedbackResponse { feedback }))
    }

    async fn list_feedback(
        &self,
        request: Request<pb::ListFeedbackRequest>,
    ) -> Result<Response<pb::ListFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (filter, page) = convert::feedback::list(request.get_ref())?;
        let (feedback, next_page_token) =
            commands::feedback::list(&self.db, caller.tenant(), &filter, &page).await?;
        let feedback = feedback.into_iter().map(convert::feedback::to_proto).collect();
        Ok(Response::new(pb::ListFeedbackResponse {
            feedback,
            next_page_token,
        }))
    }
}

impl Handlers {
    /// The next message of a stream; none at its end. A message that was taken is always answered.
    async fn next_message<T>(&self, messages: &mut Streaming<T>) -> Result<Option<T>, Status> {
        tokio::select! {
            message = messages.message() => message,
            () = self.shutdown.cancelled() => {
                let message = "the server stops; open the stream again and send what was not answered";
                Err(attune_rpc::Error::unavailable(message, ELSEWHERE_AFTER).into())
            }
        }
    }

    async fn submit_batch(
        &self,
        tenant: &TenantId,
        message: &pb::SubmitFeedbackStreamRequest,
    ) -> Result<pb::SubmitFeedbackStreamResponse, Status> {
        let mut drafts = Vec::with_capacity(message.feedback.len());
        let batch = convert::feedback::batch(message)?;
        let parts = batch
            .into_iter()
            .map(|part| part.map(|draft| drafts.push(draft)))
            .collect();
        let recorded = commands::feedback::submit_many(&self.db, &self.reader, tenant, drafts).await?;
        Ok(convert::feedback::results(parts, recorded))
    }
}
