//! Goals and their recorded numbers.

use attune_database::Tx;
use attune_stats::trend::Projection;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Estimate, Goal, GoalMeasurement, GoalState, GoalTrack, Measured, Quantity, Slice};
use crate::error::Error;

struct Row {
    goal_id: Uuid,
    version: i64,
    events: i64,
    name: String,
    owner: String,
    metric: String,
    product: String,
    channel: String,
    topic_id: String,
    touchpoint: String,
    window_days: i32,
    target: f64,
    deadline: DateTime<Utc>,
    principle_ids: Vec<Uuid>,
    state: GoalState,
    track: GoalTrack,
    reason: String,
    closed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    measurements: i32,
}

struct Recorded {
    goal_id: Uuid,
    number: i32,
    window_start: DateTime<Utc>,
    window_end: DateTime<Utc>,
    measured_at: DateTime<Utc>,
    definition_version: i32,
    n: i64,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    level: f64,
    suppressed_reason: String,
    projection: Option<Json<Projection>>,
    track: GoalTrack,
}

macro_rules! goals {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Row,
            r#"SELECT goal_id, version, events, name, owner, metric, product, channel, topic_id, touchpoint,
                      window_days, target, deadline, principle_ids, state AS "state: _", track AS "track: _",
                      reason, closed_at, created_at, measurements
               FROM improvement.goal
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One goal with its baseline and its latest number.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Goal>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = goals!("AND goal_id = $2", tenant, id)
        .fetch_all(&mut **tx)
        .await?;
    Ok(with_numbers(tx, rows).await?.pop())
}

/// Locks one goal against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Goal>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = goals!("AND goal_id = $2 FOR UPDATE", tenant, id)
        .fetch_all(&mut **tx)
        .await?;
    Ok(with_numbers(tx, rows).await?.pop())
}

/// At most `limit` goals older than `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    state: Option<GoalState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Goal>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = goals!(
        "AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR goal_id < $3)
         ORDER BY goal_id DESC LIMIT $4",
        tenant,
        state.map(GoalState::as_str),
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    with_numbers(tx, rows).await
}

/// At most `limit` open goals: those that are off track first, then by their deadline.
pub(crate) async fn on_board(tx: &mut Tx, limit: i64) -> Result<Vec<Goal>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = goals!(
        "AND state = 'open' ORDER BY track = 'off_track' DESC, deadline, goal_id LIMIT $2",
        tenant,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    with_numbers(tx, rows).await
}

/// The goals of `rows`, in their order.
async fn with_numbers(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Goal>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.goal_id).collect();
    let latest: Vec<i32> = rows.iter().map(|row| row.measurements).collect();
    let recorded = query_as!(
        Recorded,
        r#"SELECT m.goal_id, number, window_start, window_end, measured_at, definition_version, n, value, low, high,
                  level, suppressed_reason, projection AS "projection: _", track AS "track: _"
           FROM unnest($2::uuid[], $3::int[]) AS wanted (goal_id, latest)
           JOIN improvement.goal_measurement m
             ON m.tenant_id = $1 AND m.goal_id = wanted.goal_id AND m.number IN (0, wanted.latest)"#,
        tenant,
        &ids,
        &latest
    )
    .fetch_all(&mut **tx)
    .await?;
    let recorded: Vec<(Uuid, GoalMeasurement)> = recorded
        .into_iter()
        .map(|row| (row.goal_id, measurement(row)))
        .collect();
    let find = |goal_id: Uuid, number: i32| {
        recorded
            .iter()
            .find(|(of, measurement)| *of == goal_id && measurement.number == number)
            .map(|(_, measurement)| measurement.clone())
            .ok_or(Error::BrokenGoal(goal_id))
    };
    rows.into_iter()
        .map(|row| {
            let numbers = (find(row.goal_id, 0)?, find(row.goal_id, row.measurements)?);
            assemble(row, numbers)
        })
        .collect()
}

fn assemble(row: Row, (baseline, latest): (GoalMeasurement, GoalMeasurement)) -> Result<Goal, Error> {
    let Row {
        goal_id,
        version,
        events,
        name,
        owner,
        metric,
        product,
        channel,
        topic_id,
        touchpoint,
        window_days,
        target,
        deadline,
        principle_ids,
        state,
        track,
        reason,
        closed_at,
        created_at,
        measurements: _,
    } = row;
    let slice = Slice {
        product,
        channel,
        topic_id,
        touchpoint,
    };
    let metric = metric.parse().map_err(|_| Error::BrokenGoal(goal_id))?;
    Ok(Goal {
        goal_id,
        version,
        events,
        name,
        owner,
        quantity: Quantity {
            metric,
            slice,
            window_days,
        },
        target,
        deadline,
        principle_ids,
        state,
        track,
        reason,
        closed_at,
        created_at,
        baseline,
        latest,
    })
}

