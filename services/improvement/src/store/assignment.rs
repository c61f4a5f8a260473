//! In which arm of a pilot each customer is, and what happened to them.

use std::collections::HashSet;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
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
    // Looked at before it is written, in a statement of its own: as part of the update, rows that are locked as they are
    // joined were looked for anew for every customer of the pilot while the table had no statistics yet.
    let before = query!(
        r#"SELECT profile_id, arm AS "arm: Arm", treated_at IS NOT NULL AS "treated!"
           FROM improvement.pilot_assignment
           WHERE tenant_id = $1 AND pilot_id = $2 AND profile_id = ANY($3)
           ORDER BY profile_id FOR UPDATE"#,
        tenant,
        pilot_id,
        &profiles
    )
    .fetch_all(&mut **tx)
    .await?;
    query!(
        "UPDATE improvement.pilot_assignment AS a
         SET exposed_at = least(a.exposed_at, met.exposed_at), treated_at = least(a.treated_at, met.treated_at)
         FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS met (profile_id, exposed_at, treated_at)
         WHERE a.tenant_id = $1 AND a.pilot_id = $2 AND a.profile_id = ANY($3) AND a.profile_id = met.profile_id",
        tenant,
        pilot_id,
        &profiles,
        &exposed,
        &treated as &[Option<DateTime<Utc>>]
    )
    .execute(&mut **tx)
    .await?;
    let now_treated: HashSet<Uuid> = exposures
        .iter()
        .filter(|one| one.treated)
        .map(|one| one.profile_id)
        .collect();
    let first_time = before
        .into_iter()
        .filter(|row| row.arm == Arm::Control && !row.treated && now_treated.contains(&row.profile_id));
    Ok(first_time.map(|row| row.profile_id).collect())
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
