//! Learning from a tenant's rated answers.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_text::{Attempt, FEWEST_TEXTS, Judgement, Polarity};
use attune_timers::{FinishError, Leased};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::analysis::Engines;
use crate::domain::{Correction, CorrectionState, reason_of, taught_by};
use crate::error::Error;
use crate::store::learning::{Progress, RatedText};
use crate::{store, timers};

/// Rated answers that are learnt from, the newest.
const MOST: i64 = 5000;
/// Characters of an answer that are learnt from: longer ones say the same again, and memory is bounded.
const LONGEST: i32 = 2000;
/// An attempt needs so many new answers for each of those learnt from before, or it would find the same.
const NEW_SHARE: usize = 10;

/// Learns for one tenant, if there is enough that is new, and sets its next day. Training is outside of any
/// transaction; what comes of it is kept only while the lease holds.
pub(crate) async fn learn(
    db: &Database,
    engines: &Engines,
    tenant: &TenantId,
    leased: &Leased,
) -> anyhow::Result<()> {
    let mut tx = db.read(tenant).await?;
    let progress = store::learning::progress(&mut tx).await?;
    let texts = store::learning::rated_texts(&mut tx, MOST, LONGEST).await?;
    tx.commit().await?;
    let newest = texts.first().map(|text| text.occurred_at);
    let attempt = match newest.filter(|_| is_enough(progress.as_ref(), &engines.builtin().version, &texts)) {
        Some(through) => {
            let count = texts.len();
            Some((through, count, train(engines, texts).await?))
        }
        None => None,
    };
    let mut tx = db.system(tenant).await?;
    finish(&mut tx, leased).await?;
    if let Some((through, count, attempt)) = attempt {
        keep(&mut tx, &engines.builtin().version, count, attempt, through).await?;
    }
    timers::learn::schedule(&mut tx, db.clock().now() + TimeDelta::days(1)).await?;
    tx.commit().await?;
    Ok(())
}

async fn finish(tx: &mut Tx, leased: &Leased) -> Result<(), FinishError> {
    leased.finish(tx).await
}

/// Whether there is something to learn: the first time, for a model that is new, or of a tenth that is new.
fn is_enough(progress: Option<&Progress>, engine: &str, texts: &[RatedText]) -> bool {
    let same_model = progress.filter(|progress| progress.engine.as_deref() == Some(engine));
    let Some(through) = same_model.and_then(|progress| progress.through) else {
        return texts.len() >= FEWEST_TEXTS;
    };
    let new = texts.iter().filter(|text| text.occurred_at > through).count();
    texts.len() >= FEWEST_TEXTS && new * NEW_SHARE >= texts.len()
}

/// Takes seconds of a core for some thousand texts.
async fn train(engines: &Engines, texts: Vec<RatedText>) -> Result<Attempt, Error> {
    let engine = engines.builtin().engine.clone();
    let work = move || {
        // In the order of their time: what holds for one time only is to fail on the others.
        let taught: Vec<(&str, Polarity)> = texts
            .iter()
            .rev()
            .filter_map(|rated| Some((rated.text.as_str(), taught_by(rated.rating)?)))
            .collect();
        engine.attempt(&taught)
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Keeps an attempt, and uses it when it is better beyond chance and nobody has switched that off.
async fn keep(
    tx: &mut Tx,
    engine: &str,
    texts: usize,
    attempt: Attempt,
    through: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(progress) = store::learning::lock(tx).await? else {
        return Ok(());
    };
    let Attempt {
        judgement,
        correction,
    } = attempt;
    let state = match (&correction, progress.switched_off_at) {
        (None, _) => CorrectionState::Rejected,
        (Some(_), Some(_)) => CorrectionState::Disabled,
        (Some(_), None) => CorrectionState::Active,
    };
    store::correction::end_outdated(tx, engine).await?;
    if state == CorrectionState::Active {
        store::correction::end_active(tx, CorrectionState::Superseded).await?;
    }
    let number = store::correction::last_number(tx).await? + 1;
    let kept = Correction {
        number,
        state,
        engine: engine.to_owned(),
        texts: number_of(texts),
        reason: reason_of(&judgement, progress.switched_off_at),
        activated_at: (state == CorrectionState::Active).then(|| tx.now()),
        ..judged(&judgement, tx.now())
    };
    let weights = correction.map(|correction| correction.to_bytes());
    store::correction::insert(tx, &kept, weights.as_deref()).await?;
    store::learning::attempted(tx, through).await?;
    tracing::info!(
        number,
        state = state.as_str(),
        reason = kept.reason,
        "learnt from rated answers"
    );
    Ok(())
}

fn judged(judgement: &Judgement, created_at: DateTime<Utc>) -> Correction {
    let Judgement {
        texts,
        set_right,
        spoilt,
        gain,
        standard_error,
    } = *judgement;
    Correction {
        correction_id: Uuid::now_v7(),
        number: 0,
        state: CorrectionState::Rejected,
        engine: String::new(),
        texts: 0,
        judged: number_of(texts),
        set_right: number_of(set_right),
        spoilt: number_of(spoilt),
        gain,
        standard_error,
        reason: String::new(),
        usable: true,
        created_at,
        activated_at: None,
        ended_at: None,
    }
}

fn number_of(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use attune_stats::metric::AnswerScale;

    use super::*;
    use crate::domain::Rating;

    fn texts(count: usize, newest: &str) -> Vec<RatedText> {
        let newest: DateTime<Utc> = newest.parse().unwrap();
        (0..count)
            .map(|age| RatedText {
                occurred_at: newest - TimeDelta::minutes(i64::try_from(age).unwrap()),
                rating: Rating::parse(AnswerScale::Csat, 1).unwrap(),
                text: "late".into(),
            })
            .collect()
    }

    #[test]
    fn learning_waits_for_fifty_answers_and_then_for_a_tenth_more() {
        assert!(!is_enough(None, "m-1", &texts(49, "2026-03-01T12:00:00Z")));
        assert!(is_enough(None, "m-1", &texts(50, "2026-03-01T12:00:00Z")));
        let after = |minutes: i64| {
            let newest: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
            Progress {
                through: Some(newest - TimeDelta::minutes(minutes)),
                switched_off_at: None,
                engine: Some("m-1".into()),
            }
        };
        let hundred = texts(100, "2026-03-01T12:00:00Z");
        assert!(!is_enough(Some(&after(9)), "m-1", &hundred));
        assert!(is_enough(Some(&after(10)), "m-1", &hundred));
        assert!(
            is_enough(Some(&after(0)), "m-2", &hundred),
            "a new model learns at once"
        );
    }
}
