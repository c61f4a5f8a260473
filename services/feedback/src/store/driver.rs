//! Answers with what is on record about them.

use std::time::Duration;

use attune_database::Tx;
use attune_stats::driver::{Answered, Attribute, Dimension};
use sqlx::query_as;

use crate::domain::{Drivers, Slice};

#[derive(Debug)]
struct Row {
    score: i16,
    topics: Vec<String>,
    touchpoint: String,
    agent_id: String,
    channel: String,
    product: String,
    waited_ms: Option<i64>,
}

impl Row {
    /// All but the topic that the whole slice is about.
    fn answered(self, slice: &Slice) -> Answered {
        let attribute = |dimension, value| Attribute { dimension, value };
        let mut attributes: Vec<Attribute> = self
            .topics
            .into_iter()
            .filter(|topic| *topic != slice.topic_id)
            .map(|topic| attribute(Dimension::Topic, topic))
            .collect();
        attributes.extend([
            attribute(Dimension::Touchpoint, self.touchpoint),
            attribute(Dimension::Agent, self.agent_id),
            attribute(Dimension::Channel, self.channel),
            attribute(Dimension::Product, self.product),
        ]);
        let waited = self.waited_ms.and_then(|waited| u64::try_from(waited).ok());
        Answered {
            score: i64::from(self.score),
            attributes,
            waited: waited.map(Duration::from_millis),
        }
    }
}

/// The customers' answers to a question about drivers, those whose id hashes below `share` of all ids: for the same
/// answers the same ones. At most `limit`.
///
/// How long the customer waited is what the channel says of the interaction that the answer is about, or else the time
/// until an agent's first reply in the same matter; one that came after the answer cannot have moved it.
pub(crate) async fn answers(
    tx: &mut Tx,
    question: &Drivers,
    share: f64,
    limit: i64,
) -> Result<Vec<Answered>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let Drivers { scale, slice, window } = question;
    let (facet, value) = slice.facet_columns();
    // `uuid_hash` is a 32-bit number with a sign.
    let below = share * 4_294_967_296.0 - 2_147_483_648.0;
    let rows = query_as!(
        Row,
        r#"WITH drawn AS MATERIALIZED (
               SELECT feedback_id FROM feedback.feedback
               WHERE tenant_id = $1 AND occurred_at >= $2 AND occurred_at < $3
                 AND uuid_hash(feedback_id)::double precision < $4)
           SELECT f.rating_score AS "score!", f.touchpoint, f.agent_id, f.channel, f.product,
                  ARRAY(SELECT DISTINCT mention ->> 'topic_id'
                        FROM jsonb_array_elements(f.topics) AS mention
                        -- One above others goes along with them by its making.
                        WHERE mention #> '{found_by,below}' IS NULL ORDER BY 1) AS "topics!",
                  coalesce(contact.waited_ms,
                           (extract(epoch FROM reply.occurred_at - contact.occurred_at) * 1000)::bigint) AS waited_ms
           FROM drawn
           JOIN feedback.feedback f ON f.tenant_id = $1 AND f.feedback_id = drawn.feedback_id
           LEFT JOIN feedback.matter_contact contact ON contact.tenant_id = $1
               AND contact.interaction_id = f.interaction_id AND contact.direction = 'inbound'
           LEFT JOIN LATERAL (
               SELECT answering.occurred_at FROM feedback.matter_contact answering
               WHERE contact.waited_ms IS NULL AND contact.matter_id <> ''
                 AND answering.tenant_id = $1 AND answering.direction = 'outbound'
                 AND answering.matter_id = contact.matter_id
                 AND answering.occurred_at >= contact.occurred_at AND answering.occurred_at <= f.occurred_at
               ORDER BY answering.occurred_at LIMIT 1) reply ON true
           WHERE f.rating_scale = $5 AND f.rating_score IS NOT NULL AND f.origin IN ('submitted', 'interaction')
             AND ($6 = '' OR f.product = $6) AND ($7 = '' OR f.channel = $7) AND ($8 = '' OR f.touchpoint = $8)
             AND ($9 = '' OR f.topics @> jsonb_build_array(jsonb_build_object('topic_id', $9::text)))
             AND CASE WHEN $11 = '' THEN true WHEN $11 = 'segment' THEN $12 = ANY (f.segments)
                  WHEN f.stage IS NOT NULL THEN CASE $11 WHEN 'agent' THEN f.agent_id WHEN 'team' THEN f.team
                      WHEN 'stage' THEN f.stage ELSE coalesce(f.language, '') END = $12 END
           ORDER BY f.feedback_id
           LIMIT $10"#,
        tenant,
        window.start,
        window.end,
        below,
        scale.metric().as_str(),
        slice.product,
        slice.channel,
        slice.touchpoint,
        slice.topic_id,
        limit,
        facet,
        value
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.answered(slice)).collect())
}
