//! Own ratings, and the answers they are set beside.

use attune_database::Tx;
use attune_stats::metric::AnswerScale;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{OwnRating, OwnRatingDraft, Perception, Rating, Spans, Subject};

/// Which own ratings a list holds; empty texts do not restrict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Filter {
    pub(crate) touchpoint: String,
    pub(crate) agent_id: String,
}

/// Where a page of own ratings ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) assessed_at: DateTime<Utc>,
    pub(crate) own_rating_id: Uuid,
}

/// How many ratings of a subject have a score.
#[derive(Clone, Debug)]
pub(crate) struct SubjectCount {
    pub(crate) subject: String,
    pub(crate) score: i16,
    pub(crate) ratings: i64,
}

#[derive(Debug)]
struct Row {
    own_rating_id: Uuid,
    touchpoint: String,
    agent_id: String,
    scale: String,
    score: i16,
    assessor_id: String,
    assessed_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl Row {
    /// None where the columns hold no rating, which the table's checks exclude.
    fn own_rating(self) -> Option<OwnRating> {
        let rating = Rating::stored(Some(&self.scale), Some(self.score))?;
        Some(OwnRating {
            own_rating_id: self.own_rating_id,
            draft: OwnRatingDraft {
                touchpoint: self.touchpoint,
                agent_id: self.agent_id,
                rating,
                assessor_id: self.assessor_id,
                assessed_at: self.assessed_at,
            },
            created_at: self.created_at,
        })
    }
}

impl Subject {
    fn column(self) -> &'static str {
        match self {
            Self::Touchpoint => "touchpoint",
            Self::Agent => "agent_id",
        }
    }
}

pub(crate) async fn insert(tx: &mut Tx, id: Uuid, draft: &OwnRatingDraft) -> Result<(), sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query!(
        "INSERT INTO feedback.own_rating
             (tenant_id, own_rating_id, touchpoint, agent_id, scale, score, assessor_id, assessed_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant,
        id,
        draft.touchpoint,
        draft.agent_id,
        draft.rating.scale_name(),
        draft.rating.score(),
        draft.assessor_id,
        draft.assessed_at,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<OwnRating>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = query_as!(
        Row,
        "SELECT own_rating_id, touchpoint, agent_id, scale, score, assessor_id, assessed_at, created_at
         FROM feedback.own_rating WHERE tenant_id = $1 AND own_rating_id = $2",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(Row::own_rating))
}

/// At most `limit` own ratings before `before`, the one given last first.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<OwnRating>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (at, id) = (
        before.map(|place| place.assessed_at),
        before.map(|place| place.own_rating_id),
    );
    let rows = query_as!(
        Row,
        "SELECT own_rating_id, touchpoint, agent_id, scale, score, assessor_id, assessed_at, created_at
         FROM feedback.own_rating
         WHERE tenant_id = $1 AND ($2 = '' OR touchpoint = $2) AND ($3 = '' OR agent_id = $3)
           AND ($4::timestamptz IS NULL OR (assessed_at, own_rating_id) < ($4, $5::uuid))
         ORDER BY assessed_at DESC, own_rating_id DESC
         LIMIT $6",
        tenant,
        filter.touchpoint,
        filter.agent_id,
        at,
        id,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().filter_map(Row::own_rating).collect())
}

/// At most `limit` names after `after` of touchpoints or agents with own ratings in the window.
pub(crate) async fn subjects(
    tx: &mut Tx,
    question: Perception,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Perception {
        scale,
        subject,
        window,
    } = question;
    query_scalar!(
        r#"SELECT DISTINCT subject AS "subject!" FROM (
               SELECT CASE $2 WHEN 'agent_id' THEN agent_id ELSE touchpoint END COLLATE "C" AS subject
               FROM feedback.own_rating
               WHERE tenant_id = $1 AND scale = $3 AND assessed_at >= $4 AND assessed_at < $5) own
           WHERE subject <> '' AND subject > $6
           ORDER BY 1
           LIMIT $7"#,
        tenant,
        subject.column(),
        scale.metric().as_str(),
        window.start,
        window.end,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// The own ratings of `subjects`.
pub(crate) async fn own(
    tx: &mut Tx,
    question: Perception,
    subjects: &[String],
) -> Result<Vec<SubjectCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Perception {
        scale,
        subject,
        window,
    } = question;
    query_as!(
        SubjectCount,
        r#"SELECT subject AS "subject!", score, count(*) AS "ratings!"
           FROM (SELECT CASE $2 WHEN 'agent_id' THEN agent_id ELSE touchpoint END AS subject, score
                 FROM feedback.own_rating
                 WHERE tenant_id = $1 AND scale = $3 AND assessed_at >= $4 AND assessed_at < $5) own
           WHERE subject = ANY($6)
           GROUP BY subject, score"#,
        tenant,
        subject.column(),
        scale.metric().as_str(),
        window.start,
        window.end,
        subjects
    )
    .fetch_all(&mut **tx)
    .await
}

/// The customers' answers about `touchpoints`, from the counts.
pub(crate) async fn of_touchpoints(
    tx: &mut Tx,
    scale: AnswerScale,
    spans: Spans,
    touchpoints: &[String],
) -> Result<Vec<SubjectCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        SubjectCount,
        r#"SELECT touchpoint AS subject, score, sum(answers)::bigint AS "ratings!"
           FROM feedback.rating_count
           WHERE tenant_id = $1 AND topic_id = '' AND scale = $2 AND touchpoint = ANY($7)
             AND ((grain = 'day' AND start >= $3 AND start < $4)
                  OR (grain = 'hour' AND start >= $5 AND start < $3)
                  OR (grain = 'hour' AND start >= $4 AND start < $6))
           GROUP BY touchpoint, score"#,
        tenant,
        scale.metric().as_str(),
        spans.days_start,
        spans.days_end,
        spans.start,
        spans.end,
        touchpoints
    )
    .fetch_all(&mut **tx)
    .await
}

/// The customers' answers about `agents`.
pub(crate) async fn of_agents(
    tx: &mut Tx,
    question: Perception,
    agents: &[String],
) -> Result<Vec<SubjectCount>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Perception {
        scale,
        subject: _,
        window,
    } = question;
    query_as!(
        SubjectCount,
        r#"SELECT agent_id AS subject, rating_score AS "score!", count(*) AS "ratings!"
           FROM feedback.feedback
           WHERE tenant_id = $1 AND agent_id <> '' AND agent_id = ANY($2) AND rating_scale IS NOT NULL
             AND rating_scale = $3 AND occurred_at >= $4 AND occurred_at < $5
             AND origin IN ('submitted', 'interaction')
           GROUP BY agent_id, rating_score"#,
        tenant,
        agents,
        scale.metric().as_str(),
        window.start,
        window.end
    )
    .fetch_all(&mut **tx)
    .await
}
