//! `TopicService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::topic_service_server::TopicService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl TopicService for Handlers {
    async fn create_topic(
        &self,
        request: Request<pb::CreateTopicRequest>,
    ) -> Result<Response<pb::CreateTopicResponse>, Status> {
        let caller = Caller::of(&request)?;
        let create = convert::topic::create(request.get_ref(), caller.subject())?;
        let topic = commands::topic::create(&self.db, caller.tenant(), create).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::CreateTopicResponse { topic }))
    }

    async fn get_topic(
        &self,
        request: Request<pb::GetTopicRequest>,
    ) -> Result<Response<pb::GetTopicResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (topic_id, version) = convert::topic::get(request.get_ref())?;
        let topic = commands::topic::get(&self.db, caller.tenant(), &topic_id, version).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::GetTopicResponse { topic }))
    }

    async fn update_topic(
        &self,
        request: Request<pb::UpdateTopicRequest>,
    ) -> Result<Response<pb::UpdateTopicResponse>, Status> {
        let caller = Caller::of(&request)?;
        let update = convert::topic::update(request.get_ref(), caller.subject())?;
        let topic = commands::topic::update(&self.db, caller.tenant(), update).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::UpdateTopicResponse { topic }))
    }

    async fn archive_topic(
        &self,
        request: Request<pb::ArchiveTopicRequest>,
    ) -> Result<Response<pb::ArchiveTopicResponse>, Status> {
        let caller = Caller::of(&request)?;
        let archive = convert::topic::archive(request.get_ref(), caller.subject())?;
        let topic = commands::topic::archive(&self.db, caller.tenant(), archive).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::ArchiveTopicResponse { topic }))
    }

    async fn list_topics(
        &self,
        request: Request<pb::ListTopicsRequest>,
    ) -> Result<Response<pb::ListTopicsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (listing, page) = convert::topic::list(request.get_ref())?;
        let (topics, next_page_token) =
            commands::topic::list(&self.db, caller.tenant(), listing, &page).await?;
        let topics = topics.into_iter().map(convert::topic::to_proto).collect();
        Ok(Response::new(pb::ListTopicsResponse {
            topics,
            next_page_token,
        }))
    }

    async fn list_taxonomy_versions(
        &self,
        request: Request<pb::ListTaxonomyVersionsRequest>,
    ) -> Result<Response<pb::ListTaxonomyVersionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::topic::list_versions(request.get_ref())?;
        let (versions, next_page_token) = commands::topic::versions(&self.db, caller.tenant(), &page).await?;
        let versions = versions
            .into_iter()
            .map(convert::topic::version_to_proto)
            .collect();
        Ok(Response::new(pb::ListTaxonomyVersionsResponse {
            versions,
            next_page_token,
        }))
    }

    async fn recode_feedback(
        &self,
        request: Request<pb::RecodeFeedbackRequest>,
    ) -> Result<Response<pb::RecodeFeedbackResponse>, Status> {
        let caller = Caller::of(&request)?;
        let recode = convert::recoding::recode(request.get_ref(), caller.subject())?;
        let recoding = commands::recoding::begin(&self.db, caller.tenant(), recode).await?;
        let recoding = Some(convert::recoding::to_proto(recoding));
        Ok(Response::new(pb::RecodeFeedbackResponse { recoding }))
    }

    async fn cancel_recoding(
        &self,
        request: Request<pb::CancelRecodingRequest>,
    ) -> Result<Response<pb::CancelRecodingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let cancel = convert::recoding::cancel(request.get_ref(), caller.subject())?;
        let recoding = commands::recoding::cancel(&self.db, caller.tenant(), cancel).await?;
        let recoding = Some(convert::recoding::to_proto(recoding));
        Ok(Response::new(pb::CancelRecodingResponse { recoding }))
    }

    async fn get_recoding(
        &self,
        request: Request<pb::GetRecodingRequest>,
    ) -> Result<Response<pb::GetRecodingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::recoding::get(request.get_ref())?;
        let recoding = commands::recoding::get(&self.db, caller.tenant(), id).await?;
        let recoding = Some(convert::recoding::to_proto(recoding));
        Ok(Response::new(pb::GetRecodingResponse { recoding }))
    }

    async fn list_recodings(
        &self,
        request: Request<pb::ListRecodingsRequest>,
    ) -> Result<Response<pb::ListRecodingsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::recoding::list(request.get_ref())?;
        let (recodings, next_page_token) = commands::recoding::list(&self.db, caller.tenant(), &page).await?;
        let recodings = recodings.into_iter().map(convert::recoding::to_proto).collect();
        Ok(Response::new(pb::ListRecodingsResponse {
            recodings,
            next_page_token,
        }))
    }

    async fn list_codings(
        &self,
        request: Request<pb::ListCodingsRequest>,
    ) -> Result<Response<pb::ListCodingsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::recoding::codings(request.get_ref())?;
        let codings = commands::recoding::codings(&self.db, caller.tenant(), id).await?;
        let codings = codings
            .into_iter()
            .map(convert::recoding::coding_to_proto)
            .collect();
        Ok(Response::new(pb::ListCodingsResponse { codings }))
    }
}
