//! Transactions: a tenant's, and the platform's own.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use attune_rpc::TenantId;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::begun::Begun;
use crate::schema::literal;
use crate::{Database, Schema};

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

/// Told after a commit.
type Hint = Box<dyn FnOnce() + Send + Sync>;

/// A transaction inside one tenant: row-level security shows that tenant's rows and no others.
///
/// It is a connection (`&mut *tx` of an owned one, `&mut **tx` of a borrowed one). Dropped without
/// [`Tx::commit`], it leaves no trace.
pub struct Tx {
    inner: PlatformTx,
    tenant: TenantId,
    access: Access,
    /// What is to be told when it has committed.
    hints: Vec<Hint>,
}

impl Tx {
    /// The tenant whose rows are visible.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The instant at which the transaction began; every row of one transaction carries the same.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.now()
    }

    /// The schema whose tables this transaction works on.
    pub fn schema(&self) -> Schema {
        self.inner.schema()
    }

    /// Leaves the tenant for another one; nothing travels when it is the same. For loops that serve many
    /// tenants in one transaction, never for a caller's request.
    pub async fn switch_tenant(&mut self, tenant: &TenantId) -> Result<(), sqlx::Error> {
        if self.tenant != *tenant {
            set_tenant(&mut self.inner, tenant).await?;
            self.tenant = tenant.clone();
        }
        Ok(())
    }

    /// Marks a point to come back to when what follows fails, so that one failing item of a batch does
    /// not take the others with it.
    pub async fn savepoint(&mut self) -> Result<Savepoint, sqlx::Error> {
        sqlx::raw_sql("SAVEPOINT item").execute(&mut **self).await?;
        Ok(Savepoint {
            tenant: self.tenant.clone(),
        })
    }

    /// Keeps what was done since `point`.
    pub async fn release(&mut self, point: Savepoint) -> Result<(), sqlx::Error> {
        let Savepoint { tenant: _ } = point;
        sqlx::raw_sql("RELEASE SAVEPOINT item")
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// Undoes what was done since `point`, a failed statement and a switch of tenant included.
    pub async fn roll_back_to(&mut self, point: Savepoint) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("ROLLBACK TO SAVEPOINT item; RELEASE SAVEPOINT item")
            .execute(&mut **self)
            .await?;
        self.tenant = point.tenant;
        Ok(())
    }

    /// Lets each statement of this transaction take up to `longest`. For work that no caller waits for and that may be
    /// about everything a tenant has; a call's statement is ended with the call's time.
    pub async fn statements_may_take(&mut self, longest: Duration) -> Result<(), sqlx::Error> {
        let set = format!("SET LOCAL statement_timeout = {}", longest.as_millis());
        sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut **self).await?;
        Ok(())
    }

    /// Has each statement of this transaction planned for its values: a tenth of a millisecond or two, for those of which
    /// one call reads a handful of rows and the next a hundred thousand. What is planned for any values is planned for few.
    pub async fn plan_for_values(&mut self) -> Result<(), sqlx::Error> {
        let set = "SET LOCAL plan_cache_mode = force_custom_plan";
        sqlx::raw_sql(set).execute(&mut **self).await?;
        Ok(())
    }

    /// Calls `hint` as soon as this transaction has committed, and never where it does not: whoever waits for what it
    /// did, in this process alone, need not ask for it. Must be quick.
    pub fn after_commit(&mut self, hint: impl FnOnce() + Send + Sync + 'static) {
        self.hints.push(Box::new(hint));
    }

    /// Makes everything done in it visible at once and lasting.
    ///
    /// A read has nothing to keep, so nobody waits for its end: it travels with the pool's look after the
    /// connection that comes back.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self.access {
            Access::ReadOnly => Ok(()),
            Access::ReadWrite => {
                self.inner.commit().await?;
                self.hints.into_iter().for_each(|hint| hint());
                Ok(())
            }
        }
    }

    /// Undoes everything now. Dropping does the same with nobody waiting, and its locks are held a moment
    /// longer.
    pub async fn roll_back(self) -> Result<(), sqlx::Error> {
        self.inner.roll_back().await
    }
}

