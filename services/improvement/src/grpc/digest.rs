//! `DigestService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::digest_service_server::DigestService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Digests;
use crate::convert::digest::{self, subscription_to_proto};
use crate::{commands, convert};

#[tonic::async_trait]
impl DigestService for Digests {
    async fn create_digest_subscription(
        &self,
        request: Request<pb::CreateDigestSubscriptionRequest>,
    ) -> Result<Response<pb::CreateDigestSubscriptionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::digest::create(request.get_ref())?;
        let subscription = commands::digest::create(&self.db, caller.tenant(), parsed).await?;
        let subscription = Some(subscription_to_proto(subscription));
        Ok(Response::new(pb::CreateDigestSubscriptionResponse {
            subscription,
        }))
    }

    async fn delete_digest_subscription(
        &self,
        request: Request<pb::DeleteDigestSubscriptionRequest>,
    ) -> Result<Response<pb::DeleteDigestSubscriptionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::digest::delete(request.get_ref())?;
        commands::digest::delete(&self.db, caller.tenant(), parsed).await?;
        Ok(Response::new(pb::DeleteDigestSubscriptionResponse {}))
    }

    async fn list_digest_subscriptions(
        &self,
        request: Request<pb::ListDigestSubscriptionsRequest>,
    ) -> Result<Response<pb::ListDigestSubscriptionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (member_id, page) = convert::digest::list(request.get_ref())?;
        let (subscriptions, next_page_token) =
            commands::digest::list(&self.db, caller.tenant(), member_id.as_deref(), &page).await?;
        let subscriptions = subscriptions.into_iter().map(subscription_to_proto).collect();
        Ok(Response::new(pb::ListDigestSubscriptionsResponse {
            subscriptions,
            next_page_token,
        }))
    }

    async fn list_digests(
        &self,
        request: Request<pb::ListDigestsRequest>,
    ) -> Result<Response<pb::ListDigestsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::digest::digests(request.get_ref())?;
        let (digests, next_page_token) =
            commands::digest::digests(&self.db, caller.tenant(), id, &page).await?;
        let digests = digests.into_iter().map(digest::to_proto).collect();
        Ok(Response::new(pb::ListDigestsResponse {
            digests,
            next_page_token,
        }))
    }
}
