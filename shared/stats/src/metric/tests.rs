use super::*;
use crate::registry::MetricId;

fn histogram(scale: AnswerScale, counts: &[u64]) -> Histogram {
    Histogram::from_counts(scale, counts.to_vec()).unwrap()
}

fn known(histogram: &Histogram) -> Estimate {
    histogram
        .outcome(ConfidenceLevel::P95)
        .estimate()
        .unwrap()
        .clone()
}

fn close(computed: f64, expected: f64, tolerance: f64) {
    assert!(
        (computed - expected).abs() <= tolerance,
        "{computed} instead of {expected}"
    );
}

#[test]
fn nps_is_promoters_less_detractors_with_the_interval_of_their_mean() {
    // 50 promoters (20 nines, 30 tens), 30 passives, 20 detractors: NPS 30. The values {−1, 0, 1} have mean 0.3 and
    // sum of squares 70 − 100 · 0.09 = 61, so the standard error is √(61 / 99 / 100); t(0.975, 99) = 1.984217.
    let nps = known(&histogram(
        AnswerScale::Nps,
        &[5, 0, 0, 5, 0, 0, 10, 10, 20, 20, 30],
    ));
    assert_eq!((nps.metric, nps.n), (MetricId::Nps, 100));
    close(nps.value, 30.0, 1e-9);
    let half = 198.4217 * (61.0_f64 / 9900.0).sqrt();
    close(nps.low, 30.0 - half, 1e-3);
    close(nps.high, 30.0 + half, 1e-3);
}

#[test]
fn csat_is_the_share_of_fours_and_fives_with_its_wilson_interval() {
    // 16 of 20: Wilson 0.5840 to 0.9193 (Newcombe, Statistics in Medicine 17(8), 1998, method 3).
    let csat = known(&histogram(AnswerScale::Csat, &[1, 1, 2, 6, 10]));
    close(csat.value, 0.8, 1e-12);
    close(csat.low, 0.5840, 5e-5);
    close(csat.high, 0.9193, 5e-5);
}

#[test]
fn ces_is_the_mean_with_a_student_interval() {
    // Ten threes and ten fives: mean 4, variance 20 / 19, standard error √(1 / 19); t(0.975, 19) = 2.093024.
    let ces = known(&histogram(AnswerScale::Ces, &[0, 0, 10, 0, 10, 0, 0]));
    close(ces.value, 4.0, 1e-12);
    let half = 2.093_024 / 19.0_f64.sqrt();
    close(ces.low, 4.0 - half, 1e-4);
    close(ces.high, 4.0 + half, 1e-4);
}

#[test]
fn answers_all_alike_are_not_certainty() {
    // Twenty sevens: 1 − 0.05^(1/20) = 0.1391 of the scale's six points.
    let ces = known(&histogram(AnswerScale::Ces, &[0, 0, 0, 0, 0, 0, 20]));
    assert!((ces.value - 7.0).abs() < 1e-12 && (ces.high - 7.0).abs() < 1e-12);
    close(ces.low, 7.0 - 6.0 * 0.1391, 1e-3);
}

#[test]
fn the_wilson_interval_is_the_published_one() {
    // Agresti and Coull, The American Statistician 52(2), 1998; Newcombe 1998, table I, method 3.
    for (successes, n, low, high) in [
        (8, 10, 0.4902, 0.9433),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let (computed_low, computed_high) = wilson(successes, n, ConfidenceLevel::P95);
        close(computed_low, low, 5.1e-5);
        close(computed_high, high, 5.1e-5);
    }
    assert_eq!(wilson(0, 0, ConfidenceLevel::P95), (0.0, 1.0));
    assert!((wilson(20, 20, ConfidenceLevel::P95).1 - 1.0).abs() < f64::EPSILON);
}

#[test]
fn scores_off_the_scale_are_refused_and_those_on_it_kept() {
    for (scale, inside, outside) in [
        (AnswerScale::Nps, [0, 10], [-1, 11]),
        (AnswerScale::Csat, [1, 5], [0, 6]),
        (AnswerScale::Ces, [1, 7], [0, 8]),
    ] {
        for score in inside {
            assert_eq!(Answer::parse(scale, score).unwrap().score(), score);
        }
        for score in outside.into_iter().chain([i64::MIN, i64::MAX]) {
            assert!(matches!(
                Answer::parse(scale, score),
                Err(MetricError::ScoreOutOfRange { score: refused, .. }) if refused == score
            ));
        }
    }
}

#[test]
fn below_the_minimum_n_there_is_a_reason_instead_of_a_number() {
    let mut csat = histogram(AnswerScale::Csat, &[0, 0, 0, 9, 10]);
    let Outcome::Suppressed {
        n, minimum_n, reason, ..
    } = csat.outcome(ConfidenceLevel::P95)
    else {
        panic!("nineteen answers gave a number");
    };
    assert_eq!((n, minimum_n), (19, 20));
    assert!(reason.contains("19 of at least 20"), "{reason}");
    csat.add(Answer::parse(AnswerScale::Csat, 5).unwrap()).unwrap();
    assert!(csat.outcome(ConfidenceLevel::P95).estimate().is_some());
}

#[test]
fn what_is_merged_can_be_taken_away_again_and_no_more() {
    let first = histogram(AnswerScale::Csat, &[1, 2, 3, 4, 5]);
    let second = histogram(AnswerScale::Csat, &[5, 0, 1, 0, 2]);
    let mut both = first.clone();
    both.merge(&second).unwrap();
    assert_eq!(both.counts(), [6, 2, 4, 4, 7]);
    both.subtract(&second).unwrap();
    assert_eq!(both, first);
    let refused = both.subtract(&second).unwrap_err();
    assert_eq!(
        refused,
        MetricError::NegativeCount {
            score: 1,
            taken: 5,
            counted: 1
        }
    );
    assert_eq!(both, first, "a refused correction changes nothing");
}

#[test]
fn answers_to_different_questions_are_kept_apart() {
    let mut csat = Histogram::new(AnswerScale::Csat);
    let mismatch = MetricError::ScaleMismatch {
        left: AnswerScale::Csat,
        right: AnswerScale::Ces,
    };
    let ces = Histogram::new(AnswerScale::Ces);
    assert_eq!(csat.merge(&ces), Err(mismatch.clone()));
    assert_eq!(csat.subtract(&ces), Err(mismatch.clone()));
    assert_eq!(
        csat.add(Answer::parse(AnswerScale::Ces, 3).unwrap()),
        Err(mismatch)
    );
    assert_eq!(
        Histogram::from_counts(AnswerScale::Nps, vec![1; 5]),
        Err(MetricError::CountsLength {
            given: 5,
            expected: 11
        })
    );
}

#[test]
fn shares_are_taken_of_shares_only_and_of_possible_counts() {
    let level = ConfidenceLevel::P95;
    assert_eq!(
        share(MetricId::Nps, 1, 40, level),
        Err(MetricError::NotAShare(MetricId::Nps))
    );
    assert_eq!(
        share(MetricId::TopicShare, 41, 40, level),
        Err(MetricError::SuccessesExceedN { successes: 41, n: 40 })
    );
    let topic = share(MetricId::TopicShare, 10, 40, level).unwrap();
    close(topic.estimate().unwrap().value, 0.25, 1e-12);
    assert!(ConfidenceLevel::try_from(0.3).is_err() && ConfidenceLevel::try_from(1.0).is_err());
}
