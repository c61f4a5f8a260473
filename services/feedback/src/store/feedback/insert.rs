//! New feedback, column by column.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query_scalar;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Draft, Feedback, Mention, Rating, Sentiment, Understanding};

/// The columns of some feedback, in its order.
#[derive(Debug, Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    profiles: Vec<Option<Uuid>>,
    interactions: Vec<Option<Uuid>>,
    origins: Vec<&'a str>,
    channels: Vec<&'a str>,
    touchpoints: Vec<&'a str>,
    products: Vec<&'a str>,
    agents: Vec<&'a str>,
    teams: Vec<Option<&'a str>>,
    stages: Vec<Option<&'a str>>,
    segments: Vec<Option<Json<&'a [String]>>>,
    scales: Vec<Option<&'a str>>,
    scores: Vec<Option<i16>>,
    texts: Vec<&'a str>,
    moments: Vec<DateTime<Utc>>,
    sources: Vec<Option<&'a str>>,
    engines: Vec<Option<&'a str>>,
    languages: Vec<Option<&'a str>>,
    feelings: Vec<Option<f64>>,
    classes: Vec<Option<&'a str>>,
    certainties: Vec<Option<f64>>,
    topics: Vec<Json<&'a [Mention]>>,
    versions: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(feedback: &[&'a Feedback]) -> Self {
        let mut columns = Self::default();
        for Feedback {
            feedback_id,
            draft,
            understanding,
            taxonomy_version,
            sliced,
            created_at: _,
        } in feedback
        {
            columns.ids.push(*feedback_id);
            columns.versions.push(*taxonomy_version);
            columns.push_draft(draft);
            columns.teams.push(sliced.then_some(&draft.team));
            columns.stages.push(sliced.then_some(&draft.stage));
            columns.push_understanding(understanding.as_ref());
        }
        columns
    }

    fn push_draft(&mut self, draft: &'a Draft) {
        self.profiles.push(draft.profile_id);
        self.interactions.push(draft.interaction_id);
        self.origins.push(draft.origin.as_str());
        self.channels.push(&draft.channel);
        self.touchpoints.push(&draft.touchpoint);
        self.products.push(&draft.product);
        self.agents.push(&draft.agent_id);
        self.segments.push(draft.segments.as_deref().map(Json));
        self.scales.push(draft.rating.map(Rating::scale_name));
        self.scores.push(draft.rating.map(Rating::score));
        self.texts.push(&draft.text);
        self.moments.push(draft.occurred_at);
        self.sources.push(draft.source_id.as_deref());
    }

    fn push_understanding(&mut self, understood: Option<&'a Understanding>) {
        self.engines
            .push(understood.map(|understood| understood.engine.as_str()));
        self.languages
            .push(understood.and_then(|understood| understood.language.as_deref()));
        self.feelings
            .push(understood.map(|understood| understood.sentiment_score));
        self.classes.push(
            understood
                .and_then(|understood| understood.sentiment)
                .map(Sentiment::as_str),
        );
        self.certainties
            .push(understood.map(|understood| understood.sentiment_probability));
        self.topics.push(Json(
            understood.map_or(&[][..], |understood| understood.topics.as_slice()),
        ));
    }
}

/// Stores new feedback and answers the ids of what was stored: what is known by its source already is left out.
/// Waits for a concurrent transaction that stores the same. Rows are written in the order of their sources, so
/// that two transactions with the same ones never wait for each other.
pub(crate) async fn insert(tx: &mut Tx, feedback: &[Feedback]) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut ordered: Vec<&Feedback> = feedback.iter().collect();
    ordered.sort_by_cached_key(|item| item.draft.source());
    let new = Columns::of(&ordered);
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    query_scalar!(
        "INSERT INTO feedback.feedback (tenant_id, created_at, feedback_id, profile_id, interaction_id, origin,
             channel, touchpoint, product, agent_id, rating_scale, rating_score, text, occurred_at, source_id,
             engine, language, sentiment_score, sentiment, sentiment_probability, topics,
             taxonomy_version, team, stage, segments)
         SELECT $1, $2, feedback_id, profile_id, interaction_id, origin, channel, touchpoint, product, agent_id,
             rating_scale, rating_score, text, occurred_at, source_id, engine, language, sentiment_score,
             sentiment, sentiment_probability, topics, taxonomy_version, team, stage,
             CASE WHEN segments IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(segments)) END
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
                     $10::text[], $11::text[], $12::smallint[], $13::text[], $14::timestamptz[], $15::text[],
                     $16::text[], $17::text[], $18::float8[], $19::text[], $20::float8[], $21::jsonb[],
                     $22::bigint[], $23::text[], $24::text[], $25::jsonb[])
             WITH ORDINALITY AS new (feedback_id, profile_id, interaction_id, origin, channel, touchpoint,
                 product, agent_id, rating_scale, rating_score, text, occurred_at, source_id, engine, language,
                 sentiment_score, sentiment, sentiment_probability, topics, taxonomy_version, team, stage,
                 segments, place)
         ORDER BY place
         ON CONFLICT DO NOTHING
         RETURNING feedback_id",
        tenant,
        now,
        &new.ids,
        &new.profiles as &[Option<Uuid>],
        &new.interactions as &[Option<Uuid>],
        &new.origins as &[&str],
        &new.channels as &[&str],
        &new.touchpoints as &[&str],
        &new.products as &[&str],
        &new.agents as &[&str],
        &new.scales as &[Option<&str>],
        &new.scores as &[Option<i16>],
        &new.texts as &[&str],
        &new.moments,
        &new.sources as &[Option<&str>],
        &new.engines as &[Option<&str>],
        &new.languages as &[Option<&str>],
        &new.feelings as &[Option<f64>],
        &new.classes as &[Option<&str>],
        &new.certainties as &[Option<f64>],
        &new.topics as &[Json<&[Mention]>],
        &new.versions,
        &new.teams as &[Option<&str>],
        &new.stages as &[Option<&str>],
        &new.segments as &[Option<Json<&[String]>>]
    )
    .fetch_all(&mut **tx)
    .await
}