fn measurement(row: Recorded) -> GoalMeasurement {
    let Recorded {
        goal_id: _,
        number,
        window_start,
        window_end,
        measured_at,
        definition_version,
        n,
        value,
        low,
        high,
        level,
        suppressed_reason,
        projection,
        track,
    } = row;
    let outcome = match (value, low, high) {
        (Some(value), Some(low), Some(high)) => Ok(Estimate { value, low, high }),
        _ => Err(suppressed_reason),
    };
    GoalMeasurement {
        number,
        measured: Measured {
            start: window_start,
            end: window_end,
            definition_version,
            n,
            outcome,
            level,
        },
        projection: projection.map(|projection| projection.0),
        track,
        measured_at,
    }
}

/// At most `limit` recorded numbers of a goal after number `after`, the baseline first.
pub(crate) async fn measurements(
    tx: &mut Tx,
    goal_id: Uuid,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<GoalMeasurement>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let recorded = query_as!(
        Recorded,
        r#"SELECT goal_id, number, window_start, window_end, measured_at, definition_version, n, value, low, high,
                  level, suppressed_reason, projection AS "projection: _", track AS "track: _"
           FROM improvement.goal_measurement
           WHERE tenant_id = $1 AND goal_id = $2 AND ($3::int IS NULL OR number > $3)
           ORDER BY number LIMIT $4"#,
        tenant,
        goal_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(recorded.into_iter().map(measurement).collect())
}

/// Stores a new goal with its baseline.
pub(crate) async fn insert(tx: &mut Tx, goal: &Goal) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Quantity {
        metric,
        slice,
        window_days,
    } = &goal.quantity;
    query!(
        "INSERT INTO improvement.goal (tenant_id, goal_id, version, events, name, owner, metric, product, channel,
                                       topic_id, touchpoint, window_days, target, deadline, principle_ids, state,
                                       track, reason, closed_at, created_at, measurements)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 0)",
        tenant,
        goal.goal_id,
        goal.version,
        goal.events,
        goal.name,
        goal.owner,
        metric.as_str(),
        slice.product,
        slice.channel,
        slice.topic_id,
        slice.touchpoint,
        window_days,
        goal.target,
        goal.deadline,
        &goal.principle_ids,
        goal.state.as_str(),
        goal.track.as_str(),
        goal.reason,
        goal.closed_at,
        goal.created_at
    )
    .execute(&mut **tx)
    .await?;
    append(tx, goal.goal_id, &goal.baseline).await
}

/// Appends a recorded number.
pub(crate) async fn append(
    tx: &mut Tx,
    goal_id: Uuid,
    recorded: &GoalMeasurement,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let GoalMeasurement {
        number,
        measured,
        projection,
        track,
        measured_at,
    } = recorded;
    let estimate = measured.estimate();
    let suppressed = measured.outcome.as_ref().err().map_or("", String::as_str);
    query!(
        "INSERT INTO improvement.goal_measurement (tenant_id, goal_id, number, window_start, window_end, measured_at,
                                                   definition_version, n, value, low, high, level,
                                                   suppressed_reason, projection, track)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        tenant,
        goal_id,
        number,
        measured.start,
        measured.end,
        measured_at,
        measured.definition_version,
        measured.n,
        estimate.map(|estimate| estimate.value),
        estimate.map(|estimate| estimate.low),
        estimate.map(|estimate| estimate.high),
        measured.level,
        suppressed,
        projection.as_ref().map(Json) as _,
        track.as_str()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what can change about a goal, without its numbers.
pub(crate) async fn update(tx: &mut Tx, goal: &Goal) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.goal
         SET version = $3, events = $4, name = $5, owner = $6, principle_ids = $7, state = $8, track = $9,
             reason = $10, closed_at = $11, measurements = $12
         WHERE tenant_id = $1 AND goal_id = $2",
        tenant,
        goal.goal_id,
        goal.version,
        goal.events,
        goal.name,
        goal.owner,
        &goal.principle_ids,
        goal.state.as_str(),
        goal.track.as_str(),
        goal.reason,
        goal.closed_at,
        goal.latest.number
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
