//! Feedback.

mod insert;

use attune_database::Tx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::query_as;
use sqlx::types::Json;
use uuid::Uuid;

pub(crate) use insert::insert;

use crate::domain::{Draft, Feedback, Mention, Origin, Rating, Sentiment, Source, UNRECORDED, Understanding};

/// A row as it is read; the domain keeps together what the columns hold apart.
#[derive(Debug)]
struct Row {
    feedback_id: Uuid,
    profile_id: Option<Uuid>,
    interaction_id: Option<Uuid>,
    origin: String,
    channel: String,
    touchpoint: String,
    product: String,
    agent_id: String,
    team: Option<String>,
    stage: Option<String>,
    segments: Option<Vec<String>>,
    rating_scale: Option<String>,
    rating_score: Option<i16>,
    text: String,
    occurred_at: DateTime<Utc>,
    source_id: Option<String>,
    engine: Option<String>,
    language: Option<String>,
    sentiment_score: Option<f64>,
    sentiment: Option<String>,
    sentiment_probability: Option<f64>,
    topics: Json<Vec<Mention>>,
    taxonomy_version: Option<i64>,
    created_at: DateTime<Utc>,
}

impl From<Row> for Feedback {
    fn from(row: Row) -> Self {
        let understanding = row.engine.map(|engine| Understanding {
            engine,
            language: row.language,
            sentiment_score: row.sentiment_score.unwrap_or_default(),
            sentiment: row.sentiment.as_deref().and_then(Sentiment::stored),
            sentiment_probability: row.sentiment_probability.unwrap_or_default(),
            topics: row.topics.0,
        });
        let interaction = row.origin == Origin::Interaction.as_str();
        let sliced = row.stage.is_some();
        let draft = Draft {
            origin: if interaction {
                Origin::Interaction
            } else {
                Origin::Submitted
            },
            profile_id: row.profile_id,
            interaction_id: row.interaction_id,
            channel: row.channel,
            touchpoint: row.touchpoint,
            product: row.product,
            agent_id: row.agent_id,
            team: row.team.unwrap_or_default(),
            stage: row.stage.unwrap_or_default(),
            segments: row.segments,
            rating: Rating::stored(row.rating_scale.as_deref(), row.rating_score),
            text: row.text,
            occurred_at: row.occurred_at,
            source_id: row.source_id,
        };
        Self {
            feedback_id: row.feedback_id,
            draft,
            understanding,
            taxonomy_version: row.taxonomy_version.unwrap_or(UNRECORDED),
            sliced,
            created_at: row.created_at,
        }
    }
}

/// Which feedback a list holds; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Filter {
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) product: Option<String>,
    pub(crate) topic_id: Option<String>,
}

/// Where a page of feedback ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) feedback_id: Uuid,
}

/// The feedback with these ids, the one said last first.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Feedback>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT feedback_id, profile_id, interaction_id, origin, channel, touchpoint, product, agent_id, team, stage,
                  segments, rating_scale, rating_score, text, occurred_at, source_id, engine, language, sentiment_score,
                  sentiment, sentiment_probability, topics AS "topics: _", taxonomy_version, created_at
           FROM feedback.feedback
           WHERE tenant_id = $1 AND feedback_id = ANY($2)
           ORDER BY occurred_at DESC, feedback_id DESC"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Feedback::from).collect())
}

/// The first thing that a person said between two instants and that tells how they feel: a rating, or a text that was
/// judged negative or positive.
pub(crate) async fn telling(
    tx: &mut Tx,
    profile_id: Uuid,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Feedback>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let first = sqlx::query_scalar!(
        "SELECT feedback_id FROM feedback.feedback
         WHERE tenant_id = $1 AND profile_id = $2 AND occurred_at > $3 AND occurred_at <= $4
           AND (rating_scale IS NOT NULL OR sentiment IN ('negative', 'positive'))
         ORDER BY occurred_at, feedback_id LIMIT 1",
        tenant,
        profile_id,
        after,
        until
    )
    .fetch_optional(&mut **tx)
    .await?;
    let found = by_ids(tx, first.as_slice()).await?;
    Ok(found.into_iter().next())
}

/// The places of at most `limit` pieces of feedback before `before`, the one said last first.
pub(crate) async fn page(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Place>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let (at, id) = (
        before.map(|place| place.occurred_at),
        before.map(|place| place.feedback_id),
    );
    if let Some(topic_id) = &filter.topic_id {
        return query_as!(
            Place,
            "SELECT occurred_at, feedback_id FROM feedback.topic_mention
             WHERE tenant_id = $1 AND topic_id = $2
               AND ($3::uuid IS NULL OR profile_id = $3) AND ($4::text IS NULL OR product = $4)
               AND ($5::timestamptz IS NULL OR (occurred_at, feedback_id) < ($5, $6::uuid))
             ORDER BY occurred_at DESC, feedback_id DESC LIMIT $7",
            tenant,
            topic_id,
            filter.profile_id,
            filter.product.as_deref(),
            at,
            id,
            limit
        )
        .fetch_all(&mut **tx)
        .await;
    }
    query_as!(
        Place,
        "SELECT occurred_at, feedback_id FROM feedback.feedback
         WHERE tenant_id = $1
           AND ($2::uuid IS NULL OR profile_id = $2) AND ($3::text IS NULL OR product = $3)
           AND ($4::timestamptz IS NULL OR (occurred_at, feedback_id) < ($4, $5::uuid))
         ORDER BY occurred_at DESC, feedback_id DESC LIMIT $6",
        tenant,
        filter.profile_id,
        filter.product.as_deref(),
        at,
        id,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Which feedback is known by these sources.
pub(crate) async fn by_sources(tx: &mut Tx, sources: &[Source]) -> Result<Vec<(Source, Uuid)>, sqlx::Error> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let (mut channels, mut source_ids, mut interactions) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        match source {
            Source::External { channel, source_id } => {
                channels.push(channel.clone());
                source_ids.push(source_id.clone());
            }
            Source::Interaction(id) => interactions.push(*id),
        }
    }
    let tenant = tx.tenant().as_str().to_owned();
    let external = sqlx::query!(
        r#"SELECT f.feedback_id, f.channel, f.source_id AS "source_id!"
           FROM unnest($2::text[], $3::text[]) AS asked (channel, source_id)
           JOIN feedback.feedback f
             ON f.tenant_id = $1 AND f.channel = asked.channel AND f.source_id = asked.source_id"#,
        tenant,
        &channels,
        &source_ids
    )
    .fetch_all(&mut **tx)
    .await?;
    let said = sqlx::query!(
        r#"SELECT feedback_id, interaction_id AS "interaction_id!" FROM feedback.feedback
           WHERE tenant_id = $1 AND origin = 'interaction' AND interaction_id = ANY($2)"#,
        tenant,
        &interactions
    )
    .fetch_all(&mut **tx)
    .await?;
    let external = external.into_iter().map(|row| {
        (
            Source::External {
                channel: row.channel,
                source_id: row.source_id,
            },
            row.feedback_id,
        )
    });
    let said = said
        .into_iter()
        .map(|row| (Source::Interaction(row.interaction_id), row.feedback_id));
    Ok(external.chain(said).collect())
}
