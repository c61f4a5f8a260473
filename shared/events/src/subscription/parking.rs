//! Events set aside: the one whose handling keeps failing, and the later ones of its subject behind it.
//!
//! `attempts` says how often an event was tried since it was parked or released. Of a subject's events the
//! first decides: at 0 it is due (the ones before it were released and handled, or it was released itself),
//! above 0 it and all behind it wait for an operator.

use std::collections::HashSet;

use attune_api::events::v1 as pb;
use attune_database::{Schema, Tx};
use prost::Message as _;
use sqlx::{PgConnection, SqlStr, query, query_as};
use uuid::Uuid;

use crate::Event;
use crate::statement::statement;

/// Longer texts of errors are cut.
const LONGEST_ERROR: usize = 2_000;
/// Released events handled in one transaction.
const BATCH: i64 = 100;

/// A subject of a tenant, by the tenant's name.
pub(super) type Subject = (String, Uuid);

pub(super) fn subject(event: &Event) -> Subject {
    (event.tenant.as_str().to_owned(), event.subject)
}

/// The statements on one subscription's parked events.
#[derive(Debug)]
pub(super) struct Parking {
    name: &'static str,
    parked: SqlStr,
    park: SqlStr,
    due: SqlStr,
    remove: SqlStr,
    failed: SqlStr,
}

impl Parking {
    pub(super) fn new(schema: Schema, name: &'static str) -> Self {
        Self {
            name,
            parked: statement(schema, PARKED),
            park: statement(schema, PARK),
            due: statement(schema, DUE),
            remove: statement(schema, REMOVE),
            failed: statement(schema, FAILED),
        }
    }

    /// Those subjects of `events` that have parked events.
    pub(super) async fn parked(
        &self,
        connection: &mut PgConnection,
        events: &[Event],
    ) -> Result<HashSet<Subject>, sqlx::Error> {
        let subjects: Vec<Uuid> = events.iter().map(|event| event.subject).collect();
        let rows: Vec<Subject> = query_as(self.parked.clone())
            .bind(self.name)
            .bind(subjects)
            .fetch_all(connection)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Sets `event` aside after `attempts` tries, of which the last answered `error`.
    pub(super) async fn park(
        &self,
        tx: &mut Tx,
        event: &Event,
        attempts: i32,
        error: &str,
    ) -> Result<(), sqlx::Error> {
        let error: String = error.chars().take(LONGEST_ERROR).collect();
        query(self.park.clone())
            .bind(self.name)
            .bind(event.source.as_str())
            .bind(event.position)
            .bind(event.tenant.as_str())
            .bind(event.subject)
            .bind(attempts)
            .bind(error)
            .bind(tx.now())
            .bind(pb::Event::from(event.clone()).encode_to_vec())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Events of subjects whose first one is due, in order, at most [`BATCH`].
    pub(super) async fn due(&self, connection: &mut PgConnection) -> Result<Vec<Event>, sqlx::Error> {
        let rows: Vec<(Vec<u8>,)> = query_as(self.due.clone())
            .bind(self.name)
            .bind(BATCH)
            .fetch_all(connection)
            .await?;
        rows.into_iter()
            .map(|(bytes,)| {
                let event =
                    pb::Event::decode(bytes.as_slice()).map_err(|error| sqlx::Error::Decode(error.into()))?;
                Event::try_from(event).map_err(|error| sqlx::Error::Decode(error.into()))
            })
            .collect()
    }

    /// Forgets an event that was handled.
    pub(super) async fn remove(&self, tx: &mut Tx, event: &Event) -> Result<(), sqlx::Error> {
        query(self.remove.clone())
            .bind(self.name)
            .bind(event.position)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Notes that a released event failed again: it and those behind it wait for the operator.
    pub(super) async fn failed(&self, tx: &mut Tx, event: &Event, error: &str) -> Result<(), sqlx::Error> {
        let error: String = error.chars().take(LONGEST_ERROR).collect();
        query(self.failed.clone())
            .bind(self.name)
            .bind(event.position)
            .bind(error)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

const PARKED: &str = "
    SELECT DISTINCT tenant_id, subject FROM {schema}.parked WHERE name = $1 AND subject = ANY ($2)";

const PARK: &str = "
    INSERT INTO {schema}.parked
        (name, source, position, tenant_id, subject, attempts, error, parked_at, event)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const DUE: &str = "
    WITH due AS (
        SELECT tenant_id, subject FROM {schema}.parked AS first
        WHERE name = $1 AND attempts = 0 AND NOT EXISTS (
            SELECT 1 FROM {schema}.parked AS earlier
            WHERE earlier.name = $1 AND earlier.tenant_id = first.tenant_id
              AND earlier.subject = first.subject AND earlier.position < first.position)
    )
    SELECT event FROM {schema}.parked JOIN due USING (tenant_id, subject)
    WHERE name = $1 ORDER BY position LIMIT $2";

const REMOVE: &str = "DELETE FROM {schema}.parked WHERE name = $1 AND position = $2";

const FAILED: &str = "
    UPDATE {schema}.parked SET attempts = attempts + 1, error = $3 WHERE name = $1 AND position = $2";
