//! Statements about iterations. They are appended and never changed.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Decision, Judgement, Verdict};

/// A stored statement with its number.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) statement: i32,
    pub(crate) verdict: Json<Verdict>,
}

/// Appends a statement with everything it was made from; answers its number, from 1.
pub(crate) async fn append(
    tx: &mut Tx,
    initiative_id: Uuid,
    iteration: i32,
    judgement: &Judgement,
) -> Result<i32, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let verdict = &judgement.verdict;
    query_scalar!(
        "INSERT INTO improvement.verdict (tenant_id, initiative_id, iteration, statement, decision, decided_at,
                                          verdict, record)
         SELECT $1, $2, $3, coalesce(max(statement), 0) + 1, $4, $5, $6, $7
         FROM improvement.verdict WHERE tenant_id = $1 AND initiative_id = $2 AND iteration = $3
         RETURNING statement",
        tenant,
        initiative_id,
        iteration,
        verdict.decision.as_str(),
        verdict.decided_at,
        Json(verdict) as _,
        Json(judgement) as _
    )
    .fetch_one(&mut **tx)
    .await
}

/// What the statement before the last one decided, those left out that left it open.
pub(crate) async fn decided_before(
    tx: &mut Tx,
    (initiative_id, iteration): (Uuid, i32),
) -> Result<Option<Decision>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT decision AS "decision: Decision" FROM improvement.verdict
           WHERE tenant_id = $1 AND initiative_id = $2 AND iteration = $3 AND decision <> 'not_yet'
           ORDER BY statement DESC OFFSET 1 LIMIT 1"#,
        tenant,
        initiative_id,
        iteration
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` statements after `after`, the first one first.
pub(crate) async fn page(
    tx: &mut Tx,
    (initiative_id, iteration): (Uuid, i32),
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Statement>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Statement,
        r#"SELECT statement, verdict AS "verdict: _" FROM improvement.verdict
           WHERE tenant_id = $1 AND initiative_id = $2 AND iteration = $3 AND ($4::int IS NULL OR statement > $4)
           ORDER BY statement LIMIT $5"#,
        tenant,
        initiative_id,
        iteration,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
