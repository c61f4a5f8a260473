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

/// Appends decisions to the history, in the order given.
pub(crate) async fn append(tx: &mut Tx, profile_id: Uuid, decisions: &[Consent]) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let ids: Vec<Uuid> = decisions.iter().map(|_| Uuid::now_v7()).collect();
    let Columns {
        channels,
        purposes,
        states,
        sources,
        times,
    } = Columns::of(decisions);
    query!(
        "INSERT INTO profiles.consent_decision (tenant_id, profile_id, recorded_at, consent_decision_id, channel,
                                                purpose, state, source, decided_at)
         SELECT $1, $2, $3, * FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                                          $9::timestamptz[])",
        tenant,
        profile_id,
        now,
        &ids,
        &channels as _,
        &purposes as _,
        &states as _,
        &sources,
        &times
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts decisions in force, at most one for a channel and purpose, unless a later one is already; answers how
/// many changed what is in force.
pub(crate) async fn put_in_force(
    tx: &mut Tx,
    profile_id: Uuid,
    decisions: &[Consent],
) -> Result<u64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Columns {
        channels,
        purposes,
        states,
        sources,
        times,
    } = Columns::of(decisions);
    let changed = query!(
        "INSERT INTO profiles.consent AS known
             (tenant_id, profile_id, channel, purpose, state, source, decided_at)
         SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
         ON CONFLICT ON CONSTRAINT consent_pkey DO UPDATE
         SET state = excluded.state, source = excluded.source, decided_at = excluded.decided_at
         WHERE known.decided_at <= excluded.decided_at
           AND (known.decided_at, known.state, known.source)
               IS DISTINCT FROM (excluded.decided_at, excluded.state, excluded.source)",
        tenant,
        profile_id,
        &channels as _,
        &purposes as _,
        &states as _,
        &sources,
        &times
    )
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected())
}

/// Decisions as the columns of `unnest`.
struct Columns {
    channels: Vec<Channel>,
    purposes: Vec<Purpose>,
    states: Vec<ConsentState>,
    sources: Vec<String>,
    times: Vec<DateTime<Utc>>,
}

impl Columns {
    fn of(decisions: &[Consent]) -> Self {
        Self {
            channels: decisions.iter().map(|decision| decision.channel).collect(),
            purposes: decisions.iter().map(|decision| decision.purpose).collect(),
            states: decisions.iter().map(|decision| decision.state).collect(),
            sources: decisions.iter().map(|decision| decision.source.clone()).collect(),
            times: decisions.iter().map(|decision| decision.decided_at).collect(),
        }
    }
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
             AND (decided_at, consent_decision_id) < (coalesce($3, 'infinity'::timestamptz), $4::uuid)
           ORDER BY decided_at DESC, consent_decision_id DESC LIMIT $5"#,
        tenant,
        profile_id,
        before_at,
        before_id.unwrap_or(Uuid::max()),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
