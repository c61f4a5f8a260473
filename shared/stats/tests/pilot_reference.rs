//! Pilots held against scipy and statsmodels. The values are printed by `shared/stats/reference/pilot.py`, whose first
//! lines say how to run it (scipy 1.17.1, statsmodels 0.15.0); `-- --nocapture` prints what was compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails says so, and its figures are printed"
)]

use attune_stats::pilot::{
    Arm, Better, Design, Evidence, Judgement, Measure, Plan, Sample, Stratum, judge, sample_ratio,
};
use attune_stats::verdict::boundaries;

fn compared(what: &str, computed: f64, reference: f64, tolerance: f64) {
    println!("{what}: computed {computed}, reference {reference}");
    assert!(
        (computed - reference).abs() <= tolerance,
        "{what}: {computed} instead of {reference}"
    );
}

const DESIGN: Design = Design {
    measure: Measure::Proportion { baseline: 0.15 },
    better: Better::Lower,
    smallest_effect: 0.0,
    planned_effect: 0.045,
    power: 0.8,
    alpha: 0.05,
    treated_share: 0.5,
    looks: 1,
};

#[test]
fn the_sample_for_two_shares_is_that_of_statsmodels() {
    let higher = Design {
        measure: Measure::Proportion { baseline: 0.6 },
        better: Better::Higher,
        smallest_effect: 0.02,
        planned_effect: 0.06,
        ..DESIGN
    };
    let rare = Design {
        measure: Measure::Proportion { baseline: 0.05 },
        smallest_effect: 0.01,
        planned_effect: 0.02,
        alpha: 0.10,
        treated_share: 0.3,
        ..DESIGN
    };
    let uneven = Design {
        power: 0.9,
        treated_share: 0.2,
        ..DESIGN
    };
    for (design, both_arms) in [
        (DESIGN, 1716.87),
        (uneven, 3265.08),
        (higher, 18_837.31),
        (rare, 13_984.36),
    ] {
        let plan = design.plan().unwrap();
        // Each arm is rounded up.
        compared(
            "customers in both arms",
            (plan.control + plan.treated) as f64,
            both_arms + 1.0,
            1.0,
        );
        let share = plan.treated as f64 / (plan.control + plan.treated) as f64;
        compared("share treated", share, design.treated_share, 0.001);
    }
}

#[test]
fn the_sample_for_two_means_is_that_of_statsmodels() {
    for (planned_effect, deviation, power, alpha, treated_share, control, treated) in [
        (0.3, 1.2, 0.8, 0.05, 0.5, 252.13, 252.13),
        (0.5, 1.0, 0.9, 0.05, 0.5, 85.03, 85.03),
        (0.2, 1.5, 0.8, 0.10, 0.25, 1392.02, 464.01),
    ] {
        let design = Design {
            measure: Measure::Mean {
                baseline: 4.0,
                deviation,
            },
            better: Better::Higher,
            planned_effect,
            power,
            alpha,
            treated_share,
            ..DESIGN
        };
        let plan = design.plan().unwrap();
        compared("control", plan.control as f64, control + 0.5, 1.0);
        compared("treated", plan.treated as f64, treated + 0.5, 1.0);
    }
}

#[test]
fn the_looks_are_those_of_the_multivariate_normal_distribution() {
    for (fractions, alpha, criticals) in [
        (vec![0.5, 1.0], 0.05, vec![2.9626, 1.9686]),
        (vec![0.3, 0.7, 1.0], 0.05, vec![3.9286, 2.4387, 2.0000]),
        (
            vec![0.25, 0.5, 0.75, 1.0],
            0.10,
            vec![3.7496, 2.5399, 2.0161, 1.7202],
        ),
    ] {
        for (computed, reference) in boundaries(&fractions, alpha).into_iter().zip(criticals) {
            compared("critical value", computed, reference, 0.002);
        }
    }
    for (looks, alpha, power, inflation) in [
        (2, 0.05, 0.8, 1.0037),
        (2, 0.05, 0.9, 1.0034),
        (4, 0.10, 0.8, 1.0289),
        (4, 0.10, 0.9, 1.0268),
    ] {
        let design = Design {
            looks,
            alpha,
            power,
            ..DESIGN
        };
        compared("inflation", design.plan().unwrap().inflation, inflation, 0.001);
    }
}

fn shares(successes: u64, n: u64) -> Sample {
    Sample::Proportion { successes, n }
}

/// The judgement of a single look that is due by its deadline.
fn judged(plan: &Plan, treated: Sample, control: Sample) -> Judgement {
    judged_in(plan, (treated, control), &[])
}

/// The same by strata.
fn judged_in(plan: &Plan, (treated, control): (Sample, Sample), strata: &[Stratum]) -> Judgement {
    let judgement = judge(&Evidence {
        plan,
        earlier: &[],
        control: Arm {
            exposed: control.n(),
            outcome: control,
        },
        treated: Arm {
            exposed: treated.n(),
            outcome: treated,
        },
        strata,
        closing: true,
    });
    println!("{}", judgement.reason);
    judgement
}

/// A plan that expects arms of these sizes and takes one look.
fn one_look(measure: Measure, alpha: f64, treated: u64, control: u64) -> Plan {
    Design {
        measure,
        alpha,
        treated_share: treated as f64 / (treated + control) as f64,
        ..DESIGN
    }
    .plan()
    .unwrap()
}

