//! The stages of the journey that people are in.

use std::collections::HashMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query;
use uuid::Uuid;

use crate::domain::survey::PersonStage;

/// The stages of these people, as far as they are known.
pub(crate) async fn of(
    tx: &mut Tx,
    profile_ids: &[Uuid],
) -> Result<HashMap<Uuid, Option<PersonStage>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT profile_id, stage, seen_at FROM feedback.person_stage
         WHERE tenant_id = $1 AND profile_id = ANY($2)",
        tenant,
        profile_ids
    )
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|row| {
        let stage = PersonStage {
            stage: row.stage,
            seen_at: row.seen_at,
        };
        (row.profile_id, Some(stage))
    });
    Ok(known.collect())
}

/// Keeps stages of people, each person once, in the place of earlier ones.
pub(crate) async fn keep(tx: &mut Tx, stages: &[(Uuid, PersonStage)]) -> Result<(), sqlx::Error> {
    if stages.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    let profiles: Vec<Uuid> = stages.iter().map(|(profile_id, _)| *profile_id).collect();
    let names: Vec<&str> = stages.iter().map(|(_, stage)| stage.stage.as_str()).collect();
    let times: Vec<DateTime<Utc>> = stages.iter().map(|(_, stage)| stage.seen_at).collect();
    query!(
        "INSERT INTO feedback.person_stage (tenant_id, profile_id, stage, seen_at)
         SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::timestamptz[])
         ON CONFLICT ON CONSTRAINT person_stage_pkey
         DO UPDATE SET stage = EXCLUDED.stage, seen_at = EXCLUDED.seen_at",
        tenant,
        &profiles,
        &names as &[&str],
        &times
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
