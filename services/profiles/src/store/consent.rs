//! Decisions about being contacted.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Channel, Consent, ConsentState, Purpose};

/// One row of the history, with its id for paging.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) consent_decision_id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    pub(crate) state: ConsentState,
    pub(crate) source: String,
    pub(crate) decided_at: DateTime<Utc>,
}

/// Appends a decision to the history.
pub(crate) async fn append(
    tx: &mut Tx,
    profile_id: Uuid,
    consent: &Consent,
    decided_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO profiles.consent_decision (tenant_id, profile_id, consent_decision_id, channel, purpose,
                                                state, source, decided_at, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant,
        profile_id,
        Uuid::now_v7(),
        consent.channel as Channel,
        consent.purpose as Purpose,
        consent.state as ConsentState,
        consent.source,
        decided_at,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts a decision in force unless a later one is; answers whether it is in force now.
pub(crate) async fn put_in_force(
    tx: &mut Tx,
    profile_id: Uuid,
    consent: &Consent,
    decided_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let changed = query!(
        "INSERT INTO profiles.consent (tenant_id, profile_id, channel, purpose, state, source, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, profile_id, channel, purpose) DO UPDATE
         SET state = excluded.state, source = excluded.source, decided_at = excluded.decided_at
         WHERE profiles.consent.decided_at <= excluded.decided_at",
        tenant,
        profile_id,
        consent.channel as Channel,
        consent.purpose as Purpose,
        consent.state as ConsentState,
        consent.source,
        decided_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// At most `limit` decisions older than `before`, the newest first.
pub(crate) async fn history(
    tx: &mut Tx,
    profile_id: Uuid,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Decision>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (before_at, before_id) = before.unzip();
    query_as!(
        Decision,
        r#"SELECT consent_decision_id, channel AS "channel: _", purpose AS "purpose: _", state AS "state: _",
                  source, decided_at
           FROM profiles.consent_decision
           WHERE tenant_id = $1 AND profile_id = $2
             AND ($3::timestamptz IS NULL OR (decided_at, consent_decision_id) < ($3, $4::uuid))
           ORDER BY decided_at DESC, consent_decision_id DESC LIMIT $5"#,
        tenant,
        profile_id,
        before_at,
        before_id,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