#[test]
fn the_interval_of_two_shares_is_newcombes() {
    for (s1, n1, s2, n2, alpha, low, high) in [
        (56, 70, 48, 80, 0.05, 0.052_431, 0.333_873),
        (9, 10, 3, 10, 0.05, 0.170_523, 0.809_018),
        (0, 29, 5, 56, 0.05, -0.192_560, 0.038_137),
        (120, 2000, 181, 1900, 0.01, -0.057_704, -0.013_226),
    ] {
        let plan = one_look(DESIGN.measure, alpha, n1, n2);
        let interval = judged(&plan, shares(s1, n1), shares(s2, n2)).interval.unwrap();
        compared("low", interval.low, low, 2e-6);
        compared("high", interval.high, high, 2e-6);
    }
}

#[test]
fn the_interval_of_two_means_is_welchs() {
    for ((n1, m1, d1), (n2, m2, d2), alpha, low, high) in [
        ((40, 4.1, 1.1), (35, 3.8, 1.4), 0.05, -0.286_648, 0.886_648),
        ((12, 5.2, 0.4), (9, 4.6, 1.9), 0.05, -0.868_534, 2.068_534),
        ((800, 61.0, 12.0), (1900, 59.5, 14.5), 0.01, 0.109_825, 2.890_175),
    ] {
        let measure = Measure::Mean {
            baseline: m2,
            deviation: d2,
        };
        let plan = one_look(measure, alpha, n1, n2);
        let sample = |n, mean, deviation| Sample::Mean { n, mean, deviation };
        let interval = judged(&plan, sample(n1, m1, d1), sample(n2, m2, d2))
            .interval
            .unwrap();
        // Above two hundred degrees of freedom Student's quantile is taken as the normal one: half a percent.
        let tolerance = if n1 + n2 > 200 { 0.01 } else { 2e-6 };
        compared("low", interval.low, low, tolerance);
        compared("high", interval.high, high, tolerance);
    }
}

#[test]
fn the_sample_ratio_is_pearsons() {
    for (control, treated, share, p) in [
        (25_500, 24_500, 0.5, 7.744_216e-6),
        (8_200, 1_800, 0.2, 5.733_031e-7),
        (2_010, 1_990, 0.5, 7.518_296e-1),
    ] {
        let check = sample_ratio(control, treated, share);
        compared("p-value over the reference", check.p_value / p, 1.0, 1e-5);
        assert_eq!(check.holds, p >= 0.001);
    }
}

/// The judgement by strata of so many assigned, with the outcomes of treated and control.
fn by_strata(measure: Measure, alpha: f64, strata: &[(u64, Sample, Sample)]) -> Judgement {
    let strata: Vec<Stratum> = strata
        .iter()
        .map(|&(assigned, treated, control)| Stratum {
            name: "one".to_owned(),
            assigned,
            control,
            treated,
        })
        .collect();
    let all = |arm: fn(&Stratum) -> Sample| {
        strata
            .iter()
            .map(arm)
            .reduce(|one, other| one.with(&other))
            .unwrap()
    };
    let (treated, control) = (all(|one| one.treated), all(|one| one.control));
    let plan = one_look(measure, alpha, treated.n(), control.n());
    judged_in(&plan, (treated, control), &strata)
}

fn compared_effect(found: &Judgement, (effect, low, high): (f64, f64, f64), tolerance: f64) {
    let interval = found.interval.unwrap();
    compared("effect", found.effect.unwrap(), effect, 2e-6);
    compared("low", interval.low, low, tolerance);
    compared("high", interval.high, high, tolerance);
}

#[test]
fn post_stratified_shares_have_the_limits_recovered_from_wilsons() {
    let three = [
        (4000, shares(50, 500), shares(100, 500)),
        (1500, shares(30, 90), shares(60, 120)),
        (700, shares(4, 40), shares(9, 55)),
    ];
    let two = [
        (900, shares(56, 70), shares(48, 80)),
        (2100, shares(41, 200), shares(30, 260)),
    ];
    let found = by_strata(DESIGN.measure, 0.05, &three);
    compared_effect(&found, (-0.112_023, -0.156_156, -0.065_516), 2e-6);
    let found = by_strata(DESIGN.measure, 0.01, &two);
    compared_effect(&found, (0.122_731, 0.037_880, 0.205_430), 2e-6);
}

#[test]
fn post_stratified_means_are_those_of_least_squares() {
    let sample = |(n, mean, deviation)| Sample::Mean { n, mean, deviation };
    let stratum = |(assigned, treated, control)| (assigned, sample(treated), sample(control));
    let measure = Measure::Mean {
        baseline: 3.0,
        deviation: 1.0,
    };
    let three = [
        (
            600,
            (30, 2.585_930_307, 0.836_241_553),
            (45, 2.934_278_590, 0.909_732_932),
        ),
        (
            300,
            (25, 4.246_924_388, 1.704_039_715),
            (28, 3.646_658_982, 1.817_336_901),
        ),
        (
            100,
            (21, 5.604_382_986, 2.894_862_974),
            (24, 4.142_895_696, 2.453_676_799),
        ),
    ];
    let found = by_strata(measure, 0.05, &three.map(stratum));
    compared_effect(&found, (0.117_219, -0.290_823, 0.525_262), 2e-6);
    let two = [
        (
            80,
            (22, 3.021_825_863, 0.761_529_281),
            (20, 3.112_018_638, 1.197_089_570),
        ),
        (
            240,
            (40, 3.638_171_939, 2.020_891_121),
            (31, 4.039_823_418, 1.837_715_516),
        ),
    ];
    let found = by_strata(measure, 0.10, &two.map(stratum));
    compared_effect(&found, (-0.323_787, -0.912_330, 0.264_757), 2e-6);
}
