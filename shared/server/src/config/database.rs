//! Where the data is.

use std::time::Duration;

use clap::Args;

use super::{Secret, duration};

/// The databases of the services, one for all or one each.
#[derive(Args, Clone, Debug)]
pub struct DatabaseConfig {
    /// Postgres for every service without a URL of its own; the login must be a member of the services'
    /// roles (or a superuser) and, where `ATTUNE_MIGRATE` is true, may create roles and schemas
    #[arg(
        long = "database-url",
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub url: Option<Secret>,

    /// Postgres for profiles
    #[arg(
        long,
        env = "ATTUNE_PROFILES_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub profiles_database_url: Option<Secret>,

    /// Postgres for interactions
    #[arg(
        long,
        env = "ATTUNE_INTERACTIONS_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub interactions_database_url: Option<Secret>,

    /// Postgres for feedback
    #[arg(
        long,
        env = "ATTUNE_FEEDBACK_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub feedback_database_url: Option<Secret>,

    /// Postgres for improvement
    #[arg(
        long,
        env = "ATTUNE_IMPROVEMENT_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub improvement_database_url: Option<Secret>,

    /// Postgres for notifications
    #[arg(
        long,
        env = "ATTUNE_NOTIFICATIONS_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub notifications_database_url: Option<Secret>,

    /// Bring roles, schemas and tables up to date at the start
    #[arg(long, env = "ATTUNE_MIGRATE", default_value_t = true, action = clap::ArgAction::Set)]
    pub migrate: bool,

    /// Most connections of one service
    #[arg(long, env = "ATTUNE_POOL_SIZE", default_value_t = 8,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pool_size: u32,

    /// How long one statement may run
    #[arg(long, env = "ATTUNE_STATEMENT_TIMEOUT", default_value = "5s", value_parser = duration::parse)]
    pub statement_timeout: Duration,

    /// How long events stay in the feed, in days
    #[arg(long, env = "ATTUNE_EVENT_RETENTION_DAYS", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub event_retention_days: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            profiles_database_url: None,
            interactions_database_url: None,
            feedback_database_url: None,
            improvement_database_url: None,
            notifications_database_url: None,
            migrate: true,
            pool_size: 8,
            statement_timeout: Duration::from_secs(5),
            event_retention_days: 400,
        }
    }
}

impl DatabaseConfig {
    /// The URL of `service`'s database: its own, else the one for all.
    pub fn url_of(&self, service: &str) -> Option<&Secret> {
        let own = match service {
            "profiles" => &self.profiles_database_url,
            "interactions" => &self.interactions_database_url,
            "feedback" => &self.feedback_database_url,
            "improvement" => &self.improvement_database_url,
            "notifications" => &self.notifications_database_url,
            _ => &None,
        };
        own.as_ref().or(self.url.as_ref())
    }
}
