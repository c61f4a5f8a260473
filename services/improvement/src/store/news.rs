//! What happened, for those who have subscribed to digests.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{DigestItem, DigestSubscription, News, NewsKind};

/// Writes down a piece of news if somebody of the tenant has subscribed. The topic and product are the issue's; those given
/// are used for one that is not stored yet.
pub(crate) async fn record(
    tx: &mut Tx,
    news: &News,
    (topic_id, product): (&str, &str),
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query!(
        "INSERT INTO improvement.news (tenant_id, news_id, happened_at, kind, issue_id, initiative_id, iteration, sentence,
                                       departments, topic_id, product)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(i.topic_id, $10), coalesce(i.product, $11)
         FROM (SELECT) AS once LEFT JOIN improvement.issue i ON i.tenant_id = $1 AND i.issue_id = $5
         WHERE EXISTS (SELECT FROM improvement.digest_subscription WHERE tenant_id = $1)",
        tenant,
        Uuid::now_v7(),
        now,
        news.kind.as_str(),
        news.issue_id,
        news.initiative_id,
        news.iteration,
        news.sentence,
        &news.departments,
        topic_id,
        product
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` pieces of news since `since` that a subscription is about and that none of its digests held, the oldest
/// first. A transaction that was slow to commit is not passed over: what a digest held is known piece by piece.
pub(crate) async fn untold(
    tx: &mut Tx,
    subscription: &DigestSubscription,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<DigestItem>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        DigestItem,
        r#"SELECT n.news_id AS "news_id?", n.kind AS "kind: NewsKind", n.issue_id, n.initiative_id, n.iteration,
                  0::bigint AS "people!", n.sentence, '' AS "because!", n.happened_at
           FROM improvement.news n
           WHERE n.tenant_id = $1 AND n.happened_at >= $3
             AND ($4 = '' OR EXISTS (SELECT FROM unnest(n.departments) AS concerned (name)
                                     WHERE lower(concerned.name) = lower($4)))
             AND ($5 = '' OR n.topic_id = $5) AND ($6 = '' OR n.product IN ($6, ''))
             AND NOT EXISTS (SELECT FROM improvement.digest_item d
                             WHERE d.tenant_id = $1 AND d.digest_subscription_id = $2 AND d.news_id = n.news_id)
           ORDER BY n.happened_at, n.news_id LIMIT $7"#,
        tenant,
        subscription.digest_subscription_id,
        since,
        subscription.scope.department,
        subscription.scope.topic_id,
        subscription.scope.product,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// An iteration with how many persons were told about it.
pub(crate) struct Told {
    pub(crate) initiative_id: Uuid,
    pub(crate) iteration: i32,
    pub(crate) issue_id: Uuid,
    pub(crate) title: String,
    /// Whom no digest of the subscription has counted.
    pub(crate) people: i64,
}

/// At most `limit` iterations rolled out since `since` that a subscription is about, of which more persons were told than
/// its digests have counted.
pub(crate) async fn told(
    tx: &mut Tx,
    subscription: &DigestSubscription,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Told>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Told,
        r#"SELECT t.initiative_id, t.number AS iteration, n.issue_id, n.title, sent.people - known.people AS "people!"
           FROM improvement.iteration t
           JOIN improvement.initiative n ON n.tenant_id = t.tenant_id AND n.initiative_id = t.initiative_id
           JOIN improvement.issue i ON i.tenant_id = n.tenant_id AND i.issue_id = n.issue_id
           CROSS JOIN LATERAL (SELECT coalesce(sum(s.persons), 0)::bigint AS people FROM improvement.telling_count s
                               WHERE s.tenant_id = $1 AND s.initiative_id = t.initiative_id
                                 AND s.iteration = t.number AND s.state = 'sent') AS sent
           CROSS JOIN LATERAL (SELECT coalesce(sum(d.people), 0)::bigint AS people FROM improvement.digest_item d
                               WHERE d.tenant_id = $1 AND d.digest_subscription_id = $2
                                 AND d.initiative_id = t.initiative_id AND d.iteration = t.number
                                 AND d.kind = 'people_told') AS known
           WHERE t.tenant_id = $1 AND t.rolled_out_at >= $3 AND sent.people > known.people
             AND ($4 = '' OR EXISTS (SELECT FROM jsonb_array_elements(n.departments) AS concerned
                                     WHERE lower(concerned ->> 'name') = lower($4)))
             AND ($5 = '' OR i.topic_id = $5) AND ($6 = '' OR i.product IN ($6, ''))
           ORDER BY t.rolled_out_at, t.initiative_id, t.number LIMIT $7"#,
        tenant,
        subscription.digest_subscription_id,
        since,
        subscription.scope.department,
        subscription.scope.topic_id,
        subscription.scope.product,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Forgets what happened before `before`.
pub(crate) async fn forget(tx: &mut Tx, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "DELETE FROM improvement.news WHERE tenant_id = $1 AND happened_at < $2",
        tenant,
        before
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
