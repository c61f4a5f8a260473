//! Pilots whose truth is known, looked at as often as planned.

use attune_stats::pilot::{
    Arm, Better, Design, Evidence, Guard, Judgement, Measure, Plan, Sample, guard, judge, sample_ratio,
};
use attune_stats::verdict::Decision;

use crate::promise::Frequency;
use crate::random::Random;

const DESIGN: Design = Design {
    measure: Measure::Proportion { baseline: 0.15 },
    better: Better::Lower,
    smallest_effect: 0.02,
    planned_effect: 0.06,
    power: 0.8,
    alpha: 0.05,
    treated_share: 0.5,
    looks: 5,
};

/// Customers of one arm as they come.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    n: u64,
    sum: f64,
    squares: f64,
}

impl Course {
    fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn arm(&self, measure: Measure) -> Arm {
        let n = self.n.max(1) as f64;
        let mean = self.sum / n;
        let outcome = match measure {
            Measure::Proportion { .. } => Sample::Proportion {
                successes: self.sum as u64,
                n: self.n,
            },
            Measure::Mean { .. } => Sample::Mean {
                n: self.n,
                mean,
                deviation: ((self.squares - n * mean * mean).max(0.0) / (n - 1.0).max(1.0)).sqrt(),
            },
        };
        Arm {
            exposed: self.n,
            outcome,
        }
    }
}

/// Runs a pilot in which the change brings `improvement`, looking after every two hundred customers, until it decides.
fn run(plan: &Plan, improvement: f64, random: &mut Random) -> Vec<Judgement> {
    let design = plan.design;
    let sign = if design.better == Better::Lower { -1.0 } else { 1.0 };
    let (mut control, mut treated) = (Course::default(), Course::default());
    let (mut earlier, mut judgements) = (Vec::new(), Vec::new());
    loop {
        for _ in 0..200 {
            let change = random.uniform() < design.treated_share;
            let moved = if change { sign * improvement } else { 0.0 };
            let value = match design.measure {
                Measure::Proportion { baseline } => f64::from(u8::from(random.uniform() < baseline + moved)),
                // Skewed: exponential numbers with the deviation of the plan.
                Measure::Mean { baseline, deviation } => {
                    baseline + moved + random.exponential(deviation) - deviation
                }
            };
            if change { &mut treated } else { &mut control }.add(value);
        }
        let judgement = judge(&Evidence {
            plan,
            earlier: &earlier,
            control: control.arm(design.measure),
            treated: treated.arm(design.measure),
            strata: &[],
            closing: false,
        });
        if judgement.look == 0 && judgement.decision == Decision::NotYet {
            continue;
        }
        earlier.push(judgement.fraction);
        let decided = judgement.decision != Decision::NotYet;
        judgements.push(judgement);
        if decided {
            return judgements;
        }
    }
}

fn decisions(plan: &Plan, improvement: f64, decision: Decision, runs: u64) -> Frequency {
    Frequency::of(runs, |seed| {
        let judgements = run(plan, improvement, &mut Random::seeded(seed));
        judgements.last().unwrap().decision == decision
    })
}

