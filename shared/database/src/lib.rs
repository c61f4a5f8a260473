//! Everything between a service and Postgres that is not the service's own SQL.
//!
//! A service owns one [`Schema`] and works as the role that owns it. [`migrate`] makes both and runs the
//! migrations; [`connect`] opens the pool; a [`Database`] hands out transactions and nothing else:
//!
//! - [`Database::read`] and [`Database::system`]: a [`Tx`] inside one tenant, begun in one round trip;
//! - [`Database::write`]: the same for a caller's write, which may be a repeated one, and
//!   [`Database::write_many`] for several that [`Gather`] brought together;
//! - [`GatherReads`]: rows by their ids, for many callers in one [`Database::read`];
//! - [`Database::platform_tx`]: the infrastructure tables, for the platform's loops.
//!
//! [`embedded`] starts a Postgres of one's own where none is given, [`template`] gives every test a
//! database of its own, [`retention`] forgets what is kept for a time only, [`analyze_filled`] has new tables
//! planned for what they hold.

mod begun;
mod constraint;
mod database;
pub mod embedded;
mod error;
mod gather;
mod gathered_read;
mod migration;
mod partition;
mod pool;
mod request;
pub mod retention;
mod schema;
mod statistics;
pub mod template;
mod transaction;

pub use constraint::{OnConstraint, violated_constraint};
pub use database::Database;
pub use error::database_error;
pub use gather::{Gather, GatheredWrite};
pub use gathered_read::{GatherReads, GatheredRead};
pub use migration::{MigrationError, migrate};
pub use partition::extend_event_log;
pub use pool::{PoolSettings, connect};
pub use request::{Began, Write, settle};
pub use schema::Schema;
pub use statistics::analyze_filled;
pub use transaction::{PlatformTx, Savepoint, Tx};
