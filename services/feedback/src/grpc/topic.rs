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
        let create = convert::topic::create(request.get_ref())?;
        let topic = commands::topic::create(&self.db, caller.tenant(), create).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::CreateTopicResponse { topic }))
    }

    async fn list_topics(
        &self,
        request: Request<pb::ListTopicsRequest>,
    ) -> Result<Response<pb::ListTopicsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::topic::list(request.get_ref())?;
        let (topics, next_page_token) = commands::topic::list(&self.db, caller.tenant(), &page).await?;
        let topics = topics.into_iter().map(convert::topic::to_proto).collect();
        Ok(Response::new(pb::ListTopicsResponse {
            topics,
            next_page_token,
        }))
    }
}
