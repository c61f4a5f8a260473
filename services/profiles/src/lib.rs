//! The profiles service: who the customers are, how they are recognised, and what they consent to.

mod commands;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod store;

use async_trait::async_trait;
use attune_api::profiles::v1::profile_service_server::ProfileServiceServer;
use attune_server::{Context, Part, Service};
use sqlx::migrate::Migrator;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Profiles;

#[async_trait]
impl Service for Profiles {
    fn name(&self) -> &'static str {
        "profiles"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        Ok(Part::new().grpc(ProfileServiceServer::new(grpc::Profiles::new(context.database))))
    }
}
