//! What employees report: taking it in sealed, and releasing it in groups.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use attune_text::redact;
use aws_lc_rs::rand;
use chrono::{Days, NaiveTime};
use sqlx::types::Json;
use uuid::Uuid;

use super::feedback::understand;
use crate::analysis::Reader;
use crate::domain::employee::{
    GroupedReport, PATIENCE_DAYS, Pseudonym, Report, ReportGroup, ReportKind, main_topic, summary,
};
use crate::domain::{Draft, Origin};
use crate::error::Error;
use crate::{events, store, timers};

/// A report to be taken in.
pub(crate) struct Submit {
    pub(crate) kind: ReportKind,
    pub(crate) text: String,
    pub(crate) team: String,
    pub(crate) employee_id: String,
    pub(crate) key: RequestKey,
}

/// An agreement to be noted.
pub(crate) struct Agree {
    pub(crate) report_group_id: Uuid,
    pub(crate) employee_id: String,
    pub(crate) key: RequestKey,
}

/// Takes in a report. What the request's row remembers names neither the report nor the employee.
pub(crate) async fn submit(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: Submit,
) -> Result<(), Error> {
    let Submit {
        kind,
        text,
        team,
        employee_id,
        key,
    } = submit;
    let text = redact(&text);
    let topic_id = topic_of(db, reader, tenant, &text).await?;
    let Write::Fresh(mut tx) = db.write(tenant, &key, Uuid::nil()).await? else {
        return Ok(());
    };
    let report = Report {
        // Random, because a time-ordered id says when its report came.
        employee_report_id: Uuid::new_v4(),
        topic_id,
        kind,
        text,
        team,
        reporter: pseudonym(&mut tx, &employee_id).await?,
        received_on: tx.now().date_naive(),
    };
    store::employee::insert(&mut tx, &report).await?;
    schedule(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// Notes that an employee agrees with a group.
pub(crate) async fn agree(db: &Database, tenant: &TenantId, agree: Agree) -> Result<(), Error> {
    let Agree {
        report_group_id,
        employee_id,
        key,
    } = agree;
    let Write::Fresh(mut tx) = db.write(tenant, &key, Uuid::nil()).await? else {
        return Ok(());
    };
    if !store::employee::group_exists(&mut tx, report_group_id).await? {
        return Err(Error::NoReportGroup(report_group_id));
    }
    let (employee, today) = (pseudonym(&mut tx, &employee_id).await?, tx.now().date_naive());
    store::employee::agree(&mut tx, report_group_id, employee, today).await?;
    schedule(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// Releases what enough employees reported on the days that are over, and forgets what waited too long.
pub(crate) async fn release(tx: &mut Tx) -> Result<(), Error> {
    let today = tx.now().date_naive();
    let midnight = today.and_time(NaiveTime::MIN).and_utc();
    store::employee::count_agreements(tx, today).await?;
    for topic_id in store::employee::waiting_topics(tx, today).await? {
        let (ids, reports) = store::employee::waiting(tx, &topic_id, today).await?;
        let Some((reporters, teams)) = summary(&reports) else {
            continue;
        };
        let group = ReportGroup {
            report_group_id: Uuid::now_v7(),
            topic_id,
            reporters,
            teams: Json(teams),
            agreements: 0,
            released_at: midnight,
        };
        store::employee::release(tx, &group, &ids).await?;
        events::employee::released(tx, &group).await?;
    }
    let oldest = today.checked_sub_days(Days::new(PATIENCE_DAYS)).unwrap_or(today);
    if store::employee::forget(tx, oldest).await? {
        schedule(tx).await?;
    }
    Ok(())
}

/// Sets the next release: the coming midnight UTC.
async fn schedule(tx: &mut Tx) -> Result<(), Error> {
    let today = tx.now().date_naive();
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let midnight = tomorrow.and_time(NaiveTime::MIN).and_utc();
    Ok(timers::employee::schedule(tx, midnight).await?)
}

async fn pseudonym(tx: &mut Tx, employee_id: &str) -> Result<Pseudonym, Error> {
    let mut fresh = [0; 32];
    rand::fill(&mut fresh).map_err(|_| attune_rpc::Error::internal("the system gives no random bytes"))?;
    let secret = store::employee::secret(tx, &fresh).await?;
    Ok(Pseudonym::of(&secret, employee_id))
}

/// The topic that a text speaks of most clearly. It is read as any feedback and recorded nowhere.
async fn topic_of(db: &Database, reader: &Reader, tenant: &TenantId, text: &str) -> Result<String, Error> {
    let draft = Draft {
        origin: Origin::Submitted,
        profile_id: None,
        interaction_id: None,
        channel: String::new(),
        touchpoint: String::new(),
        product: String::new(),
        agent_id: String::new(),
        team: String::new(),
        stage: String::new(),
        segments: None,
        rating: None,
        text: text.to_owned(),
        occurred_at: db.clock().now(),
        source_id: None,
    };
    let understood = understand(db, reader, tenant, vec![draft]).await?;
    Ok(main_topic(
        understood
            .first()
            .and_then(|understood| understood.understanding.as_ref()),
    ))
}

/// Reads a page of groups, newest first, and the token of the next.
pub(crate) async fn groups(
    db: &Database,
    tenant: &TenantId,
    topic_id: Option<&str>,
    page: &Page<Uuid>,
) -> Result<(Vec<ReportGroup>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut groups = store::employee::groups(&mut tx, topic_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut groups, |group| group.report_group_id)?;
    Ok((groups, next))
}

/// Reads a page of a group's reports, and the token of the next.
pub(crate) async fn reports(
    db: &Database,
    tenant: &TenantId,
    report_group_id: Uuid,
    page: &Page<Uuid>,
) -> Result<(Vec<GroupedReport>, String), Error> {
    let mut tx = db.read(tenant).await?;
    if !store::employee::group_exists(&mut tx, report_group_id).await? {
        return Err(Error::NoReportGroup(report_group_id));
    }
    let mut reports =
        store::employee::reports(&mut tx, report_group_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut reports, |report| report.employee_report_id)?;
    Ok((reports, next))
}
