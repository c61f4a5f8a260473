//! Comparisons and drivers held against scipy and statsmodels. The values are printed by
//! `shared/stats/reference/comparison.py`, whose first lines say how to run it (scipy 1.17.1, statsmodels 0.15.0).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::time::Duration;

use attune_stats::MetricId;
use attune_stats::comparison::{Counts, Test, compare, difference};
use attune_stats::driver::{Answered, Attribute, DOUBLING, Dimension, Driver, explain};
use attune_stats::metric::{AnswerScale, ConfidenceLevel, Histogram};

fn close(what: &str, computed: f64, reference: f64, tolerance: f64) {
    assert!(
        (computed - reference).abs() <= tolerance,
        "{what}: {computed} instead of {reference}"
    );
}

fn share(successes: u64, n: u64) -> Counts {
    Counts::Share {
        metric: MetricId::TopicShare,
        successes,
        n,
    }
}

fn answers(scale: AnswerScale, counts: &[u64]) -> Counts {
    Counts::Answers(Histogram::from_counts(scale, counts.to_vec()).unwrap())
}

#[test]
fn two_shares_are_compared_as_statsmodels_and_scipy_do() {
    for (s1, n1, s2, n2, level, low, high, p, test) in [
        (
            56,
            70,
            48,
            80,
            0.95,
            0.052_431,
            0.333_873,
            8.258_288e-3,
            Test::Shares,
        ),
        (
            16,
            20,
            9,
            20,
            0.95,
            0.050_180,
            0.575_900,
            2.398_108e-2,
            Test::Shares,
        ),
        (
            240,
            4000,
            300,
            3900,
            0.975,
            -0.029_746,
            -0.004_188,
            2.884_057e-3,
            Test::Shares,
        ),
        (0, 30, 1, 400, 0.95, -0.014_023, 0.111_032, 1.0, Test::RareShares),
        (
            2,
            25,
            0,
            900,
            0.95,
            0.022_064,
            0.249_661,
            7.020_007e-4,
            Test::RareShares,
        ),
    ] {
        let level = ConfidenceLevel::try_from(level).unwrap();
        let found = difference(&share(s1, n1), &share(s2, n2), level).unwrap();
        close("low", found.low, low, 2e-6);
        close("high", found.high, high, 2e-6);
        close("p over the reference", found.p_value / p, 1.0, 1e-6);
        assert_eq!(found.test, test);
    }
}

#[test]
fn two_means_are_compared_as_scipy_does() {
    for (scale, one, other, low, high, p) in [
        (
            AnswerScale::Nps,
            vec![2, 0, 1, 1, 0, 3, 4, 8, 9, 12, 10],
            vec![5, 2, 2, 3, 1, 6, 6, 7, 8, 6, 4],
            20.666_388,
            83.333_612,
            1.378_062e-3,
        ),
        (
            AnswerScale::Ces,
            vec![1, 2, 2, 4, 9, 10, 7],
            vec![4, 3, 6, 5, 5, 4, 3],
            0.372_488,
            2.103_702,
            5.847_483e-3,
        ),
    ] {
        let (one, other) = (answers(scale, &one), answers(scale, &other));
        let found = difference(&one, &other, ConfidenceLevel::P95).unwrap();
        close("low", found.low, low, 2e-5);
        close("high", found.high, high, 2e-5);
        close("p over the reference", found.p_value / p, 1.0, 1e-5);
        assert_eq!(found.test, Test::Means);
    }
}

#[test]
fn answers_that_are_all_alike_are_compared_without_claiming_certainty() {
    let best = answers(AnswerScale::Nps, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 15]);
    let mixed = answers(AnswerScale::Nps, &[2, 0, 0, 0, 0, 0, 2, 3, 3, 10, 10]);
    let found = difference(&best, &mixed, ConfidenceLevel::P95).unwrap();
    assert_eq!(found.test, Test::AlikeMeans);
    // 100 less 100 · (20 − 4) / 30. Thirty of thirty beside twenty of thirty: N − 1 χ² = 59/60 · 12, p = 0.000592.
    close("difference", found.value, 100.0 - 100.0 * 16.0 / 30.0, 1e-9);
    close("p", found.p_value, 5.923e-4, 1e-6);
    let alone = difference(&best, &best, ConfidenceLevel::P95).unwrap();
    assert!(alone.low < -5.0 && alone.high > 5.0, "{alone:?}");
    close("p of no difference", alone.p_value, 1.0, 1e-12);
}

