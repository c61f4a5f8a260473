//! `TemplateService`.

use attune_api::notifications::v1 as pb;
use attune_api::notifications::v1::template_service_server::TemplateService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Notifications;
use crate::{commands, convert};

#[tonic::async_trait]
impl TemplateService for Notifications {
    async fn create_template(
        &self,
        request: Request<pb::CreateTemplateRequest>,
    ) -> Result<Response<pb::CreateTemplateResponse>, Status> {
        let caller = Caller::of(&request)?;
        let create = convert::template::create(request.get_ref())?;
        let template = commands::template::create(&self.db, caller.tenant(), create).await?;
        let template = Some(convert::template::to_proto(template));
        Ok(Response::new(pb::CreateTemplateResponse { template }))
    }

    async fn get_template(
        &self,
        request: Request<pb::GetTemplateRequest>,
    ) -> Result<Response<pb::GetTemplateResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::template::get(request.get_ref())?;
        let template = commands::template::get(&self.db, caller.tenant(), id).await?;
        let template = Some(convert::template::to_proto(template));
        Ok(Response::new(pb::GetTemplateResponse { template }))
    }

    async fn list_templates(
        &self,
        request: Request<pb::ListTemplatesRequest>,
    ) -> Result<Response<pb::ListTemplatesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::template::list(request.get_ref())?;
        let (templates, next_page_token) = commands::template::list(&self.db, caller.tenant(), &page).await?;
        let templates = templates.into_iter().map(convert::template::to_proto).collect();
        Ok(Response::new(pb::ListTemplatesResponse {
            templates,
            next_page_token,
        }))
    }

    async fn preview_template(
        &self,
        request: Request<pb::PreviewTemplateRequest>,
    ) -> Result<Response<pb::PreviewTemplateResponse>, Status> {
        let caller = Caller::of(&request)?;
        let preview = convert::template::preview(request.get_ref())?;
        let rendered = commands::template::preview(&self.db, caller.tenant(), preview).await?;
        Ok(Response::new(convert::template::rendered_to_proto(rendered)))
    }
}
