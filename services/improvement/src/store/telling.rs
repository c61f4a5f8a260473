//! What each person was told.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Telling, TellingState};

/// What became of the message to one person about one iteration.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    pub(crate) telling: Telling,
}

/// Takes in what became of messages, at most one a person and iteration. The first outcome stands, but for a
/// failed message that was sent after all. Tellings that nobody asked for are passed over.
pub(crate) async fn decide(tx: &mut Tx, outcomes: &[Outcome]) -> Result<u64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let initiatives: Vec<Uuid> = outcomes.iter().map(|outcome| outcome.initiative_id).collect();
    let iterations: Vec<i32> = outcomes.iter().map(|outcome| outcome.iteration).collect();
    let profiles: Vec<Uuid> = outcomes
        .iter()
        .map(|outcome| outcome.telling.profile_id)
        .collect();
    let states: Vec<String> = outcomes
        .iter()
        .map(|outcome| outcome.telling.state.as_str().to_owned())
        .collect();
    let reasons: Vec<String> = outcomes
        .iter()
        .map(|outcome| outcome.telling.reason.clone())
        .collect();
    let messages: Vec<Option<Uuid>> = outcomes
        .iter()
        .map(|outcome| outcome.telling.message_id)
        .collect();
    let instants: Vec<Option<DateTime<Utc>>> = outcomes
        .iter()
        .map(|outcome| outcome.telling.decided_at)
        .collect();
    let decided = query!(
        "UPDATE improvement.telling t
         SET state = new.state, reason = new.reason, message_id = new.message_id, decided_at = new.decided_at
         FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[])
              AS new (initiative_id, iteration, profile_id, state, reason, message_id, decided_at)
         WHERE t.tenant_id = $1 AND t.initiative_id = new.initiative_id AND t.iteration = new.iteration
           AND t.profile_id = new.profile_id
           AND (t.state = 'pending' OR t.state = 'failed' AND new.state = 'sent')",
        tenant,
        &initiatives,
        &iterations,
        &profiles,
        &states,
        &reasons,
        &messages as &[Option<Uuid>],
        &instants as &[Option<DateTime<Utc>>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(decided.rows_affected())
}

/// A message to one person about one iteration that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    pub(crate) profile_id: Uuid,
    pub(crate) message_id: Uuid,
    pub(crate) read_at: DateTime<Utc>,
}

/// Takes in which messages were read, at most one a person and iteration. The first reading stands, and only of what is known
/// to be sent. Tellings that nobody asked for are passed over.
pub(crate) async fn read(tx: &mut Tx, readings: &[Reading]) -> Result<u64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let initiatives: Vec<Uuid> = readings.iter().map(|reading| reading.initiative_id).collect();
    let iterations: Vec<i32> = readings.iter().map(|reading| reading.iteration).collect();
    let profiles: Vec<Uuid> = readings.iter().map(|reading| reading.profile_id).collect();
    let messages: Vec<Uuid> = readings.iter().map(|reading| reading.message_id).collect();
    let instants: Vec<DateTime<Utc>> = readings.iter().map(|reading| reading.read_at).collect();
    let read = query!(
        "UPDATE improvement.telling t SET read_at = new.read_at
         FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::timestamptz[])
              AS new (initiative_id, iteration, profile_id, message_id, read_at)
         WHERE t.tenant_id = $1 AND t.initiative_id = new.initiative_id AND t.iteration = new.iteration
           AND t.profile_id = new.profile_id AND t.message_id = new.message_id
           AND t.state = 'sent' AND t.read_at IS NULL",
        tenant,
        &initiatives,
        &iterations,
        &profiles,
        &messages,
        &instants
    )
    .execute(&mut **tx)
    .await?;
    Ok(read.rows_affected())
}

/// At most `limit` tellings of an iteration after the person `after`, by person.
pub(crate) async fn page(
    tx: &mut Tx,
    (initiative_id, iteration): (Uuid, i32),
    state: Option<TellingState>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Telling>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Telling,
        r#"SELECT profile_id, state AS "state: _", reason, message_id, decided_at, read_at
           FROM improvement.telling
           WHERE tenant_id = $1 AND initiative_id = $2 AND iteration = $3
             AND ($4::text IS NULL OR state = $4) AND ($5::uuid IS NULL OR profile_id > $5)
           ORDER BY profile_id LIMIT $6"#,
        tenant,
        initiative_id,
        iteration,
        state.map(TellingState::as_str),
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// What one person was told about issues, the first iteration first.
pub(crate) async fn of_person(
    tx: &mut Tx,
    issues: &[Uuid],
    profile_id: Uuid,
) -> Result<Vec<Telling>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Telling,
        r#"SELECT t.profile_id, t.state AS "state: _", t.reason, t.message_id, t.decided_at,
                  t.read_at
           FROM improvement.initiative i
           JOIN improvement.telling t ON t.tenant_id = i.tenant_id AND t.initiative_id = i.initiative_id
           WHERE i.tenant_id = $1 AND i.issue_id = ANY($2) AND t.profile_id = $3
           ORDER BY t.initiative_id, t.iteration"#,
        tenant,
        issues,
        profile_id
    )
    .fetch_all(&mut **tx)
    .await
}
