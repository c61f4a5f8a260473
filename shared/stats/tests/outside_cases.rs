//! The cases of other products' own tests as facts: `PostHog`, `frontend/src/scenes/surveys/utils.test.ts`
//! (`calculateNpsBreakdown`), and Formbricks, `summary/lib/surveySummary.test.ts` ("NPS question type tests" and
//! "Rating question type tests"). Deliberate differences are listed in `docs/measurements.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use attune_stats::Outcome;
use attune_stats::metric::{Answer, AnswerScale, ConfidenceLevel, Histogram, MetricError};

/// From two answers on: their cases are smaller than any number we show.
fn outcome(histogram: &Histogram) -> Outcome {
    histogram.outcome_from(2, ConfidenceLevel::P95)
}

fn answered(scale: AnswerScale, scores: &[i64]) -> Histogram {
    let mut histogram = Histogram::new(scale);
    for &score in scores {
        histogram.add(Answer::parse(scale, score).unwrap()).unwrap();
    }
    histogram
}

#[test]
fn posthogs_answers_have_the_same_nps_here() {
    for (counts, n, score) in [
        ([1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3], 17, -5.9),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5], 10, 100.0),
        ([0, 0, 0, 0, 0, 0, 0, 5, 5, 0, 0], 10, 0.0),
        ([2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0], 14, -100.0),
    ] {
        let found = outcome(&Histogram::from_counts(AnswerScale::Nps, counts.to_vec()).unwrap());
        let value = found.estimate().unwrap_or_else(|| panic!("{found:?}")).value;
        // They show one decimal place.
        assert!(
            found.n() == n && (value - score).abs() < 0.05,
            "{counts:?}: {found:?}"
        );
    }
}

#[test]
fn posthogs_histogram_of_another_length_is_refused_with_what_is_wrong() {
    let refused = Histogram::from_counts(AnswerScale::Nps, vec![1, 2, 3]).unwrap_err();
    assert_eq!(
        refused,
        MetricError::CountsLength {
            given: 3,
            expected: 11
        }
    );
}

#[test]
fn formbricks_answers_have_the_same_nps_and_the_same_counts_here() {
    let found = outcome(&answered(AnswerScale::Nps, &[10, 7, 3, 9]));
    assert!((found.estimate().unwrap().value - 25.0).abs() < 1e-9, "{found:?}");
    let rated = answered(AnswerScale::Csat, &[5, 4, 3, 5]);
    assert_eq!(rated.counts(), [0, 0, 1, 1, 2]);
}

#[test]
fn formbricks_dismissals_are_no_answers_here() {
    // One promoter and two who did not answer: 33.33 there, over three; here there is one answer and no number.
    let found = outcome(&answered(AnswerScale::Nps, &[10]));
    assert!(found.n() == 1 && found.estimate().is_none(), "{found:?}");
    // A rating of theirs leaves the two out as well: n is one.
    assert_eq!(answered(AnswerScale::Csat, &[5]).n(), 1);
}

#[test]
fn where_nobody_answered_there_is_a_reason_instead_of_a_zero() {
    let Outcome::Suppressed { n, reason, .. } = outcome(&Histogram::new(AnswerScale::Nps)) else {
        panic!("no answers gave a number");
    };
    assert!(n == 0 && reason.contains("0 of at least 2"), "{reason}");
}
