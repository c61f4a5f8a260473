//! Own ratings, and the gap between them and the customers' answers.

use std::collections::BTreeMap;

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use attune_stats::comparison::{Counts, Difference, difference};
use attune_stats::metric::{Answer, AnswerScale, ConfidenceLevel, Histogram, Outcome};
use uuid::Uuid;

use super::metric::{Value, natural};
use crate::domain::{Measure, OwnRating, OwnRatingDraft, Perception, Slice, Step, Subject};
use crate::error::Error;
use crate::store;
use crate::store::perception::{Filter, Place, SubjectCount};

/// An own rating to be recorded.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) draft: OwnRatingDraft,
    pub(crate) key: RequestKey,
}

/// How the company and its customers see one thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gap {
    pub(crate) subject: String,
    pub(crate) own: Value,
    pub(crate) customers: Value,
    /// Own less customers', or the reason why there is none.
    pub(crate) gap: Result<Difference, String>,
}

/// Records an own rating, once a request.
pub(crate) async fn record(db: &Database, tenant: &TenantId, record: Record) -> Result<OwnRating, Error> {
    let Record { draft, key } = record;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    store::perception::insert(&mut tx, id, &draft).await?;
    let stored = store::perception::by_id(&mut tx, id).await?;
    tx.commit().await?;
    stored.ok_or(Error::NoOwnRating(id))
}

async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<OwnRating, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::perception::by_id(&mut tx, id).await?;
    tx.commit().await?;
    found.ok_or(Error::NoOwnRating(id))
}

/// Reads a page of own ratings, the one given last first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    filter: &Filter,
    page: &Page<Place>,
) -> Result<(Vec<OwnRating>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut ratings = store::perception::page(&mut tx, filter, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut ratings, |rating| Place {
        assessed_at: rating.draft.assessed_at,
        own_rating_id: rating.own_rating_id,
    })?;
    Ok((ratings, next))
}

/// Reads a page of perception gaps by the name of what they are about, and the token of the next.
pub(crate) async fn gaps(
    db: &Database,
    tenant: &TenantId,
    question: Perception,
    page: &Page<String>,
) -> Result<(Vec<Gap>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let after = page.after().map_or("", String::as_str);
    let mut subjects = store::perception::subjects(&mut tx, question, after, page.limit()).await?;
    let next = page.next(&mut subjects, Clone::clone)?;
    let own = store::perception::own(&mut tx, question, &subjects).await?;
    let customers = answers(&mut tx, question, &subjects).await?;
    tx.commit().await?;
    let mut own = histograms(question.scale, own)?;
    let mut customers = histograms(question.scale, customers)?;
    let gap = |subject: String| {
        let counted = |by: &mut BTreeMap<String, Histogram>| {
            by.remove(&subject)
                .unwrap_or_else(|| Histogram::new(question.scale))
        };
        let (own, customers) = (counted(&mut own), counted(&mut customers));
        gap_of(subject, own, customers, question)
    };
    let gaps = subjects.into_iter().map(gap).collect::<Result<_, _>>()?;
    Ok((gaps, next))
}

async fn answers(
    tx: &mut Tx,
    question: Perception,
    subjects: &[String],
) -> Result<Vec<SubjectCount>, sqlx::Error> {
    match question.subject {
        Subject::Agent => store::perception::of_agents(tx, question, subjects).await,
        Subject::Touchpoint => {
            let measure = Measure {
                metric: question.scale.metric(),
                slice: Slice::default(),
                window: question.window,
                step: Step::Whole,
            };
            store::perception::of_touchpoints(tx, question.scale, measure.spans(), subjects).await
        }
    }
}

fn histograms(scale: AnswerScale, rows: Vec<SubjectCount>) -> Result<BTreeMap<String, Histogram>, Error> {
    let mut histograms = BTreeMap::new();
    for row in rows {
        let histogram = histograms
            .entry(row.subject)
            .or_insert_with(|| Histogram::new(scale));
        histogram.add_many(Answer::parse(scale, i64::from(row.score))?, natural(row.ratings))?;
    }
    Ok(histograms)
}

fn gap_of(subject: String, own: Histogram, customers: Histogram, question: Perception) -> Result<Gap, Error> {
    let level = ConfidenceLevel::P95;
    let own_outcome = own.outcome_from(Perception::LEAST_OWN, level);
    let outcome = customers.outcome(level);
    let (own, customers) = (Counts::Answers(own), Counts::Answers(customers));
    let gap = match (&own_outcome, &outcome) {
        (Outcome::Suppressed { reason, .. }, _) => Err(format!("own ratings: {reason}")),
        (_, Outcome::Suppressed { reason, .. }) => Err(format!("customers' answers: {reason}")),
        (Outcome::Known(_), Outcome::Known(_)) => Ok(difference(&own, &customers, level)?),
    };
    let value = |counts: &Counts, outcome| Value {
        window: question.window,
        count: counts.successes().unwrap_or_default(),
        pending: 0,
        unsliced: 0,
        answers: None,
        outcome,
    };
    Ok(Gap {
        subject,
        own: value(&own, own_outcome),
        customers: value(&customers, outcome),
        gap,
    })
}
