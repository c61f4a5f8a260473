//! Surveys and their versions.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::survey::{Definition, Survey, SurveyState};

/// Every column of a survey with one of its versions, with what follows in the query.
macro_rules! select {
    ($rest:tt, $($argument:expr),*) => {
        query_as!(
            Survey,
            r#"SELECT s.survey_id, s.name, s.state AS "state: SurveyState", v.number, s.published,
                      v.definition AS "definition: Json<Definition>", s.version, s.created_at, s.updated_at
               FROM feedback.survey s
               JOIN feedback.survey_version v ON v.tenant_id = s.tenant_id AND v.survey_id = s.survey_id "# + $rest,
            $($argument),*
        )
    };
}

/// A survey with its newest version, or the one of that number.
pub(crate) async fn find(
    tx: &mut Tx,
    survey_id: Uuid,
    number: Option<i32>,
) -> Result<Option<Survey>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE s.tenant_id = $1 AND s.survey_id = $2 AND v.number = coalesce($3::int, s.newest)",
        tenant,
        survey_id,
        number
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same with its newest version, until the transaction ends nobody else's to change.
pub(crate) async fn lock(tx: &mut Tx, survey_id: Uuid) -> Result<Option<Survey>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE s.tenant_id = $1 AND s.survey_id = $2 AND v.number = s.newest FOR UPDATE OF s",
        tenant,
        survey_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A survey with the version that is asked now, if it is published.
pub(crate) async fn asked(tx: &mut Tx, survey_id: Uuid) -> Result<Option<Survey>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE s.tenant_id = $1 AND s.survey_id = $2 AND s.state = 'published' AND v.number = s.published",
        tenant,
        survey_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// All surveys that are asked now. Bounded by how many a tenant may publish.
pub(crate) async fn all_asked(tx: &mut Tx) -> Result<Vec<Survey>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE s.tenant_id = $1 AND s.state = 'published' AND v.number = s.published ORDER BY s.survey_id",
        tenant
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many surveys are asked now.
pub(crate) async fn count_asked(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM feedback.survey WHERE tenant_id = $1 AND state = 'published'"#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// At most `limit` surveys after `after`, oldest first, with their newest versions.
pub(crate) async fn page(tx: &mut Tx, after: Option<Uuid>, limit: i64) -> Result<Vec<Survey>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE s.tenant_id = $1 AND v.number = s.newest AND ($2::uuid IS NULL OR s.survey_id > $2)
         ORDER BY s.survey_id LIMIT $3",
        tenant,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a new survey. Violates `survey_name_key` when another has the name.
pub(crate) async fn insert(tx: &mut Tx, survey: &Survey) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.survey (tenant_id, survey_id, name, state, newest, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        tenant,
        survey.survey_id,
        survey.name,
        survey.state as SurveyState,
        survey.number,
        survey.version,
        survey.created_at
    )
    .execute(&mut **tx)
    .await?;
    insert_version(tx, survey).await
}

/// Stores the version that a survey holds.
pub(crate) async fn insert_version(tx: &mut Tx, survey: &Survey) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO feedback.survey_version (tenant_id, survey_id, number, definition, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        tenant,
        survey.survey_id,
        survey.number,
        &survey.definition as &Json<Definition>,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores where a survey stands; its newest version is the one it holds. Violates `survey_name_key` when another has
/// the name.
pub(crate) async fn update(tx: &mut Tx, survey: &Survey) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let updated_at: DateTime<Utc> = survey.updated_at;
    query!(
        "UPDATE feedback.survey
         SET name = $3, state = $4, newest = $5, published = $6, version = $7, updated_at = $8
         WHERE tenant_id = $1 AND survey_id = $2",
        tenant,
        survey.survey_id,
        survey.name,
        survey.state as SurveyState,
        survey.number,
        survey.published,
        survey.version,
        updated_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
