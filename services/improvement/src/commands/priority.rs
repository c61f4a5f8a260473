//! Computing how urgent issues are.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Issue, LookBack, Priority, Ruling, SeverityAssessment};
use crate::error::Error;
use crate::{events, store};

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

/// What an issue was found to be at a moment.
#[derive(Debug)]
pub(crate) struct Assessed {
    pub(crate) priority: Priority,
    /// `None` where the severity is recorded as it is.
    severity: Option<SeverityAssessment>,
}

/// The priority and severity of an issue at this moment, which are set on it with how much was said of it since its cohort
/// was fixed; [`record`] stores all of it and what explains the first two.
pub(crate) async fn assess(tx: &mut Tx, issue: &mut Issue) -> Result<Assessed, Error> {
    let facts = store::priority::facts(tx, issue).await?;
    let now = tx.now();
    let priority = Priority::of(issue, &facts, now);
    issue.priority = priority.value;
    issue.later = Some(Json(facts.later));
    let ruling = Ruling::of(issue, facts.mentions);
    let severity = issue.rule_severity(Uuid::now_v7(), ruling, now);
    Ok(Assessed { priority, severity })
}

/// Stores what an issue that is stored was found to be, and sees to it that it is looked at again.
pub(crate) async fn record(tx: &mut Tx, issue: &Issue, assessed: &Assessed) -> Result<(), Error> {
    keep(tx, issue, assessed).await?;
    look_at_midnight(tx).await
}

async fn keep(tx: &mut Tx, issue: &Issue, assessed: &Assessed) -> Result<(), sqlx::Error> {
    store::priority::record(tx, issue, &assessed.priority).await?;
    if let Some(severity) = &assessed.severity {
        store::severity::record(tx, severity).await?;
    }
    Ok(())
}

/// Computes and stores the priority and severity of an issue that is stored, after what they rest on has changed. One that is
/// over keeps the records of what it was. An event may be told about it: the issue is to be stored after this.
pub(crate) async fn refresh(tx: &mut Tx, issue: &mut Issue) -> Result<(), Error> {
    if issue.state.is_in_flight() {
        reassess(tx, issue).await?;
        look_at_midnight(tx).await?;
    }
    Ok(())
}

/// Computes and stores what an issue is now, and tells of another severity than before; answers whether it did. What an issue
/// opens with is told by its opening.
async fn reassess(tx: &mut Tx, issue: &mut Issue) -> Result<bool, Error> {
    let before = issue.severity;
    let assessed = assess(tx, issue).await?;
    keep(tx, issue, &assessed).await?;
    match assessed.severity {
        Some(severity) if severity.severity != before && issue.events > 0 => {
            events::issue_severity_assessed(tx, issue, &severity).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// An issue with why it has its priority. Where no record was made yet, it is computed and not stored.
pub(crate) async fn explain(db: &Database, tenant: &TenantId, id: Uuid) -> Result<(Issue, Priority), Error> {
    let mut tx = db.read(tenant).await?;
    let mut issue = store::issue::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoIssue(id))?;
    let priority = match store::priority::of(&mut tx, id).await? {
        Some(priority) => priority,
        None if issue.state.is_in_flight() => assess(&mut tx, &mut issue).await?.priority,
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
        if reassess(tx, issue).await? {
            store::issue::update(tx, issue).await?;
        }
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
