//! Subscribing to digests, and composing them.

use std::collections::HashMap;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::{
    CreditedMember, Digest, DigestItem, DigestSchedule, DigestScope, DigestSubscription, NewsKind, grouped,
};
use crate::error::Error;
use crate::{events, store};

/// The kind of the timers whose subjects are subscriptions.
pub(crate) const DIGEST: &str = "improvement.digest";
/// The most subscriptions of a member.
const MOST_SUBSCRIPTIONS: i64 = 10;
/// The most pieces of news in a digest; what is left is in the next one.
const MOST_NEWS: i64 = 500;
/// The most iterations in a digest about which people were told.
const MOST_TOLD: i64 = 100;
/// How long after a rollout those who are told about it are counted.
const TOLD_WITHIN: TimeDelta = TimeDelta::days(30);
/// How far before its period a digest looks for news that no digest held: a period of a week, and a day.
const LOOK_BACK: TimeDelta = TimeDelta::days(8);
/// How many digests of a subscription are kept.
const KEPT: i32 = 400;

/// A subscription to be made.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) member_id: String,
    pub(crate) scope: DigestScope,
    pub(crate) schedule: DigestSchedule,
    pub(crate) key: RequestKey,
}

/// A subscription to be ended.
#[derive(Debug)]
pub(crate) struct Delete {
    pub(crate) digest_subscription_id: Uuid,
    pub(crate) key: RequestKey,
}

/// Subscribes a member from now on.
pub(crate) async fn create(
    db: &Database,
    tenant: &TenantId,
    create: Create,
) -> Result<DigestSubscription, Error> {
    let Create {
        member_id,
        scope,
        schedule,
        key,
    } = create;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    if store::team::lock(&mut tx, &member_id).await?.is_none() {
        return Err(Error::NoMember(member_id));
    }
    if store::digest::count_of(&mut tx, &member_id).await? >= MOST_SUBSCRIPTIONS {
        return Err(Error::TooManySubscriptions(MOST_SUBSCRIPTIONS));
    }
    let now = tx.now();
    let subscription = DigestSubscription {
        digest_subscription_id: id,
        member_id,
        scope,
        digests: 0,
        period_start: now,
        next_at: schedule.next_after(now),
        schedule,
        created_at: now,
    };
    store::digest::insert(&mut tx, &subscription).await?;
    attune_timers::schedule(&mut tx, DIGEST, id, subscription.next_at).await?;
    tx.commit().await?;
    Ok(subscription)
}

async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<DigestSubscription, Error> {
    let mut tx = db.read(tenant).await?;
    let subscription = store::digest::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoSubscription(id))?;
    tx.commit().await?;
    Ok(subscription)
}

/// Ends a subscription. Its timer is not taken back, so that nobody waits for one that is firing: it finds nothing to do.
pub(crate) async fn delete(db: &Database, tenant: &TenantId, delete: Delete) -> Result<(), Error> {
    let Delete {
        digest_subscription_id: id,
        key,
    } = delete;
    let Write::Fresh(mut tx) = db.write(tenant, &key, id).await? else {
        return Ok(());
    };
    if !store::digest::remove(&mut tx, id).await? {
        return Err(Error::NoSubscription(id));
    }
    tx.commit().await?;
    Ok(())
}

/// Reads a page of subscriptions, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    member_id: Option<&str>,
    page: &Page<Uuid>,
) -> Result<(Vec<DigestSubscription>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let before = page.after().copied();
    let mut subscriptions = store::digest::page(&mut tx, member_id, before, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut subscriptions, |last| last.digest_subscription_id)?;
    Ok((subscriptions, next))
}

/// Reads a page of a subscription's digests, the newest first, and the token of the next.
pub(crate) async fn digests(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
    page: &Page<i32>,
) -> Result<(Vec<Digest>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::digest::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoSubscription(id))?;
    let mut digests = store::digest::list(&mut tx, id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut digests, |last| last.number)?;
    Ok((digests, next))
}

/// Composes the digest of a subscription whose timer came, records it, has it sent if it says anything, and sets the timer
/// for the next. Everything it is made of is here, so all of it happens in the transaction that removes the timer, and
/// notifications sends one letter a number, however often it hears of it.
pub(crate) async fn compose(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let Some(mut subscription) = store::digest::lock(tx, id).await? else {
        return Ok(());
    };
    let Some(member) = store::team::by_id(tx, &subscription.member_id).await? else {
        return Ok(());
    };
    let now = tx.now();
    let items = items(tx, &subscription, now).await?;
    let named = named(tx, &items).await?;
    let digest = subscription.compose(&member.display_name, items, &named, now);
    if let Some(letter) = &digest.letter {
        events::digest::composed(tx, &digest, letter, &member).await?;
    }
    store::digest::append(tx, &subscription, &digest, digest.number - KEPT).await?;
    if let Some(oldest) = store::digest::oldest_period(tx).await? {
        store::news::forget(tx, oldest - LOOK_BACK).await?;
    }
    attune_timers::schedule(tx, DIGEST, id, subscription.next_at).await?;
    Ok(())
}

/// What no digest of the subscription has held.
async fn items(
    tx: &mut Tx,
    subscription: &DigestSubscription,
    now: DateTime<Utc>,
) -> Result<Vec<DigestItem>, Error> {
    let since = (subscription.period_start - LOOK_BACK).max(subscription.created_at);
    let mut items = store::news::untold(tx, subscription, since, MOST_NEWS).await?;
    let since = (now - TOLD_WITHIN).max(subscription.created_at);
    let told = store::news::told(tx, subscription, since, MOST_TOLD).await?;
    items.extend(told.into_iter().map(|told| {
        let whom = if told.people == 1 {
            "customer was"
        } else {
            "customers were"
        };
        DigestItem {
            news_id: None,
            kind: NewsKind::PeopleTold,
            issue_id: told.issue_id,
            initiative_id: Some(told.initiative_id),
            iteration: told.iteration,
            people: told.people,
            sentence: format!(
                "{} {whom} told what \"{}\" changed for them.",
                grouped(told.people),
                told.title
            ),
            because: String::new(),
            happened_at: now,
        }
    }));
    Ok(items)
}

/// Who is thanked by name, by initiative.
async fn named(tx: &mut Tx, items: &[DigestItem]) -> Result<HashMap<Uuid, Vec<CreditedMember>>, Error> {
    let thanked = items.iter().filter(|item| item.kind == NewsKind::Recognised);
    let initiatives: Vec<Uuid> = thanked.filter_map(|item| item.initiative_id).collect();
    let mut named: HashMap<Uuid, Vec<CreditedMember>> = HashMap::new();
    if !initiatives.is_empty() {
        for (id, member) in store::recognition::credited(tx, &initiatives).await? {
            named.entry(id).or_default().push(member);
        }
    }
    Ok(named)
}
