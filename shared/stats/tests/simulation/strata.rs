//! Pilots whose customers belong to strata that differ in everything: in size, in level, in how much the change does there,
//! and in how many of them answer.

use attune_stats::pilot::{Arm, Better, Design, Evidence, Judgement, Measure, Plan, Sample, Stratum, judge};
use attune_stats::verdict::Decision;

use crate::promise::Frequency;
use crate::random::Random;

/// A part of the customers.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Its share of all customers.
    share: f64,
    /// Its level without the change.
    level: f64,
    /// What the change adds.
    effect: f64,
    /// How many of those exposed answer.
    answering: f64,
    /// The deviation between its customers, where a number is measured.
    deviation: f64,
}

const fn part(share: f64, level: f64, effect: f64, answering: f64, deviation: f64) -> Part {
    Part {
        share,
        level,
        effect,
        answering,
        deviation,
    }
}

/// Few large customers who answer often, and complain often: the change does most for them.
const SHARES: [Part; 4] = [
    part(0.62, 0.06, -0.01, 0.3, 0.0),
    part(0.25, 0.20, -0.05, 0.6, 0.0),
    part(0.12, 0.50, -0.20, 0.9, 0.0),
    part(0.01, 0.40, -0.10, 0.5, 0.0),
];
const MEANS: [Part; 4] = [
    part(0.62, 3.0, 0.0, 0.3, 0.8),
    part(0.25, 4.5, 0.20, 0.6, 1.5),
    part(0.12, 6.0, 1.20, 0.9, 2.5),
    part(0.01, 2.0, 0.30, 0.5, 1.0),
];

/// The effect on all customers.
fn truth(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.share * part.effect).sum()
}

fn design(measure: Measure, better: Better, smallest_effect: f64, looks: u32) -> Design {
    Design {
        measure,
        better,
        smallest_effect,
        planned_effect: 2.0 * smallest_effect,
        power: 0.8,
        alpha: 0.05,
        treated_share: 0.3,
        looks,
    }
}

const SHARE: Measure = Measure::Proportion { baseline: 0.15 };
const MEAN: Measure = Measure::Mean {
    baseline: 3.7,
    deviation: 1.8,
};

/// The designs under which the change brings just the smallest effect, and their worlds.
fn worlds(looks: u32) -> [(&'static str, Design, [Part; 4]); 2] {
    [
        (
            "shares",
            design(SHARE, Better::Lower, truth(&SHARES).abs(), looks),
            SHARES,
        ),
        ("means", design(MEAN, Better::Higher, truth(&MEANS), looks), MEANS),
    ]
}

#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    exposed: u64,
    n: u64,
    sum: f64,
    squares: f64,
}

impl Outcomes {
    fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn sample(&self, measure: Measure) -> Sample {
        let n = self.n.max(1) as f64;
        let mean = self.sum / n;
        match measure {
            Measure::Proportion { .. } => Sample::Proportion {
                successes: self.sum as u64,
                n: self.n,
            },
            Measure::Mean { .. } => Sample::Mean {
                n: self.n,
                mean,
                deviation: ((self.squares - n * mean * mean).max(0.0) / (n - 1.0).max(1.0)).sqrt(),
            },
        }
    }
}

/// The customers of a pilot so far: of each part those without the change and those with it.
#[derive(Debug, Clone, Default)]
struct Crowd([[Outcomes; 2]; 4]);

impl Crowd {
    fn admit(&mut self, plan: &Plan, parts: &[Part; 4], random: &mut Random) {
        let at = random.uniform();
        let mut below = 0.0;
        let place = parts.iter().position(|part| {
            below += part.share;
            at < below
        });
        let place = place.unwrap_or(0);
        let part = parts[place];
        let change = random.uniform() < plan.design.treated_share;
        let outcomes = &mut self.0[place][usize::from(change)];
        outcomes.exposed += 1;
        if random.uniform() >= part.answering {
            return;
        }
        let level = part.level + if change { part.effect } else { 0.0 };
        outcomes.add(match plan.design.measure {
            Measure::Proportion { .. } => f64::from(u8::from(random.uniform() < level)),
            Measure::Mean { .. } => level + random.exponential(part.deviation) - part.deviation,
        });
    }

