//! `FeedbackService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::feedback_service_server::FeedbackService;
use attune_auth::Caller;
use attune_rpc::TenantId;
use attune_server::{Answers, answer_each};
use futures::{StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::Handlers;
use crate::commands::submission::Submit;
use crate::domain::Feedback;
use crate::error::Error;
use crate::{commands, convert};

#[tonic::async_trait]
impl FeedbackService for Handlers {
    type SubmitFeedbackStreamStream = Answers<pb::SubmitFeedbackStreamResponse>;
    type WatchFeedbackStream = Answers<pb::WatchFeedbackResponse>;

    async fn submit_feedback(
        &self,
        request: Request<pb::SubmitFeedbackRequest>,
    ) -> Result<Response<pb::SubmitFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let submit = convert::feedback::submit(request.get_ref())?;
        let feedback = self.submit(caller.tenant(), submit).await?;
        let feedback = Some(convert::feedback::to_proto(feedback));
        Ok(Response::new(pb::SubmitFeedbackResponse { feedback }))
    }

    async fn submit_feedback_stream(
        &self,
        request: Request<Streaming<pb::SubmitFeedbackStreamRequest>>,
    ) -> Result<Response<Self::SubmitFeedbackStreamStream>, Status> {
        let tenant = Caller::of(&request)?.tenant().clone();
        let (handlers, shutdown) = (self.clone(), self.shutdown.clone());
        let answers = answer_each(request.into_inner(), shutdown, move |message| {
            let (handlers, tenant) = (handlers.clone(), tenant.clone());
            async move { handlers.submit_batch(&tenant, &message).await }
        });
        Ok(Response::new(answers))
    }

    async fn get_feedback(
        &self,
        request: Request<pb::GetFeedbackRequest>,
    ) -> Result<Response<pb::GetFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::feedback::get(request.get_ref())?;
        let feedback = commands::feedback::get(&self.by_id, caller.tenant(), id).await?;
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

    async fn watch_feedback(
        &self,
        request: Request<pb::WatchFeedbackRequest>,
    ) -> Result<Response<Self::WatchFeedbackStream>, Status> {
        let caller = Caller::of(&request)?;
        let filter = convert::watch::filter(request.get_ref())?;
        let opening = convert::watch::opening(&caller, &request.get_ref().after)?;
        let updates = self.live.feedback(opening, filter).await?;
        let answers = updates.map_ok(convert::watch::update_to_proto).err_into();
        Ok(Response::new(answers.boxed()))
    }
}

impl Handlers {
    async fn submit(&self, tenant: &TenantId, submit: Submit) -> Result<Feedback, Error> {
        commands::submission::submit(&self.submissions, &self.db, &self.reader, tenant, submit).await
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
