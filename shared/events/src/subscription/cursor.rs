//! The row that says how far a subscription has come.

use attune_database::{Database, Schema};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, SqlStr, query, query_as};

use crate::Cursor;
use crate::statement::statement;

/// What the row said when it was taken.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) at: Option<Cursor>,
    /// Whether events of this subscription are parked.
    pub(super) has_parked: bool,
}

/// The statements on one subscription's row.
#[derive(Debug)]
pub(super) struct CursorRow {
    name: &'static str,
    source: &'static str,
    register: SqlStr,
    read: SqlStr,
    lock: SqlStr,
    advance: SqlStr,
    checkpoint: SqlStr,
}

impl CursorRow {
    pub(super) fn new(schema: Schema, name: &'static str, source: &'static str) -> Self {
        Self {
            name,
            source,
            register: statement(schema, REGISTER),
            read: statement(schema, READ),
            lock: statement(schema, LOCK),
            advance: statement(schema, ADVANCE),
            checkpoint: statement(schema, CHECKPOINT),
        }
    }

    /// Makes the row when it is the first time, and answers the source it follows.
    pub(super) async fn register(&self, database: &Database) -> Result<String, sqlx::Error> {
        let mut tx = database.platform_tx().await?;
        query(self.register.clone())
            .bind(self.name)
            .bind(self.source)
            .bind(tx.now())
            .execute(&mut *tx)
            .await?;
        let (source, _, _): Stored = query_as(self.read.clone())
            .bind(self.name)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(source)
    }

    /// The cursor as committed last; `None` before the first response.
    pub(super) async fn read(&self, database: &Database) -> Result<Option<Cursor>, sqlx::Error> {
        let (_, epoch, position): Stored = query_as(self.read.clone())
            .bind(self.name)
            .fetch_one(database.pool())
            .await?;
        Ok(cursor(&epoch, position))
    }

    /// Takes the row for the rest of the transaction; `None` when another replica has it.
    pub(super) async fn lock(&self, connection: &mut PgConnection) -> Result<Option<Locked>, sqlx::Error> {
        let row: Option<(String, i64, bool)> = query_as(self.lock.clone())
            .bind(self.name)
            .fetch_optional(connection)
            .await?;
        Ok(row.map(|(epoch, position, has_parked)| Locked {
            at: cursor(&epoch, position),
            has_parked,
        }))
    }

    /// Moves the locked row.
    pub(super) async fn advance(
        &self,
        connection: &mut PgConnection,
        to: Cursor,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        query(self.advance.clone())
            .bind(self.name)
            .bind(to.epoch.to_string())
            .bind(to.position)
            .bind(now)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Moves the row past positions that held nothing wanted, if it still stands at `from`. Answers whether it
    /// did.
    pub(super) async fn checkpoint(
        &self,
        database: &Database,
        from: Option<Cursor>,
        to: Cursor,
    ) -> Result<bool, sqlx::Error> {
        let moved = query(self.checkpoint.clone())
            .bind(self.name)
            .bind(to.epoch.to_string())
            .bind(to.position)
            .bind(database.clock().now())
            .bind(from.map(|from| from.epoch.to_string()).unwrap_or_default())
            .bind(from.map_or(0, |from| from.position))
            .execute(database.pool())
            .await?;
        Ok(moved.rows_affected() == 1)
    }
}

/// Source, epoch, position.
type Stored = (String, String, i64);

/// The epoch is empty until the feed has told it.
fn cursor(epoch: &str, position: i64) -> Option<Cursor> {
    epoch.parse().ok().map(|epoch| Cursor { epoch, position })
}

const REGISTER: &str = "
    INSERT INTO {schema}.subscription (name, source, epoch, position, updated_at)
    VALUES ($1, $2, '', 0, $3) ON CONFLICT (name) DO NOTHING";

const READ: &str = "SELECT source, epoch, position FROM {schema}.subscription WHERE name = $1";

/// Who parks an event moves the cursor with it, so what is said of the parked ones holds where the cursor is the one
/// that was known.
const LOCK: &str = "
    SELECT epoch, position, EXISTS (SELECT FROM {schema}.parked WHERE name = $1)
    FROM {schema}.subscription WHERE name = $1 FOR UPDATE SKIP LOCKED";

const ADVANCE: &str = "
    UPDATE {schema}.subscription SET epoch = $2, position = $3, updated_at = $4 WHERE name = $1";

/// A checkpoint that a crash forgets is only read again, so its commit does not wait for the disk.
const CHECKPOINT: &str = "
    WITH lax AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE {schema}.subscription SET epoch = $2, position = $3, updated_at = $4 FROM lax
    WHERE name = $1 AND epoch = $5 AND position = $6";
