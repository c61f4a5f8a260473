//! Groups that share answers, as two customer segments do, compared as if they shared none.

use attune_stats::comparison::{Counts, compare};
use attune_stats::metric::{Answer, AnswerScale, Histogram};

use crate::promise::Frequency;
use crate::random::Random;

/// Answers of two groups, so many in each of them alone and so many in both, all of one world.
fn groups(seed: u64, scale: AnswerScale, (alone, both): (u32, u32)) -> (Counts, Counts) {
    let mut random = Random::seeded(seed);
    let (mut one, mut other) = (Histogram::new(scale), Histogram::new(scale));
    let width = (scale.maximum() - scale.minimum() + 1) as f64;
    for place in 0..2 * alone + both {
        // The better scores are the commoner ones, as they are among real answers.
        let score = scale.minimum() + (random.uniform().sqrt() * width) as i64;
        let answer = Answer::parse(scale, score.min(scale.maximum())).unwrap();
        if place >= alone {
            one.add(answer).unwrap();
        }
        if place < alone + both {
            other.add(answer).unwrap();
        }
    }
    (Counts::Answers(one), Counts::Answers(other))
}

#[test]
fn groups_that_share_answers_are_told_apart_by_chance_no_more_often_than_promised() {
    for (scale, name) in [(AnswerScale::Nps, "NPS"), (AnswerScale::Csat, "CSAT")] {
        for sizes in [(100, 100), (150, 20), (20, 150)] {
            let compared = |seed| {
                let (reference, group) = groups(seed, scale, sizes);
                let (_, mut compared) = compare(&reference, &[group]).unwrap();
                compared.remove(0).difference.unwrap()
            };
            let what = |which: &str| {
                format!(
                    "{name}, {} in both and {} in each alone: {which}",
                    sizes.1, sizes.0
                )
            };
            Frequency::of(1000, |seed| compared(seed).p_value < 0.05)
                .at_most(0.05, &what("a false difference"));
            let covers = |seed| {
                let difference = compared(seed);
                difference.low <= 0.0 && 0.0 <= difference.high
            };
            Frequency::of(1000, covers).at_least(0.95, &what("the interval holds none"));
        }
    }
}
