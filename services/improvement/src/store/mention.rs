//! What customers say about topics, by the day.

use attune_database::Tx;
use chrono::NaiveDate;
use sqlx::query;

use crate::domain::MentionDay;

/// Days deleted at once: more than a tenant gathers in one.
const FORGOTTEN: i64 = 50_000;

/// Adds to the counts. The rows must be in the order of topic, day and product.
pub(crate) async fn add(tx: &mut Tx, counted: &[MentionDay]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let topics: Vec<String> = counted.iter().map(|row| row.topic_id.clone()).collect();
    let days: Vec<NaiveDate> = counted.iter().map(|row| row.day).collect();
    let products: Vec<String> = counted.iter().map(|row| row.product.clone()).collect();
    let mentions: Vec<i64> = counted.iter().map(|row| row.mentions).collect();
    let judged: Vec<i64> = counted.iter().map(|row| row.judged).collect();
    let negative: Vec<i64> = counted.iter().map(|row| row.negative).collect();
    query!(
        "INSERT INTO improvement.mention_day AS known
             (tenant_id, topic_id, day, product, mentions, judged, negative)
         SELECT $1, * FROM unnest($2::text[], $3::date[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
         ON CONFLICT ON CONSTRAINT mention_day_pkey DO UPDATE
         SET mentions = known.mentions + excluded.mentions, judged = known.judged + excluded.judged,
             negative = known.negative + excluded.negative",
        tenant,
        &topics,
        &days,
        &products,
        &mentions,
        &judged,
        &negative
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what was said before `day`, at most as much as one transaction should; answers whether anything is left of the
/// days since.
pub(crate) async fn forget(tx: &mut Tx, day: NaiveDate) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM improvement.mention_day
         WHERE (tenant_id, topic_id, day, product) IN (
             SELECT tenant_id, topic_id, day, product FROM improvement.mention_day
             WHERE tenant_id = $1 AND day < $2 LIMIT $3)",
        tenant,
        day,
        FORGOTTEN
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM improvement.mention_day WHERE tenant_id = $1) AS "left!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}
