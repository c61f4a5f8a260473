//! Computing how urgent issues are.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Issue, LookBack, Priority};
use crate::error::Error;
use crate::store;

/// The kind of the timer at which a tenant's priorities are looked at.
pub(crate) const PRIORITY: &str = "improvement.priority";
/// A tenant has one timer of this kind; it is about nothing smaller.
const SUBJECT: Uuid = Uuid::nil();
/// Issues looked at in one transaction.
const AT_ONCE: i64 = 200;
/// After what time issues are looked at again that somebody else was changing.
const HELD: TimeDelta = TimeDelta::minutes(1);

/// Sets the tenant's next look to the coming midnight UTC, unless one is ahead.
pub(crate) async fn look_at_midnight(tx: &mut Tx) -> Result<(), Error> {
    let at = midnight_after(tx.now());
    attune_timers::schedule_if_none(tx, PRIORITY, SUBJECT, at).await?;
    Ok(())
}

/// Has all issues looked at as soon as this transaction is over: what all their priorities rest on has changed.
pub(crate) async fn look_now(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    Ok(attune_timers::schedule(tx, PRIORITY, SUBJECT, now).await?)
}

/// The priority of an issue at this moment, which is set on it with how much was said of it since its cohort was fixed;
/// [`record`] stores both and what explains the first.
pub(crate) async fn assess(tx: &mut Tx, issue: &mut Issue) -> Result<Priority, Error> {
    let facts = store::priority::facts(tx, issue).await?;
    let priority = Priority::of(issue, &facts, tx.now());
    issue.priority = priority.value;
    issue.later = Some(Json(facts.later));
    Ok(priority)
}

/// Stores the priority of an issue that is stored, and sees to it that it is looked at again.
pub(crate) async fn record(tx: &mut Tx, issue: &Issue, priority: &Priority) -> Result<(), Error> {
    store::priority::record(tx, issue, priority).await?;
    look_at_midnight(tx).await
}

/// Computes and stores the priority of an issue that is stored, after what it rests on has changed. One that is over keeps
/// the record of what it was.
pub(crate) async fn refresh(tx: &mut Tx, issue: &mut Issue) -> Result<(), Error> {
    if issue.state.is_in_flight() {
        let priority = assess(tx, issue).await?;
        record(tx, issue, &priority).await?;
    }
    Ok(())
}

/// An issue with why it has its priority. Where no record was made yet, it is computed and not stored.
pub(crate) async fn explain(db: &Database, tenant: &TenantId, id: Uuid) -> Result<(Issue, Priority), Error> {
    let mut tx = db.read(tenant).await?;
    let mut issue = store::issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoIssue(id))?;
    let priority = match store::priority::of(&mut tx, id).await? {
        Some(priority) => priority,
        None if issue.state.is_in_flight() => assess(&mut tx, &mut issue).await?,
        None => {
            let facts = store::priority::facts(&mut tx, &issue).await?;
            Priority::of(&issue, &facts, tx.now())
        }
    };
    tx.commit().await?;
    Ok((issue, priority))
}

/// Looks at the issues in flight whose priority is of yesterday or rests on other worth parameters, forgets what was said
/// too long ago, and sets the next look. Issues that somebody else is changing are left for a minute later, so that nobody
/// waits for anybody in a circle.
pub(crate) async fn look(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let today = now.date_naive();
    let midnight = today.and_time(NaiveTime::MIN).and_utc();
    let parameters = store::worth::parameters(tx, None).await?;
    let parameters = parameters.map_or(0, |parameters| parameters.version);
    let mut issues = store::issue::lock_stale(tx, midnight, parameters, AT_ONCE).await?;
    for issue in &mut issues {
        let priority = assess(tx, issue).await?;
        store::priority::record(tx, issue, &priority).await?;
    }
    let heard = store::mention::forget(tx, LookBack::from(today).felt).await?;
    let (in_flight, stale) = store::priority::in_flight(tx, midnight, parameters).await?;
    let full = i64::try_from(issues.len()).is_ok_and(|looked_at| looked_at == AT_ONCE);
    let next = match (stale > 0, full) {
        (true, true) => Some(now),
        (true, false) => Some(now + HELD),
        (false, _) => (in_flight > 0 || heard).then(|| midnight_after(now)),
    };
    if let Some(next) = next {
        attune_timers::schedule(tx, PRIORITY, SUBJECT, next).await?;
    }
    Ok(())
}

fn midnight_after(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    tomorrow.and_time(NaiveTime::MIN).and_utc()
}
