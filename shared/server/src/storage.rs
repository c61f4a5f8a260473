//! The databases of the services in this process.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use attune_clock::Clock;
use attune_database::{Database, PoolSettings, Schema, connect, migrate};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;

use crate::config::DatabaseConfig;
use crate::{ConfigError, Service};

/// Migrates and opens the database of every service, in the order given.
pub(crate) async fn open(
    config: &DatabaseConfig,
    services: &[Arc<dyn Service>],
    clock: &Clock,
) -> anyhow::Result<Vec<Database>> {
    let urls = services
        .iter()
        .map(|service| url(config, service.name()))
        .collect::<Result<Vec<_>, _>>()?;
    if config.migrate {
        let mut places: BTreeMap<&str, Vec<(Schema, &'static Migrator)>> = BTreeMap::new();
        for (service, url) in services.iter().zip(&urls) {
            places
                .entry(url)
                .or_default()
                .push((Schema(service.name()), service.migrator()));
        }
        for (url, schemas) in places {
            bring_up_to_date(url, &schemas).await?;
        }
    }
    let settings = PoolSettings {
        max_connections: config.pool_size,
        statement_timeout: config.statement_timeout,
        ..PoolSettings::default()
    };
    let opened = services.iter().zip(urls).map(async |(service, url)| {
        let schema = Schema(service.name());
        let pool = connect(url, schema, settings.clone())
            .await
            .with_context(|| format!("cannot open the database of {schema}"))?;
        anyhow::Ok(Database::new(pool, schema, clock.clone()))
    });
    futures::future::try_join_all(opened).await
}

fn url<'c>(config: &'c DatabaseConfig, service: &str) -> Result<&'c str, ConfigError> {
    config
        .url_of(service)
        .map(super::config::Secret::expose)
        .ok_or_else(|| {
            ConfigError(format!(
                "{service} has no database; set DATABASE_URL or ATTUNE_{}_DATABASE_URL",
                service.to_uppercase()
            ))
        })
}

async fn bring_up_to_date(url: &str, schemas: &[(Schema, &'static Migrator)]) -> anyhow::Result<()> {
    let admin = PgPoolOptions::new()
        .max_connections(1)
        .connect(url)
        .await
        .context("cannot reach the database that is to be migrated")?;
    let outcome = migrate(&admin, schemas).await;
    admin.close().await;
    outcome
        .context("cannot migrate; run with ATTUNE_MIGRATE=false where the schemas are made by somebody else")
}