#[test]
fn several_groups_are_corrected_for_being_several() {
    let groups = [share(60, 100), share(45, 100), share(9, 10), share(41, 100)];
    let (reference, found) = compare(&share(40, 100), &groups).unwrap();
    close("the reference", reference.estimate().unwrap().value, 0.4, 1e-12);
    let differences: Vec<_> = found.iter().map(|one| one.difference.clone()).collect();
    // Three of the four have a number: each interval is at 1 − 0.05 / 3.
    let first = differences[0].as_ref().unwrap();
    close("level", first.level, 1.0 - 0.05 / 3.0, 1e-12);
    close("Holm", found[0].adjusted_p_value, 3.0 * first.p_value, 1e-12);
    assert!(found[1].adjusted_p_value >= 2.0 * differences[1].as_ref().unwrap().p_value - 1e-12);
    let reason = differences[2].as_ref().unwrap_err();
    assert!(reason.contains("10 of at least 20"), "{reason}");
    let (_, hidden) = compare(&share(4, 10), &groups).unwrap();
    assert!(hidden.iter().all(|one| one.difference.is_err()));
    assert!(compare(&share(4, 10), &[answers(AnswerScale::Csat, &[0, 0, 0, 0, 30])]).is_err());
}

fn attribute(dimension: Dimension, value: &str) -> Attribute {
    Attribute {
        dimension,
        value: value.to_owned(),
    }
}

/// The answers that the generator makes by the same arithmetic.
fn surveyed(n: i64) -> Vec<Answered> {
    let answer = |i: i64| {
        let (late, crew) = (i % 3 == 0, i % 5 < 2);
        let channel = if (i * 7 / 2) % 4 == 0 || (late && i % 2 == 0) {
            "phone"
        } else if i % 7 < 2 {
            "mail"
        } else {
            "chat"
        };
        let effects = i64::from(crew) - 2 * i64::from(late) - i64::from(channel == "phone");
        let score = (4 + effects + (i * i + i / 4) % 5 - 2).clamp(1, 7);
        let mut attributes = vec![attribute(Dimension::Channel, channel)];
        attributes.extend(late.then(|| attribute(Dimension::Topic, "late")));
        attributes.extend(crew.then(|| attribute(Dimension::Topic, "crew")));
        Answered {
            score,
            attributes,
            waited: None,
        }
    };
    (0..n).map(answer).collect()
}

/// The same answers after waits in whole minutes, where there is one.
fn after_waits(n: i64) -> Vec<Answered> {
    let mut answers = surveyed(n);
    for (i, answer) in (0_u64..).zip(&mut answers) {
        let minutes = (i % 7 != 3).then_some((i * i + 5 * i) % 61);
        answer.score -= minutes.map_or(0, |minutes| i64::from((1 + minutes).ilog2() / 2));
        answer.score = answer.score.clamp(1, 7);
        answer.waited = minutes.map(|minutes| Duration::from_secs(60 * minutes));
    }
    answers
}

fn of<'a>(drivers: &'a [Driver], value: &str) -> &'a Driver {
    drivers
        .iter()
        .find(|driver| driver.attribute.value == value)
        .unwrap_or_else(|| panic!("no driver {value}: {drivers:?}"))
}

#[test]
fn drivers_are_those_of_statsmodels() {
    let found = explain(AnswerScale::Ces, &surveyed(240)).unwrap();
    close("adjusted R squared", found.r_squared, 0.488_669_481, 1e-8);
    assert_eq!(
        found.references[0].attribute,
        attribute(Dimension::Channel, "chat")
    );
    for (value, n, effect, low, high, p, q, inflation) in [
        (
            "late",
            80,
            -1.582_434_918,
            -1.931_803,
            -1.233_067,
            1.313_144e-16,
            5.252_575e-16,
            1.153_978_251,
        ),
        (
            "crew",
            96,
            0.138_014_010,
            -0.158_738,
            0.434_766,
            3.604_677e-1,
            3.604_677e-1,
            1.000_022_968,
        ),
        (
            "mail",
            42,
            0.251_965_054,
            -0.152_870,
            0.656_800,
            2.213_601e-1,
            2.951_468e-1,
            1.145_990_831,
        ),
        (
            "phone",
            90,
            -1.237_917_370,
            -1.621_709,
            -0.854_126,
            1.074_046e-9,
            2.148_091e-9,
            1.296_511_577,
        ),
    ] {
        let driver = of(&found.drivers, value);
        assert_eq!(driver.n, n, "{value}");
        close(value, driver.effect, effect, 1e-8);
        // Above two hundred degrees of freedom Student's quantile is taken as the normal one: half a percent.
        close("low", driver.low, low, 0.006 * (high - low) / 2.0);
        close("high", driver.high, high, 0.006 * (high - low) / 2.0);
        close("p over the reference", driver.p_value / p, 1.0, 1e-5);
        close("q over the reference", driver.q_value / q, 1.0, 1e-5);
        close("variance inflation", driver.variance_inflation, inflation, 1e-8);
        assert_eq!(driver.goes_along_with, None);
    }
}

