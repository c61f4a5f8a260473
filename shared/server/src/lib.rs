//! How a process lives: config → build → spawn → drain.
//!
//! A service implements [`Service`]; its `main` is [`main`]. Several services may share a process, which then
//! has one listener, one event feed service and one set of limits, and reaches its own services over gRPC like
//! any other.
//!
//! ```no_run
//! use std::sync::Arc;
//! use attune_server::{App, Config, Service};
//!
//! # async fn life(service: Arc<dyn Service>) -> anyhow::Result<()> {
//! let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
//! let running = App::build(config, vec![service]).await?.spawn();
//! println!("http://{}", running.address());
//! running.drain().await;
//! # Ok(())
//! # }
//! ```

mod allocator;
mod app;
mod assembly;
mod config;
mod deadline;
mod descriptor;
mod identities;
mod layers;
mod life;
mod pages;
mod part;
mod peers;
mod reflection;
mod replicas;
mod retention;
mod retry;
mod running;
mod service;
mod settled;
mod statistics;
mod storage;
mod stream;
mod tasks;

pub use app::App;
pub use config::{
    AccountSetting, Config, ConfigError, DatabaseConfig, Format, IdentityConfig, IssuerSetting, KeySource,
    LARGEST_MESSAGE, Limits, PeerConfig, Secret, TlsConfig,
};
pub use deadline::Deadline;
pub use life::{exit_code, main, main_with, run, stop_asked};
pub use part::Part;
pub use peers::{Peer, Peers};
pub use retry::Retry;
pub use running::{Drained, Running};
pub use service::{Context, Service};
pub use settled::is_settled;
pub use stream::{Answers, answer_each};
pub use tasks::TaskResult;
