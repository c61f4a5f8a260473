//! The notifications service: what we tell people, on which channel, and why or why not.

mod commands;
mod config;
mod convert;
mod delivery;
mod domain;
mod error;
mod events;
mod grpc;
mod store;
mod timers;

use async_trait::async_trait;
use attune_api::notifications::v1::contact_service_server::ContactServiceServer;
use attune_api::notifications::v1::message_service_server::MessageServiceServer;
use attune_api::notifications::v1::template_service_server::TemplateServiceServer;
use attune_server::{Context, Part, Service};
use attune_timers::Worker;
use chrono::TimeDelta;
use sqlx::migrate::Migrator;

pub use config::Config;

/// How long a contact is kept: longer than any budget's window, and than any message is under way.
const CONTACTS_KEPT: TimeDelta = TimeDelta::days(100);

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, to be run by [`attune_server`].
#[derive(Clone, Debug, Default)]
pub struct Notifications {
    config: Config,
}

impl Notifications {
    /// The service with its providers as `config` says.
    pub fn new(config: Config) -> Self {
        Self { config }
    }
}

#[async_trait]
impl Service for Notifications {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn migrator(&self) -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(&self, context: Context) -> anyhow::Result<Part> {
        let handlers = grpc::Notifications::new(context.database.clone());
        let delivery = delivery::Delivery::new(context.database.clone(), context.peers, &self.config)?;
        let worker = Worker::new(context.database, delivery).with_longest_lease(context.longest_lease);
        Ok(Part::new()
            .grpc(TemplateServiceServer::new(handlers.clone()))
            .grpc(MessageServiceServer::new(handlers.clone()))
            .grpc(ContactServiceServer::new(handlers))
            .timer(timers::waking::Waking)
            .expiring("contact", "created_at", CONTACTS_KEPT)
            .consumer(events::Tellings)
            .task("delivery", move |shutdown| worker.clone().run(shutdown)))
    }
}
