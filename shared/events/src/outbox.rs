//! What writers tell: rows in the outbox, in the transaction of what they tell about.

use attune_database::{Schema, Tx};
use sqlx::{SqlStr, query};
use uuid::Uuid;

use crate::signals::appended;
use crate::statement::statement;

/// One event of [`append_many`].
#[derive(Clone, Debug)]
pub struct NewEvent<P> {
    /// The resource it happened to.
    pub subject: Uuid,
    /// The subject's version after it; at least 1, and greater than that of the subject's event before.
    pub subject_version: i64,
    /// What happened.
    pub payload: P,
}

/// Tells that `payload` happened to `subject`, which is at `subject_version` after it: greater than at the
/// subject's event before. The event has the transaction's tenant and instant and the trace of the current
/// span, and is numbered after the commit. Answers its id.
///
/// The caller holds the lock of the subject's row (it has just written it): that is what keeps the events of
/// one subject in order.
pub async fn append<P>(
    tx: &mut Tx,
    subject: Uuid,
    subject_version: i64,
    payload: &P,
) -> Result<Uuid, sqlx::Error>
where
    P: prost::Message + prost::Name,
{
    let id = Uuid::now_v7();
    query(insert_one(tx.schema()))
        .bind(id)
        .bind(subject)
        .bind(subject_version)
        .bind(P::full_name())
        .bind(tx.tenant().as_str().to_owned())
        .bind(tx.now())
        .bind(attune_telemetry::current_traceparent())
        .bind(payload.encode_to_vec())
        .execute(&mut **tx)
        .await?;
    hint(tx);
    Ok(id)
}

/// [`append`] for several events in one statement, in the order given. Answers their ids.
pub async fn append_many<P>(tx: &mut Tx, events: &[NewEvent<P>]) -> Result<Vec<Uuid>, sqlx::Error>
where
    P: prost::Message + prost::Name,
{
    let trace = attune_telemetry::current_traceparent();
    append_traced(tx, events, &vec![trace; events.len()]).await
}

/// [`append_many`] for events of several calls: each has the trace at its place in `traces` (a W3C `traceparent`)
/// instead of the current span's.
pub async fn append_traced<P>(
    tx: &mut Tx,
    events: &[NewEvent<P>],
    traces: &[Option<String>],
) -> Result<Vec<Uuid>, sqlx::Error>
where
    P: prost::Message + prost::Name,
{
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    let subjects: Vec<Uuid> = events.iter().map(|event| event.subject).collect();
    let versions: Vec<i64> = events.iter().map(|event| event.subject_version).collect();
    let payloads: Vec<Vec<u8>> = events.iter().map(|event| event.payload.encode_to_vec()).collect();
    query(insert_many(tx.schema()))
        .bind(&ids)
        .bind(&subjects)
        .bind(&versions)
        .bind(&payloads)
        .bind(P::full_name())
        .bind(tx.tenant().as_str().to_owned())
        .bind(tx.now())
        .bind(traces)
        .execute(&mut **tx)
        .await?;
    hint(tx);
    Ok(ids)
}

/// Wakes the sequencer when it has something to number.
fn hint(tx: &mut Tx) {
    let appended = appended(tx.schema());
    tx.after_commit(move || appended.notify_waiters());
}

fn insert_one(schema: Schema) -> SqlStr {
    statement(
        schema,
        "INSERT INTO {schema}.outbox
             (event_id, subject, subject_version, type, tenant_id, occurred_at, trace_context, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
}

/// The identity is drawn row by row in the order of the SELECT, which is the order given.
fn insert_many(schema: Schema) -> SqlStr {
    statement(
        schema,
        "INSERT INTO {schema}.outbox
             (event_id, subject, subject_version, payload, type, tenant_id, occurred_at, trace_context)
         SELECT event_id, subject, subject_version, payload, $5, $6, $7, trace_context
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $8::text[])
             WITH ORDINALITY AS new (event_id, subject, subject_version, payload, trace_context, place)
         ORDER BY place",
    )
}
