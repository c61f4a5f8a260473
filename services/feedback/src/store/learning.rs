//! Rated answers with a comment, and how far a tenant has come in learning from them.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::{query, query_as};

use crate::domain::Rating;

/// How far a tenant has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// When the newest answer of the last attempt was given.
    pub(crate) through: Option<DateTime<Utc>>,
    pub(crate) switched_off_at: Option<DateTime<Utc>>,
    /// The model that the last attempt was on top of.
    pub(crate) engine: Option<String>,
}

/// A rated answer with its comment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RatedText {
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) rating: Rating,
    pub(crate) text: String,
}

/// Notes that the tenant has something to learn from; true the first time.
pub(crate) async fn begin(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let (tenant, now) = (tx.tenant().as_str().to_owned(), tx.now());
    let inserted = query!(
        "INSERT INTO feedback.learning (tenant_id, began_at) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT learning_pkey DO NOTHING",
        tenant,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// How far the tenant has come; none when it has nothing to learn from.
pub(crate) async fn progress(tx: &mut Tx) -> Result<Option<Progress>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Progress,
        r#"SELECT through, switched_off_at,
                  (SELECT engine FROM feedback.correction WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1) AS engine
           FROM feedback.learning WHERE tenant_id = $1"#,
        tenant
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same; until the transaction ends nobody else changes what of the tenant's is used.
pub(crate) async fn lock(tx: &mut Tx) -> Result<Option<Progress>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Progress,
        r#"SELECT through, switched_off_at,
                  (SELECT engine FROM feedback.correction WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1) AS engine
           FROM feedback.learning WHERE tenant_id = $1 FOR UPDATE"#,
        tenant
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes an attempt and the newest answer it learnt from.
pub(crate) async fn attempted(tx: &mut Tx, through: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.learning SET attempts = attempts + 1, through = $2 WHERE tenant_id = $1",
        tenant,
        through
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says since when nothing is used by itself, or that it is again.
pub(crate) async fn switch(tx: &mut Tx, off_since: Option<DateTime<Utc>>) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE feedback.learning SET switched_off_at = $2 WHERE tenant_id = $1",
        tenant,
        off_since
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest `most` rated answers with a comment, newest first, each cut after `length` characters.
pub(crate) async fn rated_texts(tx: &mut Tx, most: i64, length: i32) -> Result<Vec<RatedText>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query!(
        r#"SELECT occurred_at, rating_scale, rating_score, left(text, $3) AS "text!" FROM feedback.feedback
           WHERE tenant_id = $1 AND rating_scale IN ('csat', 'nps') AND text <> ''
           ORDER BY occurred_at DESC, feedback_id DESC LIMIT $2"#,
        tenant,
        most,
        length
    )
    .fetch_all(&mut **tx)
    .await?;
    let rated = |row: (DateTime<Utc>, Option<Rating>, String)| {
        Some(RatedText {
            occurred_at: row.0,
            rating: row.1?,
            text: row.2,
        })
    };
    let rows = rows.into_iter().map(|row| {
        let rating = Rating::stored(row.rating_scale.as_deref(), row.rating_score);
        (row.occurred_at, rating, row.text)
    });
    Ok(rows.filter_map(rated).collect())
}
