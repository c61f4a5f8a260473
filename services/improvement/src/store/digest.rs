//! Subscriptions and their digests.

use std::collections::HashMap;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use jiff::tz::TimeZone;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Digest, DigestItem, DigestSchedule, DigestScope, DigestSubscription, Letter, NewsKind};

struct Row {
    digest_subscription_id: Uuid,
    member_id: String,
    department: String,
    topic_id: String,
    product: String,
    weekday: i32,
    hour: i32,
    time_zone: String,
    digests: i32,
    period_start: DateTime<Utc>,
    next_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

macro_rules! subscriptions {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Row,
            "SELECT digest_subscription_id, member_id, department, topic_id, product, weekday, hour, time_zone, digests,
                    period_start, next_at, created_at
             FROM improvement.digest_subscription
             WHERE tenant_id = $1 " + $tail,
            $($argument),*
        )
    };
}

fn assemble(row: Row) -> DigestSubscription {
    let Row {
        digest_subscription_id,
        member_id,
        department,
        topic_id,
        product,
        weekday,
        hour,
        time_zone,
        digests,
        period_start,
        next_at,
        created_at,
    } = row;
    DigestSubscription {
        digest_subscription_id,
        member_id,
        scope: DigestScope {
            department,
            topic_id,
            product,
        },
        schedule: DigestSchedule {
            // Both are within a byte by the table's constraints.
            weekday: i8::try_from(weekday).unwrap_or_default(),
            hour: i8::try_from(hour).unwrap_or_default(),
            // A zone that the database of zones has given up since is that of Greenwich.
            time_zone: TimeZone::get(&time_zone).unwrap_or(TimeZone::UTC),
        },
        digests,
        period_start,
        next_at,
        created_at,
    }
}

/// One subscription.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<DigestSubscription>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = subscriptions!("AND digest_subscription_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.map(assemble))
}

/// Locks one subscription against other writers until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<DigestSubscription>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = subscriptions!("AND digest_subscription_id = $2 FOR UPDATE", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.map(assemble))
}

/// At most `limit` subscriptions older than `before`, the newest first: all, or a member's.
pub(crate) async fn page(
    tx: &mut Tx,
    member_id: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<DigestSubscription>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = subscriptions!(
        "AND ($2::text IS NULL OR member_id = $2) AND ($3::uuid IS NULL OR digest_subscription_id < $3)
         ORDER BY digest_subscription_id DESC LIMIT $4",
        tenant,
        member_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(assemble).collect())
}

/// How many subscriptions a member has.
pub(crate) async fn count_of(tx: &mut Tx, member_id: &str) -> Result<i64, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT count(*) AS "count!" FROM improvement.digest_subscription
           WHERE tenant_id = $1 AND member_id = $2"#,
        tenant,
        member_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores a new subscription.
