//! Shares that are to rise, such as satisfaction: judged by what falls short, told as themselves.

use attune_stats::verdict::{Aim, Bucket, Decision, Finding, Plan, SmallestEffect, Verdict};

use super::world::{Course, EVENT, PLAIN, UNEVEN, World, day, judged};
use crate::promise::Frequency;
use crate::random::Random;

/// How many are usually satisfied, and how many while the issue lasts.
const USUAL: f64 = 0.85;
const ISSUE: f64 = 0.60;
/// The rise worth having: from 60 % to 69 %.
const SMALLEST: SmallestEffect = SmallestEffect::Relative(0.15);

/// An issue that is acted upon so many days after it was opened, and judged two weeks later.
#[derive(Debug, Clone, Copy)]
struct Trial {
    world: World,
    delay: f64,
}

impl Trial {
    fn opened() -> f64 {
        EVENT + 1.5
    }

    fn rollout(self) -> f64 {
        Self::opened() + self.delay
    }

    fn end(self) -> f64 {
        self.rollout() + 14.0
    }

    fn plan(self) -> Plan {
        let sample = Aim::HigherShare.sample(ISSUE, SMALLEST, 0.8, 0.10, self.world.overdispersion);
        Plan {
            aim: Aim::HigherShare,
            ..Plan::new(SMALLEST, sample.unwrap().n, day(self.end()))
        }
    }

    fn series(self, course: impl Fn(&mut Random) -> Course, seed: u64) -> Vec<Bucket> {
        let mut random = Random::seeded(seed);
        let course = course(&mut random);
        self.world.hourly(course, self.end(), &mut random)
    }

    fn judge(self, plan: &Plan, series: &[Bucket]) -> Verdict {
        judged(plan, series, Self::opened(), self.rollout(), self.end())
    }

    fn verdict(self, course: impl Fn(&mut Random) -> Course, seed: u64) -> Verdict {
        self.judge(&self.plan(), &self.series(course, seed))
    }

    fn frequency(self, decision: Decision, course: impl Fn(&mut Random) -> Course) -> Frequency {
        Frequency::of(150, |seed| self.verdict(&course, seed).decision == decision)
    }

    fn name(self, what: &str) -> String {
        format!(
            "{what}, {} days to the rollout, overdispersion {}",
            self.delay, self.world.overdispersion
        )
    }
}

/// So many are satisfied with the event and until `change`, and `then` from it on.
fn step(change: f64, then: f64) -> Course {
    Box::new(move |t| {
        if t < EVENT {
            USUAL
        } else if t < change {
            ISSUE
        } else {
            then
        }
    })
}

/// Each of the two worlds, ten days after the opening.
fn trials() -> [Trial; 2] {
    [PLAIN, UNEVEN].map(|world| Trial { world, delay: 10.0 })
}

#[test]
fn satisfaction_that_would_have_risen_by_itself_or_hardly_rises_is_no_success() {
    for trial in trials() {
        let by_itself = |random: &mut Random| step(trial.rollout() + random.exponential(7.0), USUAL);
        trial.frequency(Decision::Effective, by_itself).at_most(
            0.05,
            &trial.name("rise called effective, back to usual by itself"),
        );
        for then in [ISSUE, 1.15 * ISSUE] {
            trial
                .frequency(Decision::Effective, |_| step(trial.rollout(), then))
                .at_most(
                    0.05,
                    &trial.name(&format!("rise called effective, {then:.2} satisfied")),
                );
        }
    }
}

#[test]
fn a_rise_is_recognised_with_the_planned_power_and_so_is_its_absence() {
    for trial in trials() {
        trial
            .frequency(Decision::Effective, |_| step(trial.rollout(), USUAL - 0.01))
            .at_least(0.8, &trial.name("rise called effective, cured"));
        trial
            .frequency(Decision::Ineffective, |_| step(trial.rollout(), ISSUE))
            .at_least(0.8, &trial.name("rise called ineffective, nothing changed"));
    }
}

#[test]
fn a_rise_by_points_is_judged_as_the_fall_of_what_falls_short_by_the_same_points() {
    let [trial, _] = trials();
    for then in [ISSUE, 0.7, USUAL] {
        for seed in 0..20 {
            let series = trial.series(|_| step(trial.rollout(), then), seed);
            let short: Vec<Bucket> = series
                .iter()
                .map(|bucket| Bucket {
                    successes: bucket.n - bucket.successes,
                    ..*bucket
                })
                .collect();
            let plan = |aim| Plan {
                aim,
                smallest_effect: SmallestEffect::Absolute(0.09),
                ..trial.plan()
            };
            let rise = trial.judge(&plan(Aim::HigherShare), &series);
            let fall = trial.judge(&plan(Aim::LowerShare), &short);
            assert_eq!((rise.decision, rise.look), (fall.decision, fall.look));
            assert_eq!(rise.effect, fall.effect.map(|effect| -effect));
            let (up, down) = (rise.interval.unwrap(), fall.interval.unwrap());
            assert_eq!((up.low, up.high), (-down.high, -down.low));
        }
    }
}

#[test]
fn what_is_told_of_a_rise_is_told_of_the_share_itself() {
    let [trial, _] = trials();
    let mut decided = Vec::new();
    for then in [ISSUE, 0.63, 0.68, USUAL] {
        for seed in 0..10 {
            let verdict = trial.verdict(|_| step(trial.rollout(), then), seed);
            let said = verdict.assumptions.iter().map(|assumption| &assumption.statement);
            for words in said.chain([&verdict.reason]) {
                assert!(!words.contains("fall") && !words.contains("fell"), "{words}");
            }
            let (effect, interval) = (verdict.effect.unwrap(), verdict.interval.unwrap());
            assert!(interval.low < effect && effect < interval.high, "{verdict:?}");
            if verdict.decision == Decision::Effective {
                assert!(interval.low > 0.0 && verdict.relative_interval.unwrap().low >= 0.15);
                assert!(
                    verdict.reason.contains("was to be expected"),
                    "{}",
                    verdict.reason
                );
            }
            decided.push(verdict.decision);
        }
    }
    for decision in [Decision::Effective, Decision::Ineffective] {
        assert!(decided.contains(&decision), "{decided:?}");
    }
}

#[test]
fn satisfied_answers_that_double_because_others_turned_are_no_change_of_the_collection() {
    let [trial, _] = trials();
    let very_low = |t: f64| if t < EVENT { USUAL } else { 0.3 };
    for seed in 0..10 {
        let change = trial.rollout();
        let course =
            |_: &mut Random| -> Course { Box::new(move |t| if t < change { very_low(t) } else { USUAL }) };
        let verdict = trial.verdict(course, seed);
        let volume = verdict
            .assumptions
            .iter()
            .find(|assumption| assumption.statement.starts_with("the volume of"))
            .unwrap();
        assert_eq!(volume.finding, Finding::Holds, "{}", verdict.reason);
    }
}
