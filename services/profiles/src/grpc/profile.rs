//! `ProfileService`.

use attune_api::profiles::v1 as pb;
use attune_api::profiles::v1::profile_service_server::ProfileService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Profiles;
use crate::{commands, convert};

#[tonic::async_trait]
impl ProfileService for Profiles {
    async fn create_profile(
        &self,
        request: Request<pb::CreateProfileRequest>,
    ) -> Result<Response<pb::CreateProfileResponse>, Status> {
        let caller = Caller::of(&request)?;
        let create = convert::profile::create(request.get_ref())?;
        let profile = commands::profile::create(&self.db, caller.tenant(), create).await?;
        let profile = Some(convert::profile::to_proto(profile));
        Ok(Response::new(pb::CreateProfileResponse { profile }))
    }

    async fn get_profile(
        &self,
        request: Request<pb::GetProfileRequest>,
    ) -> Result<Response<pb::GetProfileResponse>, Status> {
        let caller = Caller::of(&request)?;
        let id = convert::profile::get(request.get_ref())?;
        let profile = commands::profile::get(&self.db, caller.tenant(), id).await?;
        let profile = Some(convert::profile::to_proto(profile));
        Ok(Response::new(pb::GetProfileResponse { profile }))
    }

    async fn batch_get_profiles(
        &self,
        request: Request<pb::BatchGetProfilesRequest>,
    ) -> Result<Response<pb::BatchGetProfilesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let ids = convert::profile::batch_get(request.get_ref())?;
        let profiles = commands::profile::batch_get(&self.db, caller.tenant(), &ids).await?;
        let profiles = profiles.into_iter().map(convert::profile::to_proto).collect();
        Ok(Response::new(pb::BatchGetProfilesResponse { profiles }))
    }

    async fn update_profile(
        &self,
        request: Request<pb::UpdateProfileRequest>,
    ) -> Result<Response<pb::UpdateProfileResponse>, Status> {
        let caller = Caller::of(&request)?;
        let update = convert::profile::update(request.get_ref())?;
        let profile = commands::profile::update(&self.db, caller.tenant(), update).await?;
        let profile = Some(convert::profile::to_proto(profile));
        Ok(Response::new(pb::UpdateProfileResponse { profile }))
    }

    async fn list_profiles(
        &self,
        request: Request<pb::ListProfilesRequest>,
    ) -> Result<Response<pb::ListProfilesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = convert::profile::list(request.get_ref())?;
        let (profiles, next_page_token) = commands::profile::list(&self.db, caller.tenant(), &page).await?;
        let profiles = profiles.into_iter().map(convert::profile::to_proto).collect();
        Ok(Response::new(pb::ListProfilesResponse {
            profiles,
            next_page_token,
        }))
    }

    async fn resolve_profile(
        &self,
        request: Request<pb::ResolveProfileRequest>,
    ) -> Result<Response<pb::ResolveProfileResponse>, Status> {
        let caller = Caller::of(&request)?;
        let identity = convert::profile::resolve(request.get_ref())?;
        let profile = commands::profile::resolve(&self.db, caller.tenant(), &identity).await?;
        let profile = Some(convert::profile::to_proto(profile));
        Ok(Response::new(pb::ResolveProfileResponse { profile }))
    }

    async fn set_consent(
        &self,
        request: Request<pb::SetConsentRequest>,
    ) -> Result<Response<pb::SetConsentResponse>, Status> {
        let caller = Caller::of(&request)?;
        let set = convert::consent::set(request.get_ref())?;
        let profile = commands::consent::set(&self.db, caller.tenant(), set).await?;
        let profile = Some(convert::profile::to_proto(profile));
        Ok(Response::new(pb::SetConsentResponse { profile }))
    }

    async fn list_consent_history(
        &self,
        request: Request<pb::ListConsentHistoryRequest>,
    ) -> Result<Response<pb::ListConsentHistoryResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::consent::history(request.get_ref())?;
        let (decisions, next_page_token) =
            commands::consent::history(&self.db, caller.tenant(), id, &page).await?;
        let consents = decisions
            .into_iter()
            .map(convert::consent::decision_to_proto)
            .collect();
        Ok(Response::new(pb::ListConsentHistoryResponse {
            consents,
            next_page_token,
        }))
    }
}
