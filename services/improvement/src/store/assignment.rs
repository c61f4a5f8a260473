//! In which arm of a pilot each customer is, and what happened to them.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Arm, ArmCount, Assignment, Exposure};

/// Stores assignments; those that are there already stay as they are.
pub(crate) async fn insert(
    tx: &mut Tx,
    pilot_id: Uuid,
    assignments: &[Assignment],
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let column = |text: fn(&Assignment) -> String| assignments.iter().map(text).collect::<Vec<_>>();
    let profiles: Vec<Uuid> = assignments.iter().map(|one| one.profile_id).collect();
    let arms = column(|one| one.arm.as_str().to_owned());
    let strata = column(|one| one.stratum.clone());
    let buckets: Vec<f64> = assignments.iter().map(|one| one.bucket).collect();
    let shares: Vec<f64> = assignments.iter().map(|one| one.treated_share).collect();
    let instants: Vec<DateTime<Utc>> = assignments.iter().map(|one| one.assigned_at).collect();
    query!(
        "INSERT INTO improvement.pilot_assignment (tenant_id, pilot_id, profile_id, arm, stratum, bucket,
                                                   treated_share, assigned_at)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[],
                                      $8::timestamptz[])
         ON CONFLICT ON CONSTRAINT pilot_assignment_pkey DO NOTHING",
        tenant,
        pilot_id,
        &profiles,
        &arms,
        &strata,
        &buckets,
        &shares,
        &instants
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The assignments of these customers, in no order.
pub(crate) async fn of_profiles(
    tx: &mut Tx,
    pilot_id: Uuid,
    profiles: &[Uuid],
) -> Result<Vec<Assignment>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Assignment,
        r#"SELECT profile_id, arm AS "arm: _", stratum, bucket, treated_share, assigned_at, exposed_at, treated_at
           FROM improvement.pilot_assignment
           WHERE tenant_id = $1 AND pilot_id = $2 AND profile_id = ANY($3)"#,
        tenant,
        pilot_id,
        profiles
    )
    .fetch_all(&mut **tx)
    .await
}

/// Records exposures of assigned customers, of each the earliest; answers those of the control arm who got the change
/// now for the first time.
pub(crate) async fn expose(
    tx: &mut Tx,
    pilot_id: Uuid,
    exposures: &[Exposure],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let profiles: Vec<Uuid> = exposures.iter().map(|one| one.profile_id).collect();
    let exposed: Vec<DateTime<Utc>> = exposures.iter().map(|one| one.exposed_at).collect();
    let treated: Vec<Option<DateTime<Utc>>> = exposures
        .iter()
        .map(|one| one.treated.then_some(one.exposed_at))
        .collect();
    let contaminated = query_scalar!(
        r#"UPDATE improvement.pilot_assignment AS a
           SET exposed_at = least(a.exposed_at, met.exposed_at), treated_at = least(a.treated_at, met.treated_at)
           FROM (SELECT met.*, before.treated_at IS NULL AND met.treated_at IS NOT NULL AS first_time
                 FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS met (profile_id, exposed_at, treated_at)
                 JOIN improvement.pilot_assignment before
                   ON before.tenant_id = $1 AND before.pilot_id = $2 AND before.profile_id = met.profile_id
                 ORDER BY before.profile_id FOR UPDATE OF before) AS met
           WHERE a.tenant_id = $1 AND a.pilot_id = $2 AND a.profile_id = met.profile_id
           RETURNING CASE WHEN a.arm = 'control' AND met.first_time THEN a.profile_id END AS "profile_id""#,
        tenant,
        pilot_id,
        &profiles,
        &exposed,
        &treated as &[Option<DateTime<Utc>>]
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(contaminated.into_iter().flatten().collect())
}

/// How many customers there are in each arm of each stratum, exposed up to `at`.
pub(crate) async fn counts(
    tx: &mut Tx,
    pilot_id: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<ArmCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        ArmCount,
        r#"SELECT arm AS "arm: Arm", stratum, count(*) AS "assigned!",
                  count(*) FILTER (WHERE exposed_at <= $3) AS "exposed!",
                  count(*) FILTER (WHERE treated_at <= $3) AS "treated!"
           FROM improvement.pilot_assignment
           WHERE tenant_id = $1 AND pilot_id = $2
           GROUP BY arm, stratum ORDER BY arm, stratum"#,
        tenant,
        pilot_id,
        at
    )
    .fetch_all(&mut **tx)
    .await
}