    fn strata(&self, measure: Measure) -> Vec<Stratum> {
        let stratum = |(place, [control, treated]): (usize, &[Outcomes; 2])| Stratum {
            name: place.to_string(),
            assigned: control.exposed + treated.exposed,
            control: control.sample(measure),
            treated: treated.sample(measure),
        };
        self.0.iter().enumerate().map(stratum).collect()
    }

    fn judged(&self, plan: &Plan, stratified: bool, (earlier, closing): (&[f64], bool)) -> Judgement {
        let strata = self.strata(plan.design.measure);
        let arm = |of: usize, outcome: fn(&Stratum) -> Sample| Arm {
            exposed: self.0.iter().map(|part| part[of].exposed).sum(),
            outcome: strata
                .iter()
                .map(outcome)
                .reduce(|one, other| one.with(&other))
                .unwrap(),
        };
        judge(&Evidence {
            plan,
            earlier,
            control: arm(0, |stratum| stratum.control),
            treated: arm(1, |stratum| stratum.treated),
            strata: if stratified { &strata } else { &[] },
            closing,
        })
    }
}

/// Runs a pilot, looking after every so many customers, until it decides.
fn run(plan: &Plan, parts: &[Part; 4], random: &mut Random) -> Judgement {
    let (mut crowd, mut earlier) = (Crowd::default(), Vec::new());
    loop {
        for _ in 0..500 {
            crowd.admit(plan, parts, random);
        }
        let judgement = crowd.judged(plan, true, (&earlier, false));
        if judgement.decision != Decision::NotYet {
            return judgement;
        }
        if judgement.look > 0 {
            earlier.push(judgement.fraction);
        }
    }
}

/// One look at so many customers.
fn once(plan: &Plan, parts: &[Part; 4], (customers, seed): (u32, u64), stratified: bool) -> Judgement {
    let (mut crowd, mut random) = (Crowd::default(), Random::seeded(seed));
    for _ in 0..customers {
        crowd.admit(plan, parts, &mut random);
    }
    crowd.judged(plan, stratified, (&[], true))
}

#[test]
fn just_the_smallest_effect_is_rarely_decided_upon_whatever_the_strata() {
    for looks in [1, 3] {
        for (name, design, parts) in worlds(looks) {
            let plan = design.plan().unwrap();
            for decision in [Decision::Effective, Decision::Ineffective] {
                Frequency::of(100, |seed| {
                    run(&plan, &parts, &mut Random::seeded(seed)).decision == decision
                })
                .at_most(
                    0.025,
                    &format!("{decision:?} at the smallest effect, {name}, {looks} looks"),
                );
            }
        }
    }
}

#[test]
fn the_interval_is_as_wide_as_it_says() {
    for (name, design, parts) in worlds(1) {
        let plan = design.plan().unwrap();
        let truth = truth(&parts);
        for customers in [600, 4000] {
            let covered = Frequency::of(400, |seed| {
                let judgement = once(&plan, &parts, (customers, seed), true);
                // One ratio check in a thousand fails by chance, and then there is no interval.
                judgement
                    .interval
                    .is_none_or(|interval| interval.low <= truth && truth <= interval.high)
            });
            let what = format!("the true effect within the interval, {name}, {customers} customers");
            covered.at_least(0.93, &what);
            covered.at_most(0.97, &what);
        }
    }
}

#[test]
fn without_strata_those_who_answer_most_decide() {
    for (name, design, parts) in worlds(1) {
        let plan = design.plan().unwrap();
        let truth = truth(&parts);
        let covers = |seed: u64, stratified: bool| {
            let interval = once(&plan, &parts, (20_000, seed), stratified).interval;
            interval.is_none_or(|interval| interval.low <= truth && truth <= interval.high)
        };
        Frequency::of(60, |seed| covers(seed, false)).at_most(0.3, &format!("{name}, all customers alike"));
        Frequency::of(60, |seed| covers(seed, true)).at_least(0.93, &format!("{name}, by strata"));
    }
}
