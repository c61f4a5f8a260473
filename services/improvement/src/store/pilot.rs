//! Pilots and the statements about them.

use attune_database::Tx;
use attune_stats::pilot::Plan;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Pilot, PilotLook, PilotState, Setup};

struct Row {
    pilot_id: Uuid,
    initiative_id: Uuid,
    iteration: i32,
    events: i64,
    setup: Json<Setup>,
    plan: Json<Plan>,
    baseline_n: i64,
    state: PilotState,
    ratio_told: bool,
    stopped_reason: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    deadline: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Row> for Pilot {
    fn from(row: Row) -> Self {
        let Row {
            pilot_id,
            initiative_id,
            iteration,
            events,
            setup,
            plan,
            baseline_n,
            state,
            ratio_told,
            stopped_reason,
            created_at,
            started_at,
            deadline,
            ended_at,
        } = row;
        Self {
            pilot_id,
            initiative_id,
            iteration,
            events,
            setup: setup.0,
            plan: plan.0,
            baseline_n,
            state,
            ratio_told,
            stopped_reason,
            created_at,
            started_at,
            deadline,
            ended_at,
        }
    }
}

macro_rules! pilots {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Row,
            r#"SELECT pilot_id, initiative_id, iteration, events, setup AS "setup: _", plan AS "plan: _", baseline_n,
                      state AS "state: _", ratio_told, stopped_reason, created_at, started_at, deadline, ended_at
               FROM improvement.pilot
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One pilot.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = pilots!("AND pilot_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Pilot::from))
}

/// The pilots with these ids.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = pilots!("AND pilot_id = ANY($2)", tenant, ids)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(Pilot::from).collect())
}

/// Locks one pilot against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = pilots!("AND pilot_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Pilot::from))
}

/// Keeps a pilot from ending until the transaction does, and reads it; others may do the same at once.
pub(crate) async fn share(tx: &mut Tx, id: Uuid) -> Result<Option<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = pilots!("AND pilot_id = $2 FOR SHARE", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Pilot::from))
}

/// Locks the latest pilot of an iteration that anybody was, or may be, assigned in.
pub(crate) async fn lock_latest(
    tx: &mut Tx,
    (initiative_id, iteration): (Uuid, i32),
) -> Result<Option<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = pilots!(
        "AND initiative_id = $2 AND iteration = $3 AND (state <> 'stopped' OR started_at IS NOT NULL)
         ORDER BY pilot_id DESC LIMIT 1 FOR UPDATE",
        tenant,
        initiative_id,
        iteration
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Pilot::from))
}

/// At most `limit` pilots older than `before`, the newest first; of one initiative or of all.
pub(crate) async fn page(
    tx: &mut Tx,
    initiative_id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Pilot>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = pilots!(
        "AND ($2::uuid IS NULL OR initiative_id = $2) AND ($3::uuid IS NULL OR pilot_id < $3)
         ORDER BY pilot_id DESC LIMIT $4",
        tenant,
        initiative_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Pilot::from).collect())
}

/// Stores a new pilot. Violates `pilot_live_key` when the iteration has one that was not stopped.
pub(crate) async fn insert(tx: &mut Tx, pilot: &Pilot) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.pilot (tenant_id, pilot_id, initiative_id, iteration, events, setup, plan, baseline_n,
                                        state, ratio_told, stopped_reason, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tenant,
        pilot.pilot_id,
        pilot.initiative_id,
        pilot.iteration,
        pilot.events,
        Json(&pilot.setup) as _,
        Json(&pilot.plan) as _,
        pilot.baseline_n,
        pilot.state.as_str(),
        pilot.ratio_told,
        pilot.stopped_reason,
        pilot.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what can change about a pilot.
pub(crate) async fn update(tx: &mut Tx, pilot: &Pilot) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.pilot
         SET events = $3, state = $4, ratio_told = $5, stopped_reason = $6, started_at = $7, deadline = $8, ended_at = $9
         WHERE tenant_id = $1 AND pilot_id = $2",
        tenant,
        pilot.pilot_id,
        pilot.events,
        pilot.state.as_str(),
        pilot.ratio_told,
        pilot.stopped_reason,
        pilot.started_at,
        pilot.deadline,
        pilot.ended_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Appends a statement; answers its number, from 1.
pub(crate) async fn append(tx: &mut Tx, pilot_id: Uuid, look: &PilotLook) -> Result<i32, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "INSERT INTO improvement.pilot_look (tenant_id, pilot_id, statement, decision, looked_at, decided_at, restated,
                                             look)
         SELECT $1, $2, coalesce(max(statement), 0) + 1, $3, $4, $5, $6, $7
         FROM improvement.pilot_look WHERE tenant_id = $1 AND pilot_id = $2
         RETURNING statement",
        tenant,
        pilot_id,
        look.decision().as_str(),
        look.looked_at,
        look.decided_at,
        look.restated,
        Json(look) as _
    )
    .fetch_one(&mut **tx)
    .await
}

/// At most `limit` statements after `after`, the first one first.
pub(crate) async fn looks(
    tx: &mut Tx,
    pilot_id: Uuid,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<PilotLook>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT statement, look AS "look: Json<PilotLook>" FROM improvement.pilot_look
           WHERE tenant_id = $1 AND pilot_id = $2 AND ($3::int IS NULL OR statement > $3)
           ORDER BY statement LIMIT $4"#,
        tenant,
        pilot_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PilotLook {
            statement: row.statement,
            ..row.look.0
        })
        .collect())
}

/// The latest statement about each of these pilots that has one.
pub(crate) async fn verdicts(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<(Uuid, PilotLook)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT DISTINCT ON (pilot_id) pilot_id, statement, look AS "look: Json<PilotLook>"
           FROM improvement.pilot_look
           WHERE tenant_id = $1 AND pilot_id = ANY($2)
           ORDER BY pilot_id, statement DESC"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let look = PilotLook {
                statement: row.statement,
                ..row.look.0
            };
            (row.pilot_id, look)
        })
        .collect())
}
