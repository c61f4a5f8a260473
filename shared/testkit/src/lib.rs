//! The whole platform inside a test: five services over real gRPC, a database of the test's own on a real
//! Postgres, a mailbox behind real SMTP, and a clock that the test moves.
//!
//! ```no_run
//! # async fn story() -> Result<(), attune_testkit::Failure> {
//! let platform = attune_testkit::TestPlatform::start().await?;
//! let acme = platform.tenant("acme");
//! acme.profiles().list_profiles(attune_api::profiles::v1::ListProfilesRequest::default()).await?;
//! platform.advance(chrono::TimeDelta::hours(3)).await?;
//! # Ok(())
//! # }
//! ```

mod clients;
mod database;
mod platform;
mod processes;
mod proxy;
pub mod reflect;
mod refusal;
mod settle;

pub use clients::{Authorised, Channels, Tenant};
pub use database::{SCHEMAS, schemas};
pub use platform::{Settings, TestPlatform, WEBHOOK_SECRET};
pub use processes::{ProcessPlatform, Replica};
pub use proxy::{Link, Proxy, Target};
pub use refusal::{reason, violated_fields};
pub use settle::settle;

/// Whatever goes wrong in a test's preparations.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
