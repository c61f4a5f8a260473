//! Other initiatives on the same slice at the same time.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query_as;
use uuid::Uuid;

use crate::domain::Confounder;

/// At most `limit` other initiatives that reached customers of the product between two instants, in order of time: by a
/// rollout, or by a pilot that ran. An empty product is all of them, on either side.
pub(crate) async fn between(
    tx: &mut Tx,
    (initiative_id, product): (Uuid, &str),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<Confounder>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Confounder,
        r#"WITH other AS (
               SELECT i.initiative_id, i.title FROM improvement.initiative i
               JOIN improvement.issue s ON s.tenant_id = i.tenant_id AND s.issue_id = i.issue_id
               WHERE i.tenant_id = $1 AND i.initiative_id <> $2 AND (s.product = $3 OR s.product = '' OR $3 = '')
           )
           SELECT initiative_id AS "initiative_id!", title AS "title!", reach AS "reach!: _", at AS "at!" FROM (
               SELECT o.initiative_id, o.title, 'rollout' AS reach, t.rolled_out_at AS at
               FROM other o JOIN improvement.iteration t ON t.tenant_id = $1 AND t.initiative_id = o.initiative_id
               WHERE t.rolled_out_at >= $4 AND t.rolled_out_at < $5
               UNION ALL
               SELECT o.initiative_id, o.title, 'pilot', p.started_at
               FROM other o JOIN improvement.pilot p ON p.tenant_id = $1 AND p.initiative_id = o.initiative_id
               WHERE p.started_at < $5 AND (p.ended_at IS NULL OR p.ended_at > $4)
           ) found
           ORDER BY at, initiative_id LIMIT $6"#,
        tenant,
        initiative_id,
        product,
        from,
        to,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