pub(crate) async fn insert(tx: &mut Tx, subscription: &DigestSubscription) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (scope, schedule) = (&subscription.scope, &subscription.schedule);
    query!(
        "INSERT INTO improvement.digest_subscription
             (tenant_id, digest_subscription_id, member_id, department, topic_id, product, weekday, hour, time_zone,
              digests, period_start, next_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        tenant,
        subscription.digest_subscription_id,
        subscription.member_id,
        scope.department,
        scope.topic_id,
        scope.product,
        i32::from(schedule.weekday),
        i32::from(schedule.hour),
        schedule.time_zone.iana_name().unwrap_or("UTC"),
        subscription.digests,
        subscription.period_start,
        subscription.next_at,
        subscription.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a subscription with its digests; answers whether there was one.
pub(crate) async fn remove(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let removed = query!(
        "DELETE FROM improvement.digest_subscription WHERE tenant_id = $1 AND digest_subscription_id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected() == 1)
}

/// When the oldest period of any subscription began that is not told of yet.
pub(crate) async fn oldest_period(tx: &mut Tx) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT min(period_start) FROM improvement.digest_subscription WHERE tenant_id = $1",
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores a digest with its items and the subscription as it goes on, and forgets the digests up to number `forgotten`.
pub(crate) async fn append(
    tx: &mut Tx,
    subscription: &DigestSubscription,
    digest: &Digest,
    forgotten: i32,
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let id = subscription.digest_subscription_id;
    query!(
        "UPDATE improvement.digest_subscription SET digests = $3, period_start = $4, next_at = $5
         WHERE tenant_id = $1 AND digest_subscription_id = $2",
        tenant,
        id,
        subscription.digests,
        subscription.period_start,
        subscription.next_at
    )
    .execute(&mut **tx)
    .await?;
    query!(
        "DELETE FROM improvement.digest WHERE tenant_id = $1 AND digest_subscription_id = $2 AND number <= $3",
        tenant,
        id,
        forgotten
    )
    .execute(&mut **tx)
    .await?;
    let subject = digest
        .letter
        .as_ref()
        .map_or("", |letter| letter.subject.as_str());
    query!(
        "INSERT INTO improvement.digest (tenant_id, digest_subscription_id, number, period_start, period_end, state,
                                         subject)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 = '' THEN 'nothing_to_say' ELSE 'sent' END, $6)",
        tenant,
        id,
        digest.number,
        digest.period_start,
        digest.period_end,
        subject
    )
    .execute(&mut **tx)
    .await?;
    insert_items(tx, digest).await
}

async fn insert_items(tx: &mut Tx, digest: &Digest) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let items = &digest.items;
    let news: Vec<Option<Uuid>> = items.iter().map(|item| item.news_id).collect();
    let kinds: Vec<String> = items.iter().map(|item| item.kind.as_str().to_owned()).collect();
    let issues: Vec<Uuid> = items.iter().map(|item| item.issue_id).collect();
    let initiatives: Vec<Option<Uuid>> = items.iter().map(|item| item.initiative_id).collect();
    let iterations: Vec<i32> = items.iter().map(|item| item.iteration).collect();
    let people: Vec<i64> = items.iter().map(|item| item.people).collect();
    let sentences: Vec<String> = items.iter().map(|item| item.sentence.clone()).collect();
    let because: Vec<String> = items.iter().map(|item| item.because.clone()).collect();
    let instants: Vec<DateTime<Utc>> = items.iter().map(|item| item.happened_at).collect();
    query!(
        "INSERT INTO improvement.digest_item (tenant_id, digest_subscription_id, number, place, news_id, kind, issue_id,
                                              initiative_id, iteration, people, sentence, because, happened_at)
         SELECT $1, $2, $3, place, news_id, kind, issue_id, initiative_id, iteration, people, sentence, because,
                happened_at
         FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::uuid[], $8::int[], $9::bigint[], $10::text[],
                     $11::text[], $12::timestamptz[]) WITH ORDINALITY
              AS new (news_id, kind, issue_id, initiative_id, iteration, people, sentence, because, happened_at, place)",
        tenant,
        digest.digest_subscription_id,
        digest.number,
        &news as &[Option<Uuid>],
        &kinds,
        &issues,
        &initiatives as &[Option<Uuid>],
        &iterations,
        &people,
        &sentences,
        &because,
        &instants
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// At most `limit` digests of a subscription before the number `before`, the newest first. Of a letter only the subject is
/// kept.
pub(crate) async fn list(
    tx: &mut Tx,
    id: Uuid,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Digest>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        "SELECT number, period_start, period_end, subject FROM improvement.digest
         WHERE tenant_id = $1 AND digest_subscription_id = $2 AND ($3::int IS NULL OR number < $3)
         ORDER BY number DESC LIMIT $4",
        tenant,
        id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
    let mut items = items(tx, id, &numbers).await?;
    let digests = rows.into_iter().map(|row| Digest {
        digest_subscription_id: id,
        number: row.number,
        period_start: row.period_start,
        period_end: row.period_end,
        letter: Some(row.subject)
            .filter(|subject| !subject.is_empty())
            .map(|subject| Letter {
                subject,
                body: String::new(),
            }),
        items: items.remove(&row.number).unwrap_or_default(),
    });
    Ok(digests.collect())
}

async fn items(tx: &mut Tx, id: Uuid, numbers: &[i32]) -> Result<HashMap<i32, Vec<DigestItem>>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT number, news_id, kind AS "kind: NewsKind", issue_id, initiative_id, iteration, people, sentence, because,
                  happened_at
           FROM improvement.digest_item
           WHERE tenant_id = $1 AND digest_subscription_id = $2 AND number = ANY($3)
           ORDER BY number, place"#,
        tenant,
        id,
        numbers
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut items: HashMap<i32, Vec<DigestItem>> = HashMap::new();
    for row in rows {
        items.entry(row.number).or_default().push(DigestItem {
            news_id: row.news_id,
            kind: row.kind,
            issue_id: row.issue_id,
            initiative_id: row.initiative_id,
            iteration: row.iteration,
            people: row.people,
            sentence: row.sentence,
            because: row.because,
            happened_at: row.happened_at,
        });
    }
    Ok(items)
}
