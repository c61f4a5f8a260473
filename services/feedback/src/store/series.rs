//! The hourly series that detection looks at.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query_as;

use crate::domain::Window;

/// All feedback of a product in one hour that stands by one version of the taxonomy.
#[derive(Clone, Debug)]
pub(crate) struct HourTotal {
    pub(crate) start: DateTime<Utc>,
    pub(crate) product: String,
    /// By which version of the taxonomy it stands.
    pub(crate) taxonomy_version: i64,
    pub(crate) feedback: i64,
}

/// Non-positive mentions of a topic about a product in one hour.
#[derive(Clone, Debug)]
pub(crate) struct HourMentions {
    pub(crate) start: DateTime<Utc>,
    pub(crate) topic_id: String,
    pub(crate) product: String,
    pub(crate) mentions: i64,
}

pub(crate) async fn totals(tx: &mut Tx, window: Window) -> Result<Vec<HourTotal>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        HourTotal,
        r#"SELECT start, product, taxonomy_version, sum(feedback)::bigint AS "feedback!"
           FROM feedback.slice_count
           WHERE tenant_id = $1 AND grain = 'hour' AND topic_id = '' AND start >= $2 AND start < $3
           GROUP BY start, product, taxonomy_version
           HAVING sum(feedback) > 0"#,
        tenant,
        window.start,
        window.end
    )
    .fetch_all(&mut **tx)
    .await
}

/// In the order of topic and product.
pub(crate) async fn mentions(tx: &mut Tx, window: Window) -> Result<Vec<HourMentions>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        HourMentions,
        "SELECT start, topic_id, product, mentions FROM feedback.mention_count
         WHERE tenant_id = $1 AND start >= $2 AND start < $3
         ORDER BY topic_id, product, start",
        tenant,
        window.start,
        window.end
    )
    .fetch_all(&mut **tx)
    .await
}
