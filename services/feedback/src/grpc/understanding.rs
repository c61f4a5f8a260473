//! `UnderstandingService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::understanding_service_server::UnderstandingService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl UnderstandingService for Handlers {
    async fn explain_sentiment(
        &self,
        request: Request<pb::ExplainSentimentRequest>,
    ) -> Result<Response<pb::ExplainSentimentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let subject = convert::understanding::explain(request.into_inner())?;
        let explained =
            commands::understanding::explain(&self.db, &self.reader, caller.tenant(), subject).await?;
        Ok(Response::new(convert::understanding::explained(explained)))
    }

    async fn list_corrections(
        &self,
        request: Request<pb::ListCorrectionsRequest>,
    ) -> Result<Response<pb::ListCorrectionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::correction::list(request.get_ref())?;
        let (corrections, next_page_token) =
            commands::correction::list(&self.db, caller.tenant(), &page).await?;
        let corrections = corrections
            .into_iter()
            .map(convert::correction::to_proto)
            .collect();
        Ok(Response::new(pb::ListCorrectionsResponse {
            corrections,
            next_page_token,
        }))
    }

    async fn disable_correction(
        &self,
        request: Request<pb::DisableCorrectionRequest>,
    ) -> Result<Response<pb::DisableCorrectionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let switch = convert::correction::disable(request.get_ref())?;
        let correction = commands::correction::disable(&self.db, caller.tenant(), switch).await?;
        let correction = Some(convert::correction::to_proto(correction));
        Ok(Response::new(pb::DisableCorrectionResponse { correction }))
    }

    async fn enable_correction(
        &self,
        request: Request<pb::EnableCorrectionRequest>,
    ) -> Result<Response<pb::EnableCorrectionResponse>, Status> {
        let caller = Caller::of(&request)?;
        let switch = convert::correction::enable(request.get_ref())?;
        let engines = &self.reader.engines;
        let correction = commands::correction::enable(&self.db, engines, caller.tenant(), switch).await?;
        let correction = Some(convert::correction::to_proto(correction));
        Ok(Response::new(pb::EnableCorrectionResponse { correction }))
    }
}
