//! `ThemeService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::theme_service_server::ThemeService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl ThemeService for Handlers {
    async fn list_themes(
        &self,
        request: Request<pb::ListThemesRequest>,
    ) -> Result<Response<pb::ListThemesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (question, page) = convert::theme::list(request.get_ref())?;
        let themes = commands::theme::list(&self.db, caller.tenant(), question, &page).await?;
        Ok(Response::new(convert::theme::themes_to_proto(themes)))
    }

    async fn promote_theme(
        &self,
        request: Request<pb::PromoteThemeRequest>,
    ) -> Result<Response<pb::PromoteThemeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let promote = convert::theme::promote(request.get_ref())?;
        let topic = commands::theme::promote(&self.db, caller.tenant(), caller.subject(), promote).await?;
        let topic = Some(convert::topic::to_proto(topic));
        Ok(Response::new(pb::PromoteThemeResponse { topic }))
    }

    async fn list_keywords(
        &self,
        request: Request<pb::ListKeywordsRequest>,
    ) -> Result<Response<pb::ListKeywordsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let question = convert::theme::keywords(request.get_ref())?;
        let keywords = commands::keyword::list(&self.db, caller.tenant(), question).await?;
        Ok(Response::new(convert::theme::keywords_to_proto(keywords)))
    }
}
