//! `PerceptionService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::perception_service_server::PerceptionService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl PerceptionService for Handlers {
    async fn record_own_rating(
        &self,
        request: Request<pb::RecordOwnRatingRequest>,
    ) -> Result<Response<pb::RecordOwnRatingResponse>, Status> {
        let caller = Caller::of(&request)?;
        let record = convert::perception::record(request.get_ref())?;
        let own = commands::perception::record(&self.db, caller.tenant(), record).await?;
        let own_rating = Some(convert::perception::to_proto(own));
        Ok(Response::new(pb::RecordOwnRatingResponse { own_rating }))
    }

    async fn list_own_ratings(
        &self,
        request: Request<pb::ListOwnRatingsRequest>,
    ) -> Result<Response<pb::ListOwnRatingsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (filter, page) = convert::perception::list(request.get_ref())?;
        let (ratings, next_page_token) =
            commands::perception::list(&self.db, caller.tenant(), &filter, &page).await?;
        let own_ratings = ratings.into_iter().map(convert::perception::to_proto).collect();
        Ok(Response::new(pb::ListOwnRatingsResponse {
            own_ratings,
            next_page_token,
        }))
    }

    async fn get_perception_gap(
        &self,
        request: Request<pb::GetPerceptionGapRequest>,
    ) -> Result<Response<pb::GetPerceptionGapResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (question, page) = convert::perception::gaps(request.get_ref())?;
        let (gaps, next_page_token) =
            commands::perception::gaps(&self.db, caller.tenant(), question, &page).await?;
        let gaps = gaps.into_iter().map(convert::perception::gap_to_proto).collect();
        Ok(Response::new(pb::GetPerceptionGapResponse {
            gaps,
            next_page_token,
        }))
    }
}
