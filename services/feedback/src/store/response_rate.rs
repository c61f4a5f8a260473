//! How many of those who were asked answered.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};

use crate::domain::invitation::Invitation;
use crate::domain::{AskedCount, Slice, Spans};

/// Counts what became of an invitation, once. Locks the rows of the counts until the commit, so this comes last.
pub(crate) async fn count(tx: &mut Tx, invitation: &Invitation, answered: bool) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.response_count AS kept (tenant_id, grain, start, survey_id, product, touchpoint, until,
             asked, answered)
         SELECT $1, grain, date_trunc(grain, $2::timestamptz, 'UTC'), $3, $4, $5,
             date_trunc('day', $6::timestamptz, 'UTC') + interval '24 hours', 1, $7::boolean::int
         FROM unnest(ARRAY['day', 'hour']) AS grains (grain)
         WHERE $2 IS NOT NULL AND $6 IS NOT NULL
         ORDER BY grain
         ON CONFLICT ON CONSTRAINT response_count_pkey DO UPDATE
             SET asked = kept.asked + excluded.asked, answered = kept.answered + excluded.answered",
        tenant,
        invitation.decided_at,
        invitation.survey_id,
        invitation.product,
        invitation.touchpoint,
        invitation.expires_at,
        answered
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What became of the invitations of a slice, row by row of time: of those whose time was over at `settled`, and how many
/// there are of the others.
pub(crate) async fn counts(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
    settled: DateTime<Utc>,
) -> Result<Vec<AskedCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        AskedCount,
        r#"SELECT start, coalesce(sum(asked) FILTER (WHERE until <= $9), 0)::bigint AS "asked!",
                  coalesce(sum(answered) FILTER (WHERE until <= $9), 0)::bigint AS "answered!",
                  coalesce(sum(asked) FILTER (WHERE until > $9), 0)::bigint AS "pending!"
           FROM feedback.response_count
           WHERE tenant_id = $1
             AND ((grain = 'day' AND start >= $2 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $2)
                  OR (grain = 'hour' AND start >= $3 AND start < $5))
             AND ($6 = '' OR product = $6) AND ($7 = '' OR touchpoint = $7)
             AND ($8::uuid IS NULL OR survey_id = $8)
           GROUP BY start"#,
        tenant,
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        slice.product,
        slice.touchpoint,
        slice.survey_id,
        settled
    )
    .fetch_all(&mut **tx)
    .await
}

/// The same of those that are not counted yet, because nobody answered and nothing has ended them: also where the timer
/// that ends them is late.
pub(crate) async fn open(
    tx: &mut Tx,
    slice: &Slice,
    spans: Spans,
    settled: DateTime<Utc>,
) -> Result<Vec<AskedCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        AskedCount,
        r#"WITH asked AS (
               SELECT date_trunc('hour', decided_at, 'UTC') AS start,
                      date_trunc('day', expires_at, 'UTC') + interval '24 hours' <= $7 AS over
               FROM feedback.invitation
               WHERE tenant_id = $1 AND state IN ('sent', 'started') AND counts AND expires_at IS NOT NULL
                 AND decided_at >= $2 AND decided_at < $3
                 AND ($4 = '' OR product = $4) AND ($5 = '' OR touchpoint = $5)
                 AND ($6::uuid IS NULL OR survey_id = $6))
           SELECT start AS "start!", count(*) FILTER (WHERE over) AS "asked!", 0::bigint AS "answered!",
                  count(*) FILTER (WHERE NOT over) AS "pending!"
           FROM asked GROUP BY start"#,
        tenant,
        spans.start,
        spans.end,
        slice.product,
        slice.touchpoint,
        slice.survey_id,
        settled
    )
    .fetch_all(&mut **tx)
    .await
}
