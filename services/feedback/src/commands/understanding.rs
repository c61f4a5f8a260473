//! Why a text is judged as it is.

use attune_database::Database;
use attune_rpc::TenantId;
use attune_text::{Explanation, Polarity};
use uuid::Uuid;

use crate::analysis::Reader;
use crate::domain::{Sentiment, Understanding};
use crate::error::Error;
use crate::store;

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Feedback(Uuid),
    Text(String),
}

/// Why a text is judged as it is.
#[derive(Clone, Debug)]
pub(crate) struct Explained {
    pub(crate) text: String,
    pub(crate) understanding: Understanding,
    /// The engine that explains.
    pub(crate) explained_by: String,
    pub(crate) explanation: Explanation,
}

/// Explains a judgement by the engine that made it, where that can still be had.
pub(crate) async fn explain(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    subject: Subject,
) -> Result<Explained, Error> {
    let mut tx = db.read(tenant).await?;
    let current = reader.basis(&mut tx).await?.engine;
    let (text, kept, engine) = match subject {
        Subject::Text(text) => (text, None, current),
        Subject::Feedback(id) => {
            let feedback = store::feedback::by_ids(&mut tx, &[id]).await?.pop();
            let feedback = feedback.ok_or(Error::NoFeedback(id))?;
            let understanding = feedback.understanding.ok_or(Error::NoText)?;
            let engine = reader.engines.named(&mut tx, &understanding.engine).await?;
            (
                feedback.draft.text,
                Some(understanding),
                engine.unwrap_or(current),
            )
        }
    };
    tx.commit().await?;
    let explained_by = engine.version.clone();
    let work = move || (engine.engine.explain(&text), text);
    let (explanation, text) = tokio::task::spawn_blocking(work).await?;
    let understanding = kept.unwrap_or_else(|| judged(&explanation, &explained_by));
    Ok(Explained {
        text,
        understanding,
        explained_by,
        explanation,
    })
}

fn judged(explanation: &Explanation, engine: &str) -> Understanding {
    let sentiment = &explanation.sentiment;
    Understanding {
        engine: engine.to_owned(),
        language: explanation.language.map(|language| language.as_str().to_owned()),
        sentiment_score: f64::from(sentiment.score),
        sentiment: sentiment.label.map(|label| match label {
            Polarity::Negative => Sentiment::Negative,
            Polarity::Neutral => Sentiment::Neutral,
            Polarity::Positive => Sentiment::Positive,
        }),
        sentiment_probability: f64::from(sentiment.probability),
        topics: Vec::new(),
    }
}
