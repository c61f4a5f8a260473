//! A connection inside a transaction.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Database, PgConnection, PgPool, Postgres, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager as _;

type Manager = <Postgres as Database>::TransactionManager;

/// What is to be done with a connection that nobody needs any more.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A transaction may have begun or not.
    Beginning,
    Open,
    Ended,
}

/// A pooled connection inside a transaction, which is undone when it is dropped.
///
/// `sqlx::Transaction`, but for one thing: that one gives a connection back to the pool when beginning fails, or when
/// its caller goes away meanwhile, and it may be inside a transaction then. Whoever takes it next finds every statement
/// refused (25P02), or writes what is never committed, for as long as the connection lives. This one is closed.
#[derive(Debug)]
pub(crate) struct Begun {
    connection: PoolConnection<Postgres>,
    state: State,
}

impl Begun {
    /// Begins with `statement`, which may say more than BEGIN.
    pub(crate) async fn new(pool: &PgPool, statement: &str) -> Result<Self, sqlx::Error> {
        let mut begun = Self {
            connection: pool.acquire().await?,
            state: State::Beginning,
        };
        let statement = AssertSqlSafe(statement.to_owned()).into_sql_str();
        Manager::begin(&mut begun.connection, Some(statement)).await?;
        begun.state = State::Open;
        Ok(begun)
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        Manager::commit(&mut self.connection).await?;
        self.state = State::Ended;
        Ok(())
    }

    pub(crate) async fn roll_back(mut self) -> Result<(), sqlx::Error> {
        Manager::rollback(&mut self.connection).await?;
        self.state = State::Ended;
        Ok(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        match self.state {
            State::Beginning => self.connection.close_on_drop(),
            // Sent with the pool's look after the connection that comes back.
            State::Open => Manager::start_rollback(&mut self.connection),
            State::Ended => {}
        }
    }
}

impl Deref for Begun {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Begun {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
