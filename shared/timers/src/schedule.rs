//! Setting and taking back timers, in the transaction of what they follow from.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query;
use uuid::Uuid;

use crate::signals::hint;
use crate::statement::statement;

/// Sets the timer of `kind` for `subject` to `due_at`, in place of an earlier one. An instant that has passed
/// is due at once. Whoever works on it under a lease loses the lease.
pub async fn schedule(
    tx: &mut Tx,
    kind: &str,
    subject: Uuid,
    due_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    query(statement(tx.schema(), SCHEDULE))
        .bind(tx.tenant().as_str().to_owned())
        .bind(kind)
        .bind(subject)
        .bind(due_at)
        .execute(&mut **tx)
        .await?;
    hint(tx, kind, due_at);
    Ok(())
}

/// Sets the timer of `kind` for `subject` to `due_at` unless there is one, and answers whether there was none. One that
/// is firing in another transaction at this moment is waited for, and stands should it have been set again there.
pub async fn schedule_if_none(
    tx: &mut Tx,
    kind: &str,
    subject: Uuid,
    due_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let set = query(statement(tx.schema(), SCHEDULE_IF_NONE))
        .bind(tx.tenant().as_str().to_owned())
        .bind(kind)
        .bind(subject)
        .bind(due_at)
        .execute(&mut **tx)
        .await?
        .rows_affected()
        == 1;
    if set {
        hint(tx, kind, due_at);
    }
    Ok(set)
}

/// [`schedule`] for many subjects in one statement.
pub async fn schedule_many(
    tx: &mut Tx,
    kind: &str,
    timers: &[(Uuid, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    let Some(first) = timers.iter().map(|(_, due_at)| *due_at).min() else {
        return Ok(());
    };
    let (subjects, instants): (Vec<Uuid>, Vec<DateTime<Utc>>) = timers.iter().copied().unzip();
    query(statement(tx.schema(), SCHEDULE_MANY))
        .bind(tx.tenant().as_str().to_owned())
        .bind(kind)
        .bind(subjects)
        .bind(instants)
        .execute(&mut **tx)
        .await?;
    hint(tx, kind, first);
    Ok(())
}

/// Lets the timers of `kind` for `subjects` be due at `due_at` that are due later. There is none set where there was
/// none, and none taken from whoever works on it under a lease.
pub async fn bring_forward(
    tx: &mut Tx,
    kind: &str,
    subjects: &[Uuid],
    due_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if subjects.is_empty() {
        return Ok(());
    }
    query(statement(tx.schema(), BRING_FORWARD))
        .bind(tx.tenant().as_str().to_owned())
        .bind(kind)
        .bind(subjects)
        .bind(due_at)
        .execute(&mut **tx)
        .await?;
    hint(tx, kind, due_at);
    Ok(())
}

/// Takes back the timer of `kind` for `subject`, and answers whether there was one. One that is firing in
/// another transaction at this moment is waited for, and then there is none.
pub async fn cancel(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<bool, sqlx::Error> {
    let removed = query(statement(tx.schema(), CANCEL))
        .bind(tx.tenant().as_str().to_owned())
        .bind(kind)
        .bind(subject)
        .execute(&mut **tx)
        .await?;
    Ok(removed.rows_affected() == 1)
}

const SCHEDULE: &str = "
    INSERT INTO {schema}.timer (tenant_id, kind, subject, due_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT ON CONSTRAINT timer_pkey
    DO UPDATE SET due_at = excluded.due_at, attempts = 0, last_error = NULL, leased_until = NULL";

const SCHEDULE_IF_NONE: &str = "
    INSERT INTO {schema}.timer (tenant_id, kind, subject, due_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT ON CONSTRAINT timer_pkey DO NOTHING";

/// Of several instants for one subject the last given stands: an upsert may touch a row only once.
const SCHEDULE_MANY: &str = "
    INSERT INTO {schema}.timer (tenant_id, kind, subject, due_at)
    SELECT DISTINCT ON (subject) $1, $2, subject, due_at
    FROM unnest($3::uuid[], $4::timestamptz[]) WITH ORDINALITY AS new (subject, due_at, place)
    ORDER BY subject, place DESC
    ON CONFLICT ON CONSTRAINT timer_pkey
    DO UPDATE SET due_at = excluded.due_at, attempts = 0, last_error = NULL, leased_until = NULL";

const BRING_FORWARD: &str = "
    UPDATE {schema}.timer SET due_at = $4
    WHERE tenant_id = $1 AND kind = $2 AND subject = ANY ($3) AND due_at > $4 AND leased_until IS NULL";

const CANCEL: &str = "
    DELETE FROM {schema}.timer WHERE tenant_id = $1 AND kind = $2 AND subject = $3";
