//! Invitations.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::invitation::{Cause, Invitation, InvitationState, Occasion, Record};

/// Which invitations a list holds; what is left out does not restrict.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) survey_id: Option<Uuid>,
    pub(crate) profile_id: Option<Uuid>,
}

/// Every column of an invitation, with what follows the table's name in its query.
macro_rules! select {
    ($rest:tt, $($argument:expr),*) => {
        query_as!(
            Invitation,
            r#"SELECT invitation_id, survey_id, survey_version, profile_id, occasion, interaction_id, touchpoint,
                      product, agent_id, team, stage, segments, language, state AS "state: InvitationState", reason,
                      message_id, reminders, counts, version, token_hash, decision AS "decision: Json<Record>",
                      cause AS "cause: Json<Cause>", feedback_ids, created_at, decided_at, expires_at, answered_at
               FROM feedback.invitation "# + $rest,
            $($argument),*
        )
    };
}

/// An invitation.
pub(crate) async fn find(tx: &mut Tx, invitation_id: Uuid) -> Result<Option<Invitation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE tenant_id = $1 AND invitation_id = $2",
        tenant,
        invitation_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same, until the transaction ends nobody else's to change.
pub(crate) async fn lock(tx: &mut Tx, invitation_id: Uuid) -> Result<Option<Invitation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    select!(
        "WHERE tenant_id = $1 AND invitation_id = $2 FOR UPDATE",
        tenant,
        invitation_id
    )
    .fetch_optional(&mut **tx)
    .await
}

/// At most `limit` invitations older than `before`, newest first; ids are in the order of creation. One statement for
/// each filter, so that each walks an index of its own.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let before = before.unwrap_or(Uuid::max());
    match (filter.profile_id, filter.survey_id) {
        (Some(profile_id), survey_id) => {
            select!(
                "WHERE tenant_id = $1 AND profile_id = $2 AND invitation_id < $3
                   AND ($4::uuid IS NULL OR survey_id = $4)
                 ORDER BY invitation_id DESC LIMIT $5",
                tenant,
                profile_id,
                before,
                survey_id,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, Some(survey_id)) => {
            select!(
                "WHERE tenant_id = $1 AND survey_id = $2 AND invitation_id < $3
                 ORDER BY invitation_id DESC LIMIT $4",
                tenant,
                survey_id,
                before,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
        (None, None) => {
            select!(
                "WHERE tenant_id = $1 AND invitation_id < $2 ORDER BY invitation_id DESC LIMIT $3",
                tenant,
                before,
                limit
            )
            .fetch_all(&mut **tx)
            .await
        }
    }
}

/// Stores an occasion, and answers whether it is a new one.
pub(crate) async fn insert(tx: &mut Tx, id: Uuid, occasion: &Occasion) -> Result<bool, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let cause = occasion.cause.clone().map(Json);
    let stored = query!(
        "INSERT INTO feedback.invitation (tenant_id, invitation_id, survey_id, profile_id, occasion, interaction_id,
             touchpoint, product, agent_id, team, stage, segments, language, state, reason, reminders, version,
             feedback_ids, created_at, cause, counts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $12, $13, $14, '', 'scheduled', '', 0, 1, '{}', $10, $11, true)
         ON CONFLICT ON CONSTRAINT invitation_occasion_key DO NOTHING",
        tenant,
        id,
        occasion.survey_id,
        occasion.profile_id,
        occasion.occasion,
        occasion.interaction_id,
        occasion.touchpoint,
        occasion.product,
        occasion.agent_id,
        now,
        cause.as_ref() as Option<&Json<Cause>>,
        occasion.team,
        occasion.stage,
        &occasion.segments
    )
    .execute(&mut **tx)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// The invitation of a known occasion.
pub(crate) async fn of_occasion(tx: &mut Tx, occasion: &Occasion) -> Result<Option<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT invitation_id FROM feedback.invitation
         WHERE tenant_id = $1 AND survey_id = $2 AND profile_id = $3 AND occasion = $4",
        tenant,
        occasion.survey_id,
        occasion.profile_id,
        occasion.occasion
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Stores where an invitation stands.
pub(crate) async fn update(tx: &mut Tx, invitation: &Invitation) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.invitation
         SET survey_version = $3, language = $4, state = $5, reason = $6, message_id = $7, reminders = $8,
             version = $9, token_hash = $10, decision = $11, feedback_ids = $12, decided_at = $13,
             expires_at = $14, answered_at = $15
         WHERE tenant_id = $1 AND invitation_id = $2",
        tenant,
        invitation.invitation_id,
        invitation.survey_version,
        invitation.language,
        invitation.state as InvitationState,
        invitation.reason,
        invitation.message_id,
        invitation.reminders,
        invitation.version,
        invitation.token_hash.as_deref(),
        invitation.decision.as_ref() as Option<&Json<Record>>,
        &invitation.feedback_ids,
        invitation.decided_at,
        invitation.expires_at,
        invitation.answered_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
