//! Initiatives, without their iterations.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use super::{iteration, transition};
use crate::domain::{
    Comparison, Currency, Department, Initiative, InitiativeState, Iteration, Money, Target,
};
use crate::error::Error;

/// The row without the iterations.
struct Row {
    initiative_id: Uuid,
    issue_id: Uuid,
    version: i64,
    events: i64,
    title: String,
    hypothesis: String,
    owner: String,
    stopped_reason: String,
    transitions: i32,
    team: String,
    budget: Option<i64>,
    budget_currency: Option<Currency>,
    spent: i64,
    departments: Json<Vec<Department>>,
    target: Json<Target>,
    comparison: Option<Json<Comparison>>,
    principle_ids: Vec<Uuid>,
    state: InitiativeState,
    created_at: DateTime<Utc>,
}

/// The initiatives with these ids, the newest first, each with its iterations.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Initiative>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT initiative_id, issue_id, version, events, title, hypothesis, owner, stopped_reason,
                  transitions, team, budget, budget_currency AS "budget_currency: _",
                  (SELECT coalesce(sum(amount), 0)::bigint FROM improvement.cost c
                   WHERE c.tenant_id = i.tenant_id AND c.initiative_id = i.initiative_id) AS "spent!",
                  departments AS "departments: _", target AS "target: _", comparison AS "comparison: _",
                  principle_ids, state AS "state: _", created_at
           FROM improvement.initiative i
           WHERE tenant_id = $1 AND initiative_id = ANY($2)
           ORDER BY initiative_id DESC"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut iterations = iteration::of_initiatives(tx, ids).await?;
    rows.into_iter()
        .map(|row| {
            let id = row.initiative_id;
            let mut past = iterations.remove(&id).unwrap_or_default();
            let current = past.pop().ok_or(Error::BrokenInitiative(id))?;
            Ok(assemble(row, past, current))
        })
        .collect()
}

fn assemble(row: Row, past: Vec<Iteration>, current: Iteration) -> Initiative {
    let Row {
        initiative_id,
        issue_id,
        version,
        events,
        title,
        hypothesis,
        owner,
        stopped_reason,
        transitions,
        team,
        budget,
        budget_currency,
        spent,
        departments,
        target,
        comparison,
        principle_ids,
        state,
        created_at,
    } = row;
    Initiative {
        initiative_id,
        issue_id,
        version,
        events,
        title,
        hypothesis,
        owner,
        departments: departments.0,
        target: target.0,
        comparison: comparison.map(|comparison| comparison.0),
        principle_ids,
        team,
        budget: money(budget, budget_currency),
        spent,
        state,
        stopped_reason,
        created_at,
        transitions,
        taken: Vec::new(),
        past,
        current,
    }
}

/// An amount with its currency, where both are there.
pub(super) fn money(amount: Option<i64>, currency: Option<Currency>) -> Option<Money> {
    amount
        .zip(currency)
        .map(|(amount, currency)| Money { currency, amount })
}

/// One initiative.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Initiative>, Error> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Locks the initiative against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Initiative>, Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let locked = query_scalar!(
        "SELECT initiative_id FROM improvement.initiative
         WHERE tenant_id = $1 AND initiative_id = $2 FOR UPDATE",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    if locked.is_some() {
        by_id(tx, id).await
    } else {
        Ok(None)
    }
}

/// Locks the initiative against other writers until the transaction ends, without reading it.
pub(crate) async fn hold(tx: &mut Tx, id: Uuid) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "SELECT FROM improvement.initiative WHERE tenant_id = $1 AND initiative_id = $2 FOR UPDATE",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the next `count` numbers for events of an initiative; answers the one before them.
pub(crate) async fn number_events(tx: &mut Tx, id: Uuid, count: i64) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"UPDATE improvement.initiative SET events = events + $3 WHERE tenant_id = $1 AND initiative_id = $2
           RETURNING events - $3 AS "before!""#,
        tenant,
        id,
        count
    )
    .fetch_one(&mut **tx)
    .await
}

/// The issue an initiative works on.
pub(crate) async fn issue_of(tx: &mut Tx, id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT issue_id FROM improvement.initiative WHERE tenant_id = $1 AND initiative_id = $2",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The ids of at most `limit` initiatives older than `before`, the newest first; of one issue or of all.
pub(crate) async fn page(
    tx: &mut Tx,
    issue_id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT initiative_id FROM improvement.initiative
         WHERE tenant_id = $1 AND ($2::uuid IS NULL OR issue_id = $2)
           AND ($3::uuid IS NULL OR initiative_id < $3)
         ORDER BY initiative_id DESC LIMIT $4",
        tenant,
        issue_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a new initiative with its first iteration and its first step. Violates `initiative_live_key` when the issue has one.
pub(crate) async fn insert(tx: &mut Tx, initiative: &Initiative) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.initiative (tenant_id, initiative_id, issue_id, version, events, title,
                                             hypothesis, owner, stopped_reason, departments, target, state,
                                             created_at, principle_ids, comparison, transitions,
                                             team, budget, budget_currency)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        tenant,
        initiative.initiative_id,
        initiative.issue_id,
        initiative.version,
        initiative.events,
        initiative.title,
        initiative.hypothesis,
        initiative.owner,
        initiative.stopped_reason,
        Json(&initiative.departments) as _,
        Json(&initiative.target) as _,
        initiative.state.as_str(),
        initiative.created_at,
        &initiative.principle_ids,
        initiative.comparison.as_ref().map(Json) as _,
        initiative.transitions,
        initiative.team,
        initiative.budget.as_ref().map(|budget| budget.amount),
        initiative.budget.as_ref().map(|budget| budget.currency.as_str())
    )
    .execute(&mut **tx)
    .await?;
    transition::append(tx, initiative).await?;
    iteration::insert(tx, initiative.initiative_id, &initiative.current).await
}

/// Stores what can change about an initiative, with the steps it took and without its iterations.
pub(crate) async fn update(tx: &mut Tx, initiative: &Initiative) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.initiative
         SET version = $3, events = $4, title = $5, hypothesis = $6, owner = $7, stopped_reason = $8,
             departments = $9, target = $10, state = $11, principle_ids = $12, comparison = $13,
             transitions = $14, team = $15, budget = $16, budget_currency = $17
         WHERE tenant_id = $1 AND initiative_id = $2",
        tenant,
        initiative.initiative_id,
        initiative.version,
        initiative.events,
        initiative.title,
        initiative.hypothesis,
        initiative.owner,
        initiative.stopped_reason,
        Json(&initiative.departments) as _,
        Json(&initiative.target) as _,
        initiative.state.as_str(),
        &initiative.principle_ids,
        initiative.comparison.as_ref().map(Json) as _,
        initiative.transitions,
        initiative.team,
        initiative.budget.as_ref().map(|budget| budget.amount),
        initiative.budget.as_ref().map(|budget| budget.currency.as_str())
    )
    .execute(&mut **tx)
    .await?;
    transition::append(tx, initiative).await
}
