//! The schemas of the five services.

use std::sync::Arc;

use attune_database::Schema;
use attune_feedback::Feedback;
use attune_improvement::Improvement;
use attune_interactions::Interactions;
use attune_notifications::Notifications;
use attune_profiles::Profiles;
use attune_server::Service;
use sqlx::migrate::Migrator;

/// The schemas of the five services.
pub const SCHEMAS: [Schema; 5] = [
    Schema("profiles"),
    Schema("interactions"),
    Schema("feedback"),
    Schema("improvement"),
    Schema("notifications"),
];

/// Each schema with its migrations.
pub fn schemas() -> Vec<(Schema, &'static Migrator)> {
    services(Notifications::default())
        .iter()
        .map(|service| (Schema(service.name()), service.migrator()))
        .collect()
}

/// The five services.
pub(crate) fn services(notifications: Notifications) -> Vec<Arc<dyn Service>> {
    vec![
        Arc::new(Profiles),
        Arc::new(Interactions),
        Arc::new(Feedback::default()),
        Arc::new(Improvement),
        Arc::new(notifications),
    ]
}
