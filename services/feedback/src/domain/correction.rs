//! What the tenant's customers taught the built-in engine.

use attune_stats::metric::AnswerScale;
use attune_text::{Judgement, Polarity};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Rating;

/// Whether a correction is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CorrectionState {
    /// New texts are scored with it.
    Active,
    /// It was no better than the model beyond chance.
    Rejected,
    /// A later one took its place.
    Superseded,
    /// Somebody switched it off, or it was learnt while nothing is used by itself.
    Disabled,
}

impl CorrectionState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Disabled => "disabled",
        }
    }
}

/// An attempt to learn, and what came of it.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct Correction {
    pub(crate) correction_id: Uuid,
    pub(crate) number: i32,
    pub(crate) state: CorrectionState,
    /// The model it corrects.
    pub(crate) engine: String,
    pub(crate) texts: i32,
    pub(crate) judged: i32,
    pub(crate) set_right: i32,
    pub(crate) spoilt: i32,
    pub(crate) gain: f64,
    pub(crate) standard_error: f64,
    pub(crate) reason: String,
    /// Whether its weights are kept, so that texts can be scored with it.
    pub(crate) usable: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) activated_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// What a rating says of the feeling in the comment beside it. CES says how hard something was, not how it felt,
/// so it says nothing here.
///
/// The cuts are those of the metrics: CSAT counts 4 and 5 as satisfied, NPS 9 and 10 as promoters and 0 to 6 as
/// detractors.
pub(crate) fn taught_by(rating: Rating) -> Option<Polarity> {
    let cuts = match rating.scale() {
        AnswerScale::Csat => (2, 4),
        AnswerScale::Nps => (6, 9),
        AnswerScale::Ces => return None,
    };
    let (highest_negative, lowest_positive) = cuts;
    Some(match rating.score() {
        score if score <= highest_negative => Polarity::Negative,
        score if score >= lowest_positive => Polarity::Positive,
        _ => Polarity::Neutral,
    })
}

/// Why a correction is used, or is not.
pub(crate) fn reason_of(judgement: &Judgement, switched_off_at: Option<DateTime<Utc>>) -> String {
    let Judgement {
        texts,
        set_right,
        spoilt,
        gain,
        standard_error,
    } = judgement;
    let errors = if *standard_error > 0.0 {
        gain / standard_error
    } else {
        0.0
    };
    let seen = format!(
        "of {texts} rated answers that were held back it set {set_right} right and spoilt {spoilt}, a gain of \
         {gain:.1} weighted texts or {errors:.1} standard errors"
    );
    match (judgement.is_better(), switched_off_at) {
        (true, None) => format!("used: {seen}, which is beyond chance"),
        (true, Some(at)) => format!(
            "not used, because corrections were switched off on {}: {seen}, which is beyond chance",
            at.format("%Y-%m-%d")
        ),
        (false, _) => format!("not used: {seen}, which may be chance"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_teaches_what_its_metric_counts_it_as() {
        let taught = |scale, scores: std::ops::RangeInclusive<i64>| {
            scores
                .map(|score| taught_by(Rating::parse(scale, score).unwrap()))
                .collect::<Vec<_>>()
        };
        let (negative, neutral, positive) = (
            Some(Polarity::Negative),
            Some(Polarity::Neutral),
            Some(Polarity::Positive),
        );
        assert_eq!(
            taught(AnswerScale::Csat, 1..=5),
            [negative, negative, neutral, positive, positive]
        );
        assert_eq!(taught(AnswerScale::Nps, 0..=6), [negative; 7]);
        assert_eq!(
            taught(AnswerScale::Nps, 7..=10),
            [neutral, neutral, positive, positive]
        );
        assert_eq!(taught(AnswerScale::Ces, 1..=7), [None; 7]);
    }

    #[test]
    fn the_reason_says_whether_it_may_be_chance() {
        let judgement = |gain| Judgement {
            texts: 200,
            set_right: 30,
            spoilt: 10,
            gain,
            standard_error: 6.0,
        };
        assert!(reason_of(&judgement(20.0), None).starts_with("used: of 200"));
        assert!(reason_of(&judgement(3.0), None).ends_with("may be chance"));
        let off = reason_of(&judgement(20.0), Some("2026-03-01T00:00:00Z".parse().unwrap()));
        assert!(off.contains("switched off on 2026-03-01"), "{off}");
    }
}