/// A point inside a [`Tx`]; see [`Tx::savepoint`]. Points may be nested and are used up in reverse order.
#[derive(Debug)]
#[must_use = "a savepoint is released or rolled back to"]
pub struct Savepoint {
    tenant: TenantId,
}

/// A transaction of the platform's own loops on the infrastructure tables, in no tenant: a tenant's
/// tables look empty in it.
pub struct PlatformTx {
    begun: Begun,
    now: DateTime<Utc>,
    schema: Schema,
}

impl PlatformTx {
    /// The instant at which the transaction began.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The schema whose tables this transaction works on.
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// Goes on inside `tenant`. The infrastructure tables stay as they are, so that a cursor read before
    /// moves together with the effects of what it points at.
    pub async fn enter(mut self, tenant: &TenantId) -> Result<Tx, sqlx::Error> {
        set_tenant(&mut self, tenant).await?;
        Ok(Tx {
            inner: self,
            tenant: tenant.clone(),
            access: Access::ReadWrite,
            hints: Vec::new(),
        })
    }

    /// Makes everything done in it visible at once and lasting.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.begun.commit().await
    }

    /// Undoes everything now.
    pub async fn roll_back(self) -> Result<(), sqlx::Error> {
        self.begun.roll_back().await
    }
}

impl Database {
    /// A transaction that can only read, inside `tenant`. Begun and bound to the tenant in one round trip.
    pub async fn read(&self, tenant: &TenantId) -> Result<Tx, sqlx::Error> {
        self.begin_in(tenant, Access::ReadOnly).await
    }

    /// A transaction inside `tenant` for background work, which has no request to repeat. A caller's
    /// write goes through [`Database::write`]. Begun and bound to the tenant in one round trip.
    pub async fn system(&self, tenant: &TenantId) -> Result<Tx, sqlx::Error> {
        self.begin_in(tenant, Access::ReadWrite).await
    }

    /// A transaction on the infrastructure tables, in no tenant.
    pub async fn platform_tx(&self) -> Result<PlatformTx, sqlx::Error> {
        self.begin("BEGIN READ WRITE").await
    }

    async fn begin_in(&self, tenant: &TenantId, access: Access) -> Result<Tx, sqlx::Error> {
        let mode = match access {
            Access::ReadOnly => "READ ONLY",
            Access::ReadWrite => "READ WRITE",
        };
        let begin = format!(
            "BEGIN {mode}; SET LOCAL app.tenant = {}",
            literal(tenant.as_str())
        );
        Ok(Tx {
            inner: self.begin(&begin).await?,
            tenant: tenant.clone(),
            access,
            hints: Vec::new(),
        })
    }

    /// Connections are not tested when they are taken from the pool, which would cost a round trip each
    /// time. After a restart of the server the pool holds dead ones; nothing has been done yet when
    /// beginning fails for that, so the next one is tried until a fresh one is reached.
    async fn begin(&self, statement: &str) -> Result<PlatformTx, sqlx::Error> {
        let mut stale = self.pool().size();
        loop {
            let now = self.clock().now();
            match Begun::new(self.pool(), statement).await {
                Ok(begun) => {
                    return Ok(PlatformTx {
                        begun,
                        now,
                        schema: self.schema(),
                    });
                }
                Err(error) if stale > 0 && is_connection_loss(&error) => stale -= 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the connection went away under the statement (class 57P is the server's farewell).
fn is_connection_loss(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

async fn set_tenant(connection: &mut PgConnection, tenant: &TenantId) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('app.tenant', $1, true)")
        .bind(tenant.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

impl Deref for PlatformTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.begun
    }
}

impl DerefMut for PlatformTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.begun
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tx")
            .field("schema", &self.schema())
            .field("tenant", &self.tenant)
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PlatformTx {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PlatformTx")
            .field("schema", &self.schema)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
