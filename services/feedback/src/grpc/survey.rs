//! `SurveyService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::survey_service_server::SurveyService;
use attune_auth::Caller;
use attune_database::Database;
use tonic::{Request, Response, Status};

use crate::neighbours::Neighbours;
use crate::{commands, convert};

/// The handlers of [`SurveyService`].
#[derive(Clone, Debug)]
pub(crate) struct Surveys {
    db: Database,
    neighbours: Neighbours,
}

impl Surveys {
    pub(crate) fn new(db: Database, neighbours: Neighbours) -> Self {
        Self { db, neighbours }
    }
}

#[tonic::async_trait]
impl SurveyService for Surveys {
    async fn create_survey(
        &self,
        request: Request<pb::CreateSurveyRequest>,
    ) -> Result<Response<pb::CreateSurveyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let create = convert::survey::create(request.get_ref())?;
        let survey = commands::survey::create(&self.db, caller.tenant(), create).await?;
        let survey = Some(convert::survey::to_proto(survey));
        Ok(Response::new(pb::CreateSurveyResponse { survey }))
    }

    async fn get_survey(
        &self,
        request: Request<pb::GetSurveyRequest>,
    ) -> Result<Response<pb::GetSurveyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, number) = convert::survey::get(request.get_ref())?;
        let survey = commands::survey::get(&self.db, caller.tenant(), id, number).await?;
        let survey = Some(convert::survey::to_proto(survey));
        Ok(Response::new(pb::GetSurveyResponse { survey }))
    }

    async fn list_surveys(
        &self,
        request: Request<pb::ListSurveysRequest>,
    ) -> Result<Response<pb::ListSurveysResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::survey::list(request.get_ref())?;
        let (surveys, next_page_token) = commands::survey::list(&self.db, caller.tenant(), &page).await?;
        let surveys = surveys.into_iter().map(convert::survey::to_proto).collect();
        Ok(Response::new(pb::ListSurveysResponse {
            surveys,
            next_page_token,
        }))
    }

    async fn update_survey(
        &self,
        request: Request<pb::UpdateSurveyRequest>,
    ) -> Result<Response<pb::UpdateSurveyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let update = convert::survey::update(request.get_ref())?;
        let survey = commands::survey::update(&self.db, caller.tenant(), update).await?;
        let survey = Some(convert::survey::to_proto(survey));
        Ok(Response::new(pb::UpdateSurveyResponse { survey }))
    }

    async fn publish_survey(
        &self,
        request: Request<pb::PublishSurveyRequest>,
    ) -> Result<Response<pb::PublishSurveyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let publish = convert::survey::publish(request.get_ref())?;
        let survey = commands::survey::publish(&self.db, &self.neighbours, caller.tenant(), publish).await?;
        let survey = Some(convert::survey::to_proto(survey));
        Ok(Response::new(pb::PublishSurveyResponse { survey }))
    }

    async fn archive_survey(
        &self,
        request: Request<pb::ArchiveSurveyRequest>,
    ) -> Result<Response<pb::ArchiveSurveyResponse>, Status> {
        let caller = Caller::of(&request)?;
        let archive = convert::survey::archive(request.get_ref())?;
        let survey = commands::survey::archive(&self.db, caller.tenant(), archive).await?;
        let survey = Some(convert::survey::to_proto(survey));
        Ok(Response::new(pb::ArchiveSurveyResponse { survey }))
    }
}
