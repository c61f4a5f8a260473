//! One service's database: its pool, its schema, its clock.

use std::sync::Arc;

use attune_clock::Clock;
use sqlx::PgPool;

use crate::Schema;

/// One service's database; cheap to clone.
///
/// A handler begins a [`Database::read`] or a [`Database::write`], a background loop a
/// [`Database::system`] or a [`Database::platform_tx`]; there is no other way in.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    schema: Schema,
    clock: Clock,
}

impl Database {
    /// The database behind `pool`, which must come from [`connect`](crate::connect) for the same schema:
    /// only then does it work as the role that sees nothing else.
    pub fn new(pool: PgPool, schema: Schema, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner { pool, schema, clock }),
        }
    }

    /// The pool, for what needs no transaction (a health check) or a connection of its own (LISTEN).
    pub fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// The clock every row's time comes from.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The service's schema.
    pub fn schema(&self) -> Schema {
        self.inner.schema
    }
}
