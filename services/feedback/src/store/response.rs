//! What was answered to surveys.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::survey::Given;

/// What was answered at one time.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) response_id: Uuid,
    pub(crate) invitation_id: Uuid,
    pub(crate) place: i32,
    pub(crate) survey_version: i32,
    pub(crate) complete: bool,
    pub(crate) answers: Json<Given>,
    pub(crate) created_at: DateTime<Utc>,
}

macro_rules! select {
    ($rest:tt, $($argument:expr),*) => {
        query_as!(
            Response,
            r#"SELECT response_id, invitation_id, place, survey_version, complete, answers AS "answers: Json<Given>",
                      created_at
               FROM feedback.survey_response "# + $rest,
            $($argument),*
        )
    };
}

/// A response.
pub(crate) async fn find(tx: &mut Tx, response_id: Uuid) -> Result<Option<Response>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!("WHERE tenant_id = $1 AND response_id = $2", tenant, response_id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` responses to an invitation after the place `after`, first one first.
pub(crate) async fn page(
    tx: &mut Tx,
    invitation_id: Uuid,
    after: i32,
    limit: i64,
) -> Result<Vec<Response>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE tenant_id = $1 AND invitation_id = $2 AND place > $3 ORDER BY place LIMIT $4",
        tenant,
        invitation_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Keeps a response.
pub(crate) async fn insert(tx: &mut Tx, response: &Response) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.survey_response
             (tenant_id, response_id, invitation_id, place, survey_version, complete, answers, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        response.response_id,
        response.invitation_id,
        response.place,
        response.survey_version,
        response.complete,
        &response.answers as &Json<Given>,
        response.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
