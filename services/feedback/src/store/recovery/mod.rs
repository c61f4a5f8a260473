//! Recovery cases.

mod insert;
pub(crate) mod policy;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

pub(crate) use insert::insert;

use crate::domain::recovery::{CaseRecord, CaseState, RecoveryCase, RecoveryOutcome, RecoveryResult};

/// Which cases a list holds; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) state: Option<CaseState>,
    pub(crate) owner: Option<String>,
    pub(crate) profile_id: Option<Uuid>,
}

/// Where a page of cases ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) recovery_case_id: Uuid,
}

/// Every column of a case, with what follows the table's name in its query.
macro_rules! select {
    ($rest:tt, $($argument:expr),*) => {
        query_as!(
            RecoveryCase,
            r#"SELECT recovery_case_id, profile_id, feedback_id, interaction_id, occasion, channel, touchpoint, product,
                      agent_id, state AS "state: CaseState", owner, escalate_to, said_at, opened_at, deadline,
                      overdue_at, measure_days, resolved_at, outcome AS "outcome: RecoveryOutcome", done, note,
                      measure_until, measured_at, result AS "result: RecoveryResult", evidence_id,
                      record AS "record: Json<CaseRecord>", version
               FROM feedback.recovery_case "# + $rest,
            $($argument),*
        )
    };
}

/// A case.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<RecoveryCase>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!("WHERE tenant_id = $1 AND recovery_case_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// The same, until the transaction ends nobody else's to change.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<RecoveryCase>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE tenant_id = $1 AND recovery_case_id = $2 FOR UPDATE",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Locks the cases of these customers that are resolved and not measured, and reads them. In the order of their ids, so
/// that two transactions never wait for each other.
pub(crate) async fn lock_waiting(tx: &mut Tx, profiles: &[Uuid]) -> Result<Vec<RecoveryCase>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE tenant_id = $1 AND profile_id = ANY($2) AND state = 'resolved' AND result IS NULL
         ORDER BY recovery_case_id FOR UPDATE",
        tenant,
        profiles
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` cases after `after`, the one whose deadline comes first at the front. One statement for each kind of
/// filter, so that each walks an index of its own.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &Filter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<RecoveryCase>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let deadline = after.map_or(DateTime::UNIX_EPOCH, |place| place.deadline);
    let id = after.map_or(Uuid::nil(), |place| place.recovery_case_id);
    match (filter.profile_id, &filter.owner, filter.state) {
        (Some(profile_id), owner, state) => {
            select!(
                "WHERE tenant_id = $1 AND profile_id = $2 AND (deadline, recovery_case_id) > ($3, $4)
                   AND ($5::text IS NULL OR owner = $5) AND ($6::text IS NULL OR state = $6)
                 ORDER BY deadline, recovery_case_id LIMIT $7",
                tenant,
                profile_id,
                deadline,
                id,
                owner.as_deref(),
                state as Option<CaseState>,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, Some(owner), state) => {
            select!(
                "WHERE tenant_id = $1 AND owner = $2 AND (deadline, recovery_case_id) > ($3, $4)
                   AND ($5::text IS NULL OR state = $5)
                 ORDER BY deadline, recovery_case_id LIMIT $6",
                tenant,
                owner,
                deadline,
                id,
                state as Option<CaseState>,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, None, state) => page_of_all(tx, state, (deadline, id), limit).await,
    }
}

/// [`page`] of the cases of all owners and customers.
async fn page_of_all(
    tx: &mut Tx,
    state: Option<CaseState>,
    (deadline, id): (DateTime<Utc>, Uuid),
    limit: i64,
) -> Result<Vec<RecoveryCase>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    match state {
        Some(CaseState::Open) => {
            select!(
                "WHERE tenant_id = $1 AND state = 'open' AND (deadline, recovery_case_id) > ($2, $3)
                 ORDER BY deadline, recovery_case_id LIMIT $4",
                tenant,
                deadline,
                id,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        state => {
            select!(
                "WHERE tenant_id = $1 AND (deadline, recovery_case_id) > ($2, $3) AND ($4::text IS NULL OR state = $4)
                 ORDER BY deadline, recovery_case_id LIMIT $5",
                tenant,
                deadline,
                id,
                state as Option<CaseState>,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
    }
}

/// Stores where a case stands. Why it was opened, and its deadline, never change.
pub(crate) async fn update(tx: &mut Tx, case: &RecoveryCase) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.recovery_case
         SET state = $3, owner = $4, overdue_at = $5, resolved_at = $6, outcome = $7, done = $8, note = $9,
             measure_until = $10, measured_at = $11, result = $12, evidence_id = $13, version = $14
         WHERE tenant_id = $1 AND recovery_case_id = $2",
        tenant,
        case.recovery_case_id,
        case.state as CaseState,
        case.owner,
        case.overdue_at,
        case.resolved_at,
        case.outcome as Option<RecoveryOutcome>,
        case.done,
        case.note,
        case.measure_until,
        case.measured_at,
        case.result as Option<RecoveryResult>,
        case.evidence_id,
        case.version
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