fn designs() -> [(&'static str, Design); 4] {
    let mean = Design {
        measure: Measure::Mean {
            baseline: 4.0,
            deviation: 1.2,
        },
        better: Better::Higher,
        smallest_effect: 0.1,
        planned_effect: 0.3,
        ..DESIGN
    };
    let superiority = Design {
        smallest_effect: 0.0,
        planned_effect: 0.03,
        looks: 1,
        ..DESIGN
    };
    let uneven = Design {
        treated_share: 0.2,
        looks: 3,
        ..DESIGN
    };
    [
        ("shares, 5 looks", DESIGN),
        ("means, 5 looks", mean),
        ("shares, any improvement, 1 look", superiority),
        ("shares, a fifth treated, 3 looks", uneven),
    ]
}

#[test]
fn a_change_that_brings_just_the_smallest_effect_is_rarely_decided_upon_however_often_one_looks() {
    for (name, design) in designs() {
        let plan = design.plan().unwrap();
        for decision in [Decision::Effective, Decision::Ineffective] {
            decisions(&plan, design.smallest_effect, decision, 100)
                .at_most(0.025, &format!("{decision:?} at the smallest effect, {name}"));
        }
    }
}

#[test]
fn the_planned_effect_is_recognised_with_the_planned_power() {
    for (name, design) in designs() {
        let plan = design.plan().unwrap();
        decisions(&plan, design.planned_effect, Decision::Effective, 100)
            .at_least(0.8, &format!("effective at the planned effect, {name}"));
        if design.smallest_effect > 0.0 {
            decisions(&plan, 0.0, Decision::Ineffective, 100)
                .at_least(0.8, &format!("ineffective where nothing changed, {name}"));
        }
    }
}

#[test]
fn the_interval_covers_the_true_effect_at_all_looks_together() {
    for (name, design) in designs() {
        let plan = design.plan().unwrap();
        let truth: f64 = if design.better == Better::Lower {
            -0.04
        } else {
            0.2
        };
        Frequency::of(100, |seed| {
            run(&plan, truth.abs(), &mut Random::seeded(seed))
                .iter()
                .all(|judgement| {
                    // One ratio check in a thousand fails by chance, and then there is no interval.
                    judgement
                        .interval
                        .is_none_or(|interval| interval.low <= truth && truth <= interval.high)
                })
        })
        .at_least(
            0.95,
            &format!("the true effect within every look's interval, {name}"),
        );
    }
}

#[test]
fn asking_between_looks_gives_no_number() {
    let plan = DESIGN.plan().unwrap();
    let arm = |n: u64, successes: u64| Arm {
        exposed: n,
        outcome: Sample::Proportion { successes, n },
    };
    let n = plan.control / 8;
    let evidence = Evidence {
        plan: &plan,
        earlier: &[],
        control: arm(n, n / 3),
        treated: arm(n, 0),
        strata: &[],
        closing: false,
    };
    let early = judge(&evidence);
    assert_eq!(
        (early.decision, early.look, early.effect),
        (Decision::NotYet, 0, None)
    );
    let closing = judge(&Evidence {
        closing: true,
        ..evidence
    });
    assert_eq!((closing.decision, closing.look), (Decision::Effective, 5));
    let again = judge(&Evidence {
        earlier: &[closing.fraction],
        closing: true,
        ..evidence
    });
    assert_eq!((again.decision, again.effect), (Decision::Inconclusive, None));
}

#[test]
fn an_assignment_that_is_two_points_off_is_found_and_sound_ones_are_let_pass() {
    let split = |share: f64, seed: u64| {
        let mut random = Random::seeded(seed);
        let treated = u64::from(random.binomial(50_000, share));
        sample_ratio(50_000 - treated, treated, 0.5)
    };
    Frequency::of(1_000, |seed| !split(0.5, seed).holds).at_most(0.001, "sound splits of 50,000 reported");
    Frequency::of(200, |seed| !split(0.48, seed).holds).at_least(0.99, "48 : 52 reported at 50,000");
    Frequency::of(200, |seed| !split(0.49, seed).holds).at_least(0.85, "49 : 51 reported at 50,000");
}

#[test]
fn arms_that_must_not_be_compared_are_not() {
    let plan = DESIGN.plan().unwrap();
    let judged = |control: (u64, u64), treated: (u64, u64)| {
        let arm = |(exposed, n)| Arm {
            exposed,
            outcome: Sample::Proportion { successes: n / 5, n },
        };
        let judgement = judge(&Evidence {
            plan: &plan,
            earlier: &[],
            control: arm(control),
            treated: arm(treated),
            strata: &[],
            closing: true,
        });
        (judgement.effect.is_some(), judgement.reason)
    };
    assert!(judged((4000, 2000), (4010, 2010)).0);
    let (compared, reason) = judged((4000, 4000), (3600, 3600));
    assert!(!compared && reason.contains("planned sizes"), "{reason}");
    let (compared, reason) = judged((4000, 2000), (4010, 1700));
    assert!(!compared && reason.contains("has an outcome"), "{reason}");
    let number = Sample::Mean {
        n: 4000,
        mean: 4.0,
        deviation: 1.0,
    };
    let mixed = judge(&Evidence {
        plan: &plan,
        earlier: &[],
        control: Arm {
            exposed: 4000,
            outcome: number,
        },
        treated: Arm {
            exposed: 4000,
            outcome: number,
        },
        strata: &[],
        closing: true,
    });
    assert_eq!((mixed.decision, mixed.effect), (Decision::Inconclusive, None));
}

#[test]
fn a_guard_stops_harm_and_rarely_anything_else() {
    let plan = DESIGN.plan().unwrap();
    let stops = |harm: f64, seed: u64| {
        let mut random = Random::seeded(seed);
        let (mut control, mut treated) = (Course::default(), Course::default());
        let judgements = run(&plan, DESIGN.planned_effect, &mut random);
        judgements.iter().any(|judgement| {
            let mut follow = |arm: &mut Course, n: u64, share: f64| {
                while arm.n < n {
                    arm.add(f64::from(u8::from(random.uniform() < share)));
                }
                arm.arm(DESIGN.measure).outcome
            };
            let guarded = Guard {
                better: Better::Higher,
                tolerated: 0.01,
                control: follow(&mut control, judgement.control_n, 0.7),
                treated: follow(&mut treated, judgement.treated_n, 0.7 - harm),
                strata: &[],
            };
            guard(judgement, &guarded).breached
        })
    };
    Frequency::of(100, |seed| stops(0.01, seed)).at_most(0.025, "a guard at just the tolerated harm");
    Frequency::of(100, |seed| stops(0.2, seed)).at_least(0.9, "a guard at large harm");
}

#[test]
fn a_design_that_cannot_be_planned_with_says_which_field_and_why() {
    let refused = |design: Design| design.plan().unwrap_err().field;
    assert_eq!(
        refused(Design {
            planned_effect: 0.2,
            ..DESIGN
        }),
        "planned_effect"
    );
    assert_eq!(
        refused(Design {
            smallest_effect: 0.06,
            ..DESIGN
        }),
        "planned_effect"
    );
    assert_eq!(
        refused(Design {
            power: f64::NAN,
            ..DESIGN
        }),
        "power"
    );
    assert_eq!(
        refused(Design {
            treated_share: 1.0,
            ..DESIGN
        }),
        "treated_share"
    );
    assert_eq!(refused(Design { looks: 0, ..DESIGN }), "looks");
}
