//! New recovery cases, column by column.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query_scalar;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::recovery::{CaseRecord, RecoveryCase};

/// The columns of some cases, in their order.
#[derive(Debug, Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    profiles: Vec<Uuid>,
    feedback: Vec<Uuid>,
    interactions: Vec<Option<Uuid>>,
    occasions: Vec<&'a str>,
    channels: Vec<&'a str>,
    touchpoints: Vec<&'a str>,
    products: Vec<&'a str>,
    agents: Vec<&'a str>,
    owners: Vec<&'a str>,
    escalations: Vec<&'a str>,
    moments: Vec<DateTime<Utc>>,
    deadlines: Vec<DateTime<Utc>>,
    measured_days: Vec<i32>,
    records: Vec<Json<&'a CaseRecord>>,
}

impl<'a> Columns<'a> {
    fn of(cases: &'a [RecoveryCase]) -> Self {
        let mut columns = Self::default();
        for case in cases {
            columns.ids.push(case.recovery_case_id);
            columns.profiles.push(case.profile_id);
            columns.feedback.push(case.feedback_id);
            columns.interactions.push(case.interaction_id);
            columns.occasions.push(&case.occasion);
            columns.channels.push(&case.channel);
            columns.touchpoints.push(&case.touchpoint);
            columns.products.push(&case.product);
            columns.agents.push(&case.agent_id);
            columns.owners.push(&case.owner);
            columns.escalations.push(&case.escalate_to);
            columns.moments.push(case.said_at);
            columns.deadlines.push(case.deadline);
            columns.measured_days.push(case.measure_days);
            columns.records.push(Json(&case.record.0));
        }
        columns
    }
}

/// Stores cases that are opened now, and answers the ids of those whose occasion has none yet. Waits for a concurrent
/// transaction that opens one for the same occasion. `cases` are in the order of their occasions, so that two
/// transactions never wait for each other.
pub(crate) async fn insert(tx: &mut Tx, cases: &[RecoveryCase]) -> Result<Vec<Uuid>, sqlx::Error> {
    let new = Columns::of(cases);
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query_scalar!(
        "INSERT INTO feedback.recovery_case (tenant_id, opened_at, state, done, note, version, recovery_case_id,
             profile_id, feedback_id, interaction_id, occasion, channel, touchpoint, product, agent_id, owner,
             escalate_to, said_at, deadline, measure_days, record)
         SELECT $1, $2, 'open', '', '', 1, recovery_case_id, profile_id, feedback_id, interaction_id, occasion,
             channel, touchpoint, product, agent_id, owner, escalate_to, said_at, deadline, measure_days, record
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
             $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::int[],
             $17::jsonb[]) WITH ORDINALITY AS new (recovery_case_id, profile_id, feedback_id, interaction_id, occasion,
                 channel, touchpoint, product, agent_id, owner, escalate_to, said_at, deadline, measure_days, record,
                 place)
         ORDER BY place
         ON CONFLICT ON CONSTRAINT recovery_case_occasion_key DO NOTHING
         RETURNING recovery_case_id",
        tenant,
        now,
        &new.ids,
        &new.profiles,
        &new.feedback,
        &new.interactions as &[Option<Uuid>],
        &new.occasions as &[&str],
        &new.channels as &[&str],
        &new.touchpoints as &[&str],
        &new.products as &[&str],
        &new.agents as &[&str],
        &new.owners as &[&str],
        &new.escalations as &[&str],
        &new.moments,
        &new.deadlines,
        &new.measured_days,
        &new.records as &[Json<&CaseRecord>]
    )
    .fetch_all(&mut **tx)
    .await
}
