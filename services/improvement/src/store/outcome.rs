//! What the customers of pilots said.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Answers, Arm, Setup, StratumAnswers};

/// What one piece of feedback counts for one metric of one pilot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) pilot_id: Uuid,
    /// 0 is the metric the pilot is about, from 1 on its guards.
    pub(crate) metric: i16,
    pub(crate) profile_id: Uuid,
    pub(crate) feedback_id: Uuid,
    pub(crate) value: f64,
    pub(crate) occurred_at: DateTime<Utc>,
}

/// A pilot that a customer is assigned in.
pub(crate) struct Participation {
    pub(crate) profile_id: Uuid,
    pub(crate) pilot_id: Uuid,
    pub(crate) setup: Json<Setup>,
}

/// The running or concluded pilots that these customers are assigned in.
pub(crate) async fn participations(
    tx: &mut Tx,
    profiles: &[Uuid],
) -> Result<Vec<Participation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Participation,
        r#"SELECT a.profile_id, p.pilot_id, p.setup AS "setup: _"
           FROM improvement.pilot_assignment a
           JOIN improvement.pilot p ON p.tenant_id = a.tenant_id AND p.pilot_id = a.pilot_id
           WHERE a.tenant_id = $1 AND a.profile_id = ANY($2) AND p.state IN ('running', 'concluded')"#,
        tenant,
        profiles
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores outcomes; those that are there already stay as they are.
pub(crate) async fn insert(tx: &mut Tx, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let pilots: Vec<Uuid> = outcomes.iter().map(|one| one.pilot_id).collect();
    let metrics: Vec<i16> = outcomes.iter().map(|one| one.metric).collect();
    let profiles: Vec<Uuid> = outcomes.iter().map(|one| one.profile_id).collect();
    let feedback: Vec<Uuid> = outcomes.iter().map(|one| one.feedback_id).collect();
    let values: Vec<f64> = outcomes.iter().map(|one| one.value).collect();
    let instants: Vec<DateTime<Utc>> = outcomes.iter().map(|one| one.occurred_at).collect();
    query!(
        "INSERT INTO improvement.pilot_outcome (tenant_id, pilot_id, metric, profile_id, feedback_id, value,
                                                occurred_at)
         SELECT $1, * FROM unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::float8[],
                                  $7::timestamptz[])
         ON CONFLICT ON CONSTRAINT pilot_outcome_pkey DO NOTHING",
        tenant,
        &pilots,
        &metrics,
        &profiles,
        &feedback,
        &values,
        &instants
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The answers of control and treated to one metric, up to `at`, by stratum in the order of their names: of each exposed
/// customer the latest since they were exposed, or the highest where `any` of them counts.
pub(crate) async fn answers(
    tx: &mut Tx,
    pilot_id: Uuid,
    (metric, any): (i16, bool),
    at: DateTime<Utc>,
) -> Result<Vec<StratumAnswers>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    // Looked up customer by customer, by the key: a join of tables without statistics is planned for one row of each and
    // compares every customer with every answer.
    let rows = query!(
        r#"SELECT stratum, arm AS "arm: Arm", count(*) AS "n!", sum(value) AS "sum!",
                  coalesce(stddev_samp(value), 0) AS "deviation!"
           FROM (SELECT a.stratum, a.arm, o.value
                 FROM improvement.pilot_assignment a
                 CROSS JOIN LATERAL (
                     SELECT value FROM improvement.pilot_outcome
                     WHERE tenant_id = $1 AND pilot_id = $2 AND metric = $3 AND profile_id = a.profile_id
                       AND occurred_at >= a.exposed_at AND occurred_at <= $4
                     ORDER BY CASE WHEN $5 THEN value END DESC, occurred_at DESC, feedback_id DESC LIMIT 1) o
                 WHERE a.tenant_id = $1 AND a.pilot_id = $2 AND a.exposed_at <= $4) AS answer
           GROUP BY stratum, arm ORDER BY stratum, arm"#,
        tenant,
        pilot_id,
        metric,
        at,
        any
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut strata: Vec<StratumAnswers> = Vec::new();
    for row in rows {
        let answers = Answers {
            n: row.n,
            sum: row.sum,
            deviation: row.deviation,
        };
        let mut said = match strata.pop_if(|said| said.stratum == row.stratum) {
            Some(said) => said,
            None => StratumAnswers {
                stratum: row.stratum,
                ..StratumAnswers::default()
            },
        };
        match row.arm {
            Arm::Control => said.control = answers,
            Arm::Treated => said.treated = answers,
        }
        strata.push(said);
    }
    Ok(strata)
}
