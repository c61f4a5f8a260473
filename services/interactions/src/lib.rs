//! The interactions service: every contact on every channel, in both directions.

mod commands;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod store;

use async_trait::async_trait;
use attune_api::interactions::v1::interaction_service_server::InteractionServiceServer;
use attune_server::{Context, Part, Service};
use sqlx::migrate::Migrator;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Interactions;

#[async_trait]
impl Service for Interactions {
    fn name(&self) -> &'static str {
        "interactions"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let handlers = grpc::Interactions::new(context.database, context.shutdown);
        Ok(Part::new()
            .grpc(InteractionServiceServer::new(handlers))
            .consumer(events::SentMessages))
    }
}