#[test]
fn a_waiting_time_is_a_driver_beside_the_others_as_in_statsmodels() {
    let found = explain(AnswerScale::Ces, &after_waits(240)).unwrap();
    close("adjusted R squared", found.r_squared, 0.476_153_329, 1e-8);
    for (value, n, effect, low, high, p, inflation) in [
        (
            "late",
            80,
            -1.115_996_984,
            -1.378_864,
            -0.853_130,
            5.560_128e-15,
            1.154_783_727,
        ),
        (
            "phone",
            90,
            -0.898_433_828,
            -1.210_135,
            -0.586_732,
            4.020_132e-8,
            1.308_420_191,
        ),
        (
            DOUBLING,
            206,
            -0.191_422_239,
            -0.300_307,
            -0.082_538,
            6.340_119e-4,
            1.000_235_664,
        ),
    ] {
        let driver = of(&found.drivers, value);
        assert_eq!(driver.n, n, "{value}");
        close(value, driver.effect, effect, 1e-8);
        close("low", driver.low, low, 0.006 * (high - low) / 2.0);
        close("high", driver.high, high, 0.006 * (high - low) / 2.0);
        close("p over the reference", driver.p_value / p, 1.0, 1e-5);
        close("variance inflation", driver.variance_inflation, inflation, 1e-8);
    }
    let waiting = of(&found.drivers, DOUBLING);
    assert_eq!(waiting.attribute.dimension, Dimension::WaitingTime);
    close(
        "contribution",
        waiting.contribution,
        waiting.effect * 923.450_337_938 / 240.0,
        1e-9,
    );
}

#[test]
fn a_wait_that_goes_along_with_a_channel_is_said_to() {
    let mut answers = surveyed(400);
    for (i, answer) in (0_u64..).zip(&mut answers) {
        let phone = answer
            .attributes
            .contains(&attribute(Dimension::Channel, "phone"));
        answer.waited = Some(Duration::from_secs(if phone { 3600 + i } else { 30 }));
    }
    let found = explain(AnswerScale::Ces, &answers).unwrap();
    let (phone, waiting) = (of(&found.drivers, "phone"), of(&found.drivers, DOUBLING));
    assert!(waiting.variance_inflation > 5.0, "{waiting:?}");
    assert_eq!(waiting.goes_along_with.as_ref(), Some(&phone.attribute));
    assert_eq!(phone.goes_along_with.as_ref(), Some(&waiting.attribute));
}

#[test]
fn the_driver_that_contributes_most_comes_first() {
    let found = explain(AnswerScale::Ces, &surveyed(240)).unwrap();
    let sizes: Vec<f64> = found.drivers.iter().map(|one| one.contribution.abs()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    let late = of(&found.drivers, "late");
    close(
        "contribution",
        late.contribution,
        late.effect * 80.0 / 240.0,
        1e-12,
    );
}

#[test]
fn drivers_that_come_together_are_said_to() {
    let mut answers = surveyed(400);
    for (i, answer) in answers.iter_mut().enumerate() {
        let late = i % 3 == 0;
        // Nearly always where `late` is; and one that is exactly `crew`.
        if late != (i % 40 == 0) {
            answer.attributes.push(attribute(Dimension::Topic, "missed"));
        }
        if i % 5 < 2 {
            answer.attributes.push(attribute(Dimension::Topic, "staff"));
        }
    }
    let found = explain(AnswerScale::Ces, &answers).unwrap();
    let (late, missed) = (of(&found.drivers, "late"), of(&found.drivers, "missed"));
    assert!(
        late.variance_inflation > 5.0 && missed.variance_inflation > 5.0,
        "{late:?} {missed:?}"
    );
    assert_eq!(late.goes_along_with.as_ref(), Some(&missed.attribute));
    let crew = of(&found.drivers, "crew");
    assert_eq!(
        crew.goes_along_with.as_ref(),
        Some(&attribute(Dimension::Topic, "staff"))
    );
    let [left] = found.left_out.as_slice() else {
        panic!("{:?}", found.left_out)
    };
    assert_eq!(left.attribute.value, "staff");
    assert!(left.reason.contains("cannot be told apart"), "{left:?}");
    assert!(of(&found.drivers, "phone").goes_along_with.is_none());
}

#[test]
fn what_too_little_is_known_of_is_said_to_be() {
    let few = explain(AnswerScale::Ces, &surveyed(19)).unwrap_err();
    assert!(few.contains("19 of at least 20"), "{few}");
    let alike = vec![
        Answered {
            score: 9,
            attributes: Vec::new(),
            waited: None,
        };
        40
    ];
    assert!(explain(AnswerScale::Nps, &alike).unwrap_err().contains("alike"));
    let nothing = explain(AnswerScale::Ces, &surveyed(21)).unwrap_err();
    assert!(nothing.contains("not enough data"), "{nothing}");
    let mut answers = surveyed(200);
    answers[..7]
        .iter_mut()
        .for_each(|answer| answer.attributes.push(attribute(Dimension::Topic, "rare")));
    let found = explain(AnswerScale::Ces, &answers).unwrap();
    let rare = found
        .left_out
        .iter()
        .find(|left| left.attribute.value == "rare")
        .unwrap();
    assert!(
        rare.n == 7 && rare.reason.contains("7 of at least 20"),
        "{rare:?}"
    );
}
