//! Iterations with their actions, verdict and tellings.

use std::collections::HashMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{
    Action, Iteration, MeasurementPlan, PilotOverride, Rollout, Series, TellingCount, TellingSummary, Verdict,
};

struct Row {
    initiative_id: Uuid,
    number: i32,
    change: String,
    reason: String,
    rolled_out_at: Option<DateTime<Utc>>,
    template_id: Option<Uuid>,
    looks_done: i32,
    plan: Option<Json<MeasurementPlan>>,
    pilot_override: Option<Json<PilotOverride>>,
    actions: Json<Vec<Action>>,
    verdict: Option<Json<Verdict>>,
    telling: Json<Vec<TellingCount>>,
    waiting: Option<i64>,
}

/// The iterations of each of these initiatives, the first one first; without their baselines, which are long.
pub(crate) async fn of_initiatives(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Iteration>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT i.initiative_id, number, change, reason, rolled_out_at, template_id, looks_done,
                  plan AS "plan: _", pilot_override AS "pilot_override: _",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('action_id', a.action_id, 'title', a.title,
                              'owner', a.owner, 'due_at', a.due_at, 'completed_at', a.completed_at,
                              'evidence', a.evidence, 'escalation', a.escalation, 'depends_on', a.depends_on)
                              ORDER BY a.action_id), '[]')
                   FROM improvement.action a
                   WHERE a.tenant_id = i.tenant_id AND a.initiative_id = i.initiative_id
                     AND a.iteration = i.number) AS "actions!: _",
                  (SELECT v.verdict FROM improvement.verdict v
                   WHERE v.tenant_id = i.tenant_id AND v.initiative_id = i.initiative_id
                     AND v.iteration = i.number
                   ORDER BY v.statement DESC LIMIT 1) AS "verdict: _",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('state', t.state, 'reason', t.reason,
                              'count', t.persons, 'read', t.read)), '[]')
                   FROM improvement.telling_count t
                   WHERE t.tenant_id = i.tenant_id AND t.initiative_id = i.initiative_id
                     AND t.iteration = i.number AND t.persons > 0) AS "telling!: _",
                  (SELECT c.persons - c.opened FROM improvement.cohort_telling c
                   WHERE c.tenant_id = i.tenant_id AND c.initiative_id = i.initiative_id
                     AND c.iteration = i.number) AS waiting
           FROM improvement.iteration i
           WHERE tenant_id = $1 AND initiative_id = ANY($2)
           ORDER BY initiative_id, number"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut iterations: HashMap<Uuid, Vec<Iteration>> = HashMap::new();
    for row in rows {
        iterations
            .entry(row.initiative_id)
            .or_default()
            .push(assemble(row));
    }
    Ok(iterations)
}

fn assemble(row: Row) -> Iteration {
    let Row {
        initiative_id: _,
        number,
        change,
        reason,
        rolled_out_at,
        template_id,
        looks_done,
        plan,
        pilot_override,
        actions,
        verdict,
        telling,
        waiting,
    } = row;
    let rollout = rolled_out_at.zip(plan).map(|(at, plan)| Rollout {
        at,
        plan: plan.0,
        template_id,
        looks_done,
        pilot_override: pilot_override.map(|by| by.0),
    });
    let told = rollout
        .as_ref()
        .is_some_and(|rollout| rollout.template_id.is_some());
    Iteration {
        number,
        change,
        reason,
        actions: actions.0,
        rollout,
        verdict: verdict.map(|verdict| verdict.0),
        telling: told.then(|| TellingSummary::of(telling.0, waiting.unwrap_or_default())),
    }
}

/// Whether the initiative has this iteration.
pub(crate) async fn exists(tx: &mut Tx, initiative_id: Uuid, number: i32) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM improvement.iteration
                          WHERE tenant_id = $1 AND initiative_id = $2 AND number = $3) AS "exists!""#,
        tenant,
        initiative_id,
        number
    )
    .fetch_one(&mut **tx)
    .await
}

/// What an iteration is compared with, as it was frozen at the rollout: its own series, and that of where nothing was
/// changed.
pub(crate) async fn baseline(
    tx: &mut Tx,
    initiative_id: Uuid,
    number: i32,
) -> Result<(Series, Option<Series>), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let baseline = query!(
        r#"SELECT baseline AS "baseline: Json<Series>", comparison_baseline AS "comparison_baseline: Json<Series>"
           FROM improvement.iteration
           WHERE tenant_id = $1 AND initiative_id = $2 AND number = $3"#,
        tenant,
        initiative_id,
        number
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(baseline
        .map(|row| (row.baseline, row.comparison_baseline))
        .map_or_else(Default::default, |(own, beside)| {
            (
                own.map(|own| own.0).unwrap_or_default(),
                beside.map(|beside| beside.0),
            )
        }))
}

/// Stores a new iteration, which has neither actions nor rollout.
pub(crate) async fn insert(
    tx: &mut Tx,
    initiative_id: Uuid,
    iteration: &Iteration,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.iteration (tenant_id, initiative_id, number, change, reason, looks_done)
         VALUES ($1, $2, $3, $4, $5, 0)",
        tenant,
        initiative_id,
        iteration.number,
        iteration.change,
        iteration.reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores the rollout of an iteration, with what it will be compared with.
pub(crate) async fn roll_out(
    tx: &mut Tx,
    (initiative_id, number): (Uuid, i32),
    change: &str,
    rollout: &Rollout,
    (baseline, comparison_baseline): (&Series, Option<&Series>),
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.iteration
         SET change = $4, rolled_out_at = $5, template_id = $6, looks_done = $7, plan = $8, baseline = $9,
             pilot_override = $10, comparison_baseline = $11
         WHERE tenant_id = $1 AND initiative_id = $2 AND number = $3",
        tenant,
        initiative_id,
        number,
        change,
        rollout.at,
        rollout.template_id,
        rollout.looks_done,
        Json(&rollout.plan) as _,
        Json(baseline) as _,
        rollout.pilot_override.as_ref().map(Json) as _,
        comparison_baseline.map(Json) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes how many looks were taken at an iteration.
pub(crate) async fn note_look(
    tx: &mut Tx,
    (initiative_id, number): (Uuid, i32),
    looks_done: i32,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.iteration SET looks_done = $4
         WHERE tenant_id = $1 AND initiative_id = $2 AND number = $3",
        tenant,
        initiative_id,
        number,
        looks_done
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores an action, a new one or one that was changed.
pub(crate) async fn save_action(
    tx: &mut Tx,
    initiative_id: Uuid,
    iteration: i32,
    action: &Action,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.action (tenant_id, initiative_id, iteration, action_id, title, owner, due_at,
                                         completed_at, evidence, escalation, depends_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT ON CONSTRAINT action_pkey DO UPDATE
         SET completed_at = excluded.completed_at, evidence = excluded.evidence, escalation = excluded.escalation,
             depends_on = excluded.depends_on",
        tenant,
        initiative_id,
        iteration,
        action.action_id,
        action.title,
        action.owner,
        action.due_at,
        action.completed_at,
        action.evidence,
        action.escalation,
        &action.depends_on
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The initiative of an action.
pub(crate) async fn initiative_of(tx: &mut Tx, action_id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT initiative_id FROM improvement.action WHERE tenant_id = $1 AND action_id = $2",
        tenant,
        action_id
    )
    .fetch_optional(&mut **tx)
    .await
}
