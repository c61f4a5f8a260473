//! How often surveys wrote to whom.

use attune_database::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::invitation::{BUDGET_DAYS, Invitation};

/// What surveys did to a person so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) last_invited_at: Option<DateTime<Utc>>,
    /// Within the days of the budget.
    pub(crate) contacts: i64,
}

/// Lets one transaction at a time decide about a person: what it counts stays true until it ends. A transaction that
/// counts for a survey as well locks that after the person, so that two never wait for each other.
pub(crate) async fn hold_person(tx: &mut Tx, profile_id: Uuid) -> Result<(), sqlx::Error> {
    let key = format!("survey contact {} {profile_id}", tx.tenant());
    query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What surveys did to a person so far.
pub(crate) async fn past(tx: &mut Tx, profile_id: Uuid) -> Result<Past, sqlx::Error> {
    let (tenant, since) = (
        tx.tenant().as_str().to_owned(),
        tx.now() - TimeDelta::days(BUDGET_DAYS),
    );
    query_as!(
        Past,
        r#"SELECT (SELECT contacted_at FROM feedback.survey_contact
                   WHERE tenant_id = $1 AND profile_id = $2 AND place = 0
                   ORDER BY contacted_at DESC LIMIT 1) AS last_invited_at,
                  (SELECT count(*) FROM feedback.survey_contact
                   WHERE tenant_id = $1 AND profile_id = $2 AND contacted_at > $3) AS "contacts!""#,
        tenant,
        profile_id,
        since
    )
    .fetch_one(&mut **tx)
    .await
}

/// How many a survey invited since `since`.
pub(crate) async fn invited_since(
    tx: &mut Tx,
    survey_id: Uuid,
    since: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "count!" FROM feedback.survey_contact
           WHERE tenant_id = $1 AND survey_id = $2 AND place = 0 AND contacted_at > $3"#,
        tenant,
        survey_id,
        since
    )
    .fetch_one(&mut **tx)
    .await
}

/// Notes that the person is written to now; the message is handed over after that.
pub(crate) async fn insert(tx: &mut Tx, invitation: &Invitation, place: i32) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO feedback.survey_contact (tenant_id, invitation_id, place, survey_id, profile_id, contacted_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tenant,
        invitation.invitation_id,
        place,
        invitation.survey_id,
        invitation.profile_id,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The message of an invitation that is to be handed over next.
pub(crate) async fn waiting(tx: &mut Tx, invitation_id: Uuid) -> Result<Option<i32>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT place FROM feedback.survey_contact
         WHERE tenant_id = $1 AND invitation_id = $2 AND message_id IS NULL ORDER BY place LIMIT 1",
        tenant,
        invitation_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes that it was handed over.
pub(crate) async fn handed_over(
    tx: &mut Tx,
    invitation_id: Uuid,
    place: i32,
    message_id: Uuid,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.survey_contact SET message_id = $4
         WHERE tenant_id = $1 AND invitation_id = $2 AND place = $3",
        tenant,
        invitation_id,
        place,
        message_id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets a message that did not reach the person.
pub(crate) async fn remove(tx: &mut Tx, invitation_id: Uuid, place: i32) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM feedback.survey_contact WHERE tenant_id = $1 AND invitation_id = $2 AND place = $3",
        tenant,
        invitation_id,
        place
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
