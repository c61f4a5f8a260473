//! Which feedback mentions which topic.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Evidence, Feedback, Scope, Sentiment, Window};

/// Stores the mentions of new feedback.
pub(crate) async fn insert(tx: &mut Tx, feedback: &[&Feedback]) -> Result<(), sqlx::Error> {
    let mut topics: Vec<String> = Vec::new();
    let mut moments: Vec<DateTime<Utc>> = Vec::new();
    let mut ids: Vec<Uuid> = Vec::new();
    let mut profiles: Vec<Option<Uuid>> = Vec::new();
    let mut products: Vec<String> = Vec::new();
    let mut non_positive: Vec<bool> = Vec::new();
    let mut feelings: Vec<Option<&str>> = Vec::new();
    for item in feedback {
        let Some(understood) = &item.understanding else {
            continue;
        };
        for mention in &understood.topics {
            topics.push(mention.topic_id.clone());
            moments.push(item.draft.occurred_at);
            ids.push(item.feedback_id);
            profiles.push(item.draft.profile_id);
            products.push(item.draft.product.clone());
            non_positive.push(understood.is_non_positive());
            feelings.push(mention.sentiment.map(Sentiment::as_str));
        }
    }
    if topics.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO feedback.topic_mention
             (tenant_id, topic_id, occurred_at, feedback_id, profile_id, product, non_positive, sentiment)
         SELECT $1, topic_id, occurred_at, feedback_id, profile_id, product, non_positive, sentiment
         FROM unnest($2::text[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::text[], $7::bool[], $8::text[])
             AS new (topic_id, occurred_at, feedback_id, profile_id, product, non_positive, sentiment)",
        tenant,
        &topics,
        &moments,
        &ids,
        &profiles as &[Option<Uuid>],
        &products,
        &non_positive,
        &feelings as &[Option<&str>]
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The non-positive mentions of a topic within `scope` and `window`, in the order of their time.
pub(crate) async fn evidence(
    tx: &mut Tx,
    topic_id: &str,
    scope: &Scope,
    window: Window,
) -> Result<Vec<Evidence>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Evidence,
        "SELECT feedback_id, profile_id FROM feedback.topic_mention
         WHERE tenant_id = $1 AND topic_id = $2 AND occurred_at >= $3 AND occurred_at < $4 AND non_positive
           AND ($5 = '' OR product = $5) AND product <> ALL($6)
         ORDER BY occurred_at, feedback_id",
        tenant,
        topic_id,
        window.start,
        window.end,
        scope.product,
        &scope.left_out
    )
    .fetch_all(&mut **tx)
    .await
}
