//! The five services.

use std::sync::Arc;

use attune_database::{Schema, migrate};
use attune_server::Service;
use sqlx::PgPool;
use sqlx::migrate::Migrator;

/// The names of all services, in the order of the loop.
pub(crate) const NAMES: [&str; 5] = [
    "profiles",
    "interactions",
    "feedback",
    "improvement",
    "notifications",
];

/// All services; notifications sends as `mail` says, and feedback asks as `surveys` says.
pub(crate) fn all(
    mail: attune_notifications::Config,
    surveys: attune_feedback::Config,
) -> Vec<Arc<dyn Service>> {
    vec![
        Arc::new(attune_profiles::Profiles),
        Arc::new(attune_interactions::Interactions),
        Arc::new(attune_feedback::Feedback::new(surveys)),
        Arc::new(attune_improvement::Improvement),
        Arc::new(attune_notifications::Notifications::new(mail)),
    ]
}

/// The schemas of all services.
pub(crate) fn schemas() -> [Schema; 5] {
    NAMES.map(Schema)
}

/// Brings all five schemas in `admin`'s database up to date.
pub(crate) async fn bring_up_to_date(admin: &PgPool) -> anyhow::Result<()> {
    let services = all(
        attune_notifications::Config::default(),
        attune_feedback::Config::default(),
    );
    let places: Vec<(Schema, &'static Migrator)> = services
        .iter()
        .map(|service| (Schema(service.name()), service.migrator()))
        .collect();
    migrate(admin, &places).await?;
    Ok(())
}
