//! What was said, text alone.

use attune_database::Tx;
use sqlx::query_scalar;

use crate::domain::{Slice, Window};

/// The newest `most` texts of a slice and window, each cut after `length` characters.
pub(crate) async fn of_slice(
    tx: &mut Tx,
    slice: &Slice,
    window: Window,
    most: i64,
    length: i32,
) -> Result<Vec<String>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (facet, value) = slice.facet_columns();
    if slice.topic_id.is_empty() {
        return query_scalar!(
            r#"SELECT left(text, $3) AS "text!" FROM feedback.feedback
               WHERE tenant_id = $1 AND occurred_at >= $4 AND occurred_at < $5 AND text <> ''
                 AND ($6 = '' OR product = $6) AND ($7 = '' OR channel = $7) AND ($8 = '' OR touchpoint = $8)
                 AND CASE WHEN $9 = '' THEN true WHEN $9 = 'segment' THEN $10 = ANY (segments)
                      WHEN stage IS NOT NULL THEN CASE $9 WHEN 'agent' THEN agent_id WHEN 'team' THEN team
                          WHEN 'stage' THEN stage ELSE coalesce(language, '') END = $10 END
               ORDER BY occurred_at DESC, feedback_id DESC LIMIT $2"#,
            tenant,
            most,
            length,
            window.start,
            window.end,
            slice.product,
            slice.channel,
            slice.touchpoint,
            facet,
            value
        )
        .fetch_all(&mut **tx)
        .await;
    }
    query_scalar!(
        r#"SELECT left(f.text, $3) AS "text!"
           FROM feedback.topic_mention m
           JOIN feedback.feedback f ON f.tenant_id = m.tenant_id AND f.feedback_id = m.feedback_id
           WHERE m.tenant_id = $1 AND m.topic_id = $9 AND m.occurred_at >= $4 AND m.occurred_at < $5
             AND ($6 = '' OR f.product = $6) AND ($7 = '' OR f.channel = $7) AND ($8 = '' OR f.touchpoint = $8)
             AND CASE WHEN $10 = '' THEN true WHEN $10 = 'segment' THEN $11 = ANY (f.segments)
                  WHEN f.stage IS NOT NULL THEN CASE $10 WHEN 'agent' THEN f.agent_id WHEN 'team' THEN f.team
                      WHEN 'stage' THEN f.stage ELSE coalesce(f.language, '') END = $11 END
           ORDER BY m.occurred_at DESC, m.feedback_id DESC LIMIT $2"#,
        tenant,
        most,
        length,
        window.start,
        window.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        slice.topic_id,
        facet,
        value
    )
    .fetch_all(&mut **tx)
    .await
}

/// The newest `most` texts of a window that are not of the slice; of an empty slice all are beside it, because the
/// window is another one. A text of which it is not recorded what it has of the slice's facet is neither of it nor beside
/// it: there the condition is null.
pub(crate) async fn beside(
    tx: &mut Tx,
    slice: &Slice,
    window: Window,
    most: i64,
    length: i32,
) -> Result<Vec<String>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (facet, value) = slice.facet_columns();
    query_scalar!(
        r#"SELECT left(f.text, $3) AS "text!" FROM feedback.feedback f
           WHERE f.tenant_id = $1 AND f.occurred_at >= $4 AND f.occurred_at < $5 AND f.text <> ''
             AND NOT (($6 <> '' OR $7 <> '' OR $8 <> '' OR $9 <> '' OR $10 <> '')
                 AND ($6 = '' OR f.product = $6) AND ($7 = '' OR f.channel = $7) AND ($8 = '' OR f.touchpoint = $8)
                 AND CASE WHEN $10 = '' THEN true WHEN $10 = 'segment' THEN $11 = ANY (f.segments)
                      WHEN f.stage IS NOT NULL THEN CASE $10 WHEN 'agent' THEN f.agent_id WHEN 'team' THEN f.team
                          WHEN 'stage' THEN f.stage ELSE coalesce(f.language, '') END = $11 END
                 AND ($9 = '' OR EXISTS (SELECT FROM feedback.topic_mention m
                      WHERE m.tenant_id = f.tenant_id AND m.topic_id = $9 AND m.occurred_at = f.occurred_at
                        AND m.feedback_id = f.feedback_id)))
           ORDER BY f.occurred_at DESC, f.feedback_id DESC LIMIT $2"#,
        tenant,
        most,
        length,
        window.start,
        window.end,
        slice.product,
        slice.channel,
        slice.touchpoint,
        slice.topic_id,
        facet,
        value
    )
    .fetch_all(&mut **tx)
    .await
}
