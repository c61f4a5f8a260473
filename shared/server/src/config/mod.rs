//! What a process is told from outside: flags and environment variables of the same names.

mod database;
mod duration;
mod identity;
mod limits;
mod peers;
mod secret;
mod tls;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use attune_clock::Clock;
use attune_telemetry::{LogFormat, TelemetryConfig};
use clap::{Args, Parser, ValueEnum};

pub use database::DatabaseConfig;
pub use identity::{AccountSetting, IdentityConfig, IssuerSetting, KeySource};
pub use limits::{LARGEST_MESSAGE, Limits};
pub use peers::PeerConfig;
pub use secret::Secret;
pub use tls::TlsConfig;

/// The whole configuration of a process. A command with subcommands flattens it into one of them.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address of the gRPC listener; port 0 takes a free one
    #[arg(long, env = "ATTUNE_LISTEN", default_value_t = default_listen())]
    pub listen: SocketAddr,

    /// Address of the listener for `/metrics`, `/healthz` and `/readyz`
    #[arg(long, env = "ATTUNE_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,

    /// Where traces go over OTLP/gRPC, such as `http://collector:4317`
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// What is logged, such as `info,attune_events=debug`
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub log: String,

    /// The form of the log: JSON lines, or for reading; by default it depends on whether a person reads
    #[arg(long, env = "ATTUNE_LOG_FORMAT", value_enum, default_value_t = Format::Auto)]
    pub log_format: Format,

    /// Web origins whose browsers may call, separated by commas; `*` for any
    #[arg(long, env = "ATTUNE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,

    /// Take the time from this file, which a test or a replay moves; refused without `ATTUNE_ALLOW_VIRTUAL_CLOCK`
    #[arg(long, env = "ATTUNE_CLOCK_FILE", value_name = "FILE")]
    pub clock_file: Option<PathBuf>,

    /// Say that this process is not in production and its time may be virtual
    #[arg(long, env = "ATTUNE_ALLOW_VIRTUAL_CLOCK")]
    pub allow_virtual_clock: bool,

    /// A clock handed in by a test; stands before `clock_file`.
    #[arg(skip)]
    pub clock: Option<Clock>,

    /// The databases.
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// Issuers and identity.
    #[command(flatten)]
    pub identity: IdentityConfig,

    /// The other services.
    #[command(flatten)]
    pub peers: PeerConfig,

    /// Bounds.
    #[command(flatten)]
    pub limits: Limits,

    /// Certificates.
    #[command(flatten)]
    pub tls: TlsConfig,
}

/// The form of the log, as a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading on a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For reading.
    Pretty,
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 7443).into()
}

impl Default for Config {
    /// The defaults of every flag, whatever the environment says; lacks a database and an issuer.
    fn default() -> Self {
        Self {
            listen: default_listen(),
            admin_listen: None,
            otlp_endpoint: None,
            log: "info".to_owned(),
            log_format: Format::default(),
            cors_origins: Vec::new(),
            clock_file: None,
            allow_virtual_clock: false,
            clock: None,
            database: DatabaseConfig::default(),
            identity: IdentityConfig::default(),
            peers: PeerConfig::default(),
            limits: Limits::default(),
            tls: TlsConfig::default(),
        }
    }
}

/// A configuration that cannot work; the process ends with code 64 (`EX_USAGE`) and this sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

#[derive(Parser)]
#[command(version, about = "A service of the Attune customer experience platform", long_about = None)]
struct Command<A: Args> {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    own: A,
}

#[derive(Args)]
struct Nothing {}

impl Config {
    /// Reads arguments (the first is the program's name) and the environment.
    pub fn from_args<A: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, clap::Error> {
        Self::from_args_with::<Nothing, A>(arguments).map(|(config, _)| config)
    }

    /// The same together with the settings of a service's own.
    pub fn from_args_with<Own: Args, A: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<(Self, Own), clap::Error> {
        Command::<Own>::try_parse_from(arguments).map(|command| (command.config, command.own))
    }

    /// Whether the parts fit together.
    pub fn check(&self) -> Result<(), ConfigError> {
        let clock = if self.clock_file.is_some() && !self.allow_virtual_clock {
            Err(
                "ATTUNE_CLOCK_FILE gives the process a virtual time; set ATTUNE_ALLOW_VIRTUAL_CLOCK=true as \
                 well if this is not production"
                    .to_owned(),
            )
        } else {
            Ok(())
        };
        clock
            .and_then(|()| self.limits.check())
            .and_then(|()| self.identity.check())
            .and_then(|()| self.tls.check())
            .map_err(ConfigError)
    }

    /// The time this process lives in.
    pub(crate) fn clock(&self) -> anyhow::Result<Clock> {
        match (&self.clock, &self.clock_file) {
            (Some(clock), _) => Ok(clock.clone()),
            (None, Some(file)) => {
                Clock::file(file).with_context(|| format!("cannot read the clock file {}", file.display()))
            }
            (None, None) => Ok(Clock::system()),
        }
    }

    /// What telemetry needs to know.
    pub(crate) fn telemetry(&self, service: &str) -> TelemetryConfig {
        TelemetryConfig {
            service: service.to_owned(),
            log_filter: self.log.clone(),
            log_format: match self.log_format {
                Format::Auto => LogFormat::Auto,
                Format::Json => LogFormat::Json,
                Format::Pretty => LogFormat::Pretty,
            },
            otlp_endpoint: self.otlp_endpoint.clone().filter(|endpoint| !endpoint.is_empty()),
            admin_listen: self.admin_listen,
        }
    }
}

#[cfg(test)]
mod tests;
