//! The effect of a pilot whose customers belong to strata.

use serde::{Deserialize, Serialize};

use super::arm::{Sample, difference, wilson};
use super::plan::level;
use crate::distribution::student_critical;
use crate::verdict::{Assumption, Finding, Interval};

/// Outcomes needed in each arm of a stratum that is compared by itself: with fewer, what is gained by comparing alike with
/// alike is lost to the estimate within it (Cochran, Sampling Techniques, 1977, section 5A.9: "reasonably large, say > 20,
/// in every stratum").
const FEWEST: u64 = 20;

/// The customers of one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// What it is called.
    pub name: String,
    /// How many of its customers were assigned to either arm: their share of all assigned is its weight.
    pub assigned: u64,
    /// The outcomes of those without the change.
    pub control: Sample,
    /// The outcomes of those with it.
    pub treated: Sample,
}

/// What a stratum showed at a look, beside the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumEffect {
    /// What it is called.
    pub name: String,
    /// Its share of all customers assigned, 0 to 1: what it counts for in the total.
    pub weight: f64,
    /// Customers with an outcome in the control arm.
    pub control_n: u64,
    /// Customers with an outcome in the treated arm.
    pub treated_n: u64,
    /// `treated − control`; none without outcomes in both arms.
    pub effect: Option<f64>,
    /// The interval of the effect in this stratum taken by itself, as wide as the total's at this look. Of many strata one
    /// may stand out by chance: the total decides.
    pub interval: Option<Interval>,
    /// Whether it has too few outcomes in an arm and stands in the total together with others.
    pub together: bool,
}

/// The arms of everybody, or of the strata weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Contrast {
    /// The level without the change.
    pub(super) control: f64,
    /// The level with it.
    pub(super) treated: f64,
    /// The interval of the difference.
    pub(super) interval: Interval,
}

/// What is compared within itself: a stratum, or several that have too few outcomes each.
#[derive(Debug, Clone, Copy)]
struct Cell {
    assigned: u64,
    control: Sample,
    treated: Sample,
}

impl Cell {
    fn is_enough(&self) -> bool {
        enough(&self.control, &self.treated)
    }

    fn with(self, other: Self) -> Self {
        Self {
            assigned: self.assigned + other.assigned,
            control: self.control.with(&other.control),
            treated: self.treated.with(&other.treated),
        }
    }
}

fn enough(control: &Sample, treated: &Sample) -> bool {
    control.n() >= FEWEST && treated.n() >= FEWEST
}

/// Compares the arms at a look: without strata everybody with everybody, else post-stratified. None where the samples cannot
/// be compared.
///
/// The post-stratified effect is `Σ w_h (treated_h − control_h)` with the strata's shares `w_h` of all customers assigned, so
/// that neither chance in who was assigned nor in who answered tips it (Miratrix, Sekhon and Yu, Adjusting treatment effect
/// estimates by post-stratification in randomized experiments, Journal of the Royal Statistical Society B 75(2), 2013).
/// Its variance is taken given how many of each stratum have an outcome, `Σ w_h² (s²_treated,h/n_treated,h +
/// s²_control,h/n_control,h)` (Holt and Smith, Post stratification, Journal of the Royal Statistical Society A 142(1), 1979).
///
/// Shares: the limits are recovered from Wilson's of each stratum and arm, `effect ∓ √Σ w_h² (d²_treated,h + d²_control,h)`
/// with the distances `d` from each share to its limit on the side concerned (Zou, Huang and Zhang, A note on confidence
/// interval estimation for a linear function of binomial proportions, Computational Statistics & Data Analysis 53(4), 2009);
/// with one stratum that is Newcombe's interval. Means: Student's interval with Satterthwaite's degrees of freedom
/// (Biometrics Bulletin 2(6), 1946); with one stratum that is Welch's.
pub(super) fn contrast(
    (control, treated): (&Sample, &Sample),
    strata: &[Stratum],
    critical: f64,
) -> Option<Contrast> {
    let cells = cells(strata);
    if cells.len() < 2 {
        return Some(Contrast {
            control: control.value(),
            treated: treated.value(),
            interval: difference(treated, control, critical)?,
        });
    }
    let all: u64 = cells.iter().map(|cell| cell.assigned).sum();
    let weighted: Vec<(f64, Cell)> = cells
        .into_iter()
        .map(|cell| (cell.assigned as f64 / all as f64, cell))
        .collect();
    let level_of = |arm: fn(&Cell) -> &Sample| -> f64 {
        weighted
            .iter()
            .map(|(weight, cell)| weight * arm(cell).value())
            .sum()
    };
    let (control, treated) = (level_of(|cell| &cell.control), level_of(|cell| &cell.treated));
    let (below, above) = reach(&weighted, critical)?;
    let effect = treated - control;
    Some(Contrast {
        control,
        treated,
        interval: Interval {
            low: effect - below,
            high: effect + above,
        },
    })
}

/// The strata that can be compared by themselves, and the others taken together. Where these still have too few outcomes, the
/// stratum with the fewest customers joins them, and so on: every customer assigned counts, none of them by a comparison that
/// cannot be made. What is taken together is decided by how many there are, never by what they said.
fn cells(strata: &[Stratum]) -> Vec<Cell> {
    let inhabited = strata.iter().filter(|stratum| stratum.assigned > 0);
    let cells = inhabited.map(|stratum| Cell {
        assigned: stratum.assigned,
        control: stratum.control,
        treated: stratum.treated,
    });
    let (mut cells, few): (Vec<Cell>, Vec<Cell>) = cells.partition(Cell::is_enough);
    let Some(mut together) = few.into_iter().reduce(Cell::with) else {
        return cells;
    };
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.assigned));
    while !together.is_enough()
        && let Some(smallest) = cells.pop()
    {
        together = together.with(smallest);
    }
    cells.push(together);
    cells
}

/// How far the limits of the weighted difference lie below and above it.
fn reach(cells: &[(f64, Cell)], critical: f64) -> Option<(f64, f64)> {
    let shares = cells
        .iter()
        .all(|(_, cell)| cell.control.is_share() && cell.treated.is_share());
    if shares {
        let (mut below, mut above) = (0.0, 0.0);
        for (weight, Cell { control, treated, .. }) in cells {
            let (t, c) = (wilson(treated, critical), wilson(control, critical));
            let square = |distance: f64| (weight * distance).powi(2);
            below += square(treated.value() - t.low) + square(c.high - control.value());
            above += square(t.high - treated.value()) + square(control.value() - c.low);
        }
        return Some((below.sqrt(), above.sqrt()));
    }
    let (mut variance, mut spread) = (0.0, 0.0);
    for (weight, Cell { control, treated, .. }) in cells {
        for sample in [control, treated] {
            let (own, freedom) = sample.variance_of_mean()?;
            let own = weight * weight * own;
            variance += own;
            spread += own * own / freedom;
        }
    }
    let freedom = variance * variance / spread.max(f64::MIN_POSITIVE);
    let half = student_critical(level(critical), freedom) * variance.sqrt();
    Some((half, half))
}

/// What each stratum shows by itself at a look, in their order.
pub(super) fn effects(strata: &[Stratum], critical: f64) -> Vec<StratumEffect> {
    let all: u64 = strata.iter().map(|stratum| stratum.assigned).sum();
    let effect = |stratum: &Stratum| {
        let Stratum {
            name,
            assigned,
            control,
            treated,
        } = stratum;
        let both = control.n() > 0 && treated.n() > 0;
        StratumEffect {
            name: name.clone(),
            weight: *assigned as f64 / all.max(1) as f64,
            control_n: control.n(),
            treated_n: treated.n(),
            effect: both.then(|| treated.value() - control.value()),
            interval: difference(treated, control, critical).filter(|_| both),
            together: *assigned > 0 && !enough(control, treated),
        }
    };
    strata.iter().map(effect).collect()
}

/// Whether every stratum can be compared by itself; none without strata.
pub(super) fn assumption(strata: &[Stratum]) -> Option<Assumption> {
    if strata.is_empty() {
        return None;
    }
    let few: Vec<&str> = strata
        .iter()
        .filter(|stratum| stratum.assigned > 0 && !enough(&stratum.control, &stratum.treated))
        .map(|stratum| stratum.name.as_str())
        .collect();
    let together = match (few.as_slice(), cells(strata).len()) {
        ([], _) => String::new(),
        (few, 0 | 1) => format!(
            "; {} have fewer than {FEWEST} in an arm, and so few are left that everybody is compared with everybody",
            few.join(", ")
        ),
        (few, _) => format!(
            "; {} have fewer than {FEWEST} in an arm and are taken together, with the smallest of the others where they need \
             it",
            few.join(", ")
        ),
    };
    let counted = strata.iter().map(|stratum| {
        let Stratum {
            name,
            assigned,
            control,
            treated,
        } = stratum;
        format!("{name}: {assigned} assigned, {control:?} and {treated:?}")
    });
    let counted: Vec<String> = counted.collect();
    Some(Assumption {
        statement: "every stratum has enough outcomes in both arms to be compared by itself".to_owned(),
        finding: if few.is_empty() {
            Finding::Holds
        } else {
            Finding::Untestable
        },
        detail: format!("{}{together}", counted.join("; ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(successes: u64, n: u64) -> Sample {
        Sample::Proportion { successes, n }
    }

    fn stratum(name: &str, assigned: u64, control: (u64, u64), treated: (u64, u64)) -> Stratum {
        Stratum {
            name: name.to_owned(),
            assigned,
            control: shares(control.0, control.1),
            treated: shares(treated.0, treated.1),
        }
    }

    fn whole(strata: &[Stratum]) -> (Sample, Sample) {
        let pooled = |arm: fn(&Stratum) -> Sample| {
            strata
                .iter()
                .map(arm)
                .reduce(|one, other| one.with(&other))
                .unwrap()
        };
        (
            pooled(|stratum| stratum.control),
            pooled(|stratum| stratum.treated),
        )
    }

    fn compared(strata: &[Stratum]) -> Contrast {
        let (control, treated) = whole(strata);
        contrast((&control, &treated), strata, 1.959_964).unwrap()
    }

    #[test]
    fn who_answers_more_does_not_count_more() {
        // In both strata the change takes away half of the complaints. Regular customers answer little and complain little.
        let strata = [
            stratum("new", 1000, (160, 400), (80, 400)),
            stratum("regular", 3000, (10, 100), (5, 100)),
        ];
        let found = compared(&strata);
        assert!(
            (found.control - (0.25 * 0.4 + 0.75 * 0.1)).abs() < 1e-12,
            "{found:?}"
        );
        assert!((found.treated - (0.25 * 0.2 + 0.75 * 0.05)).abs() < 1e-12);
        let interval = found.interval;
        assert!(interval.low < -0.0875 && -0.0875 < interval.high, "{found:?}");
    }

    #[test]
    fn one_stratum_is_compared_as_everybody_is() {
        let strata = [stratum("all", 500, (48, 80), (56, 70))];
        let (control, treated) = whole(&strata);
        let found = compared(&strata);
        let same = difference(&treated, &control, 1.959_964).unwrap();
        assert_eq!(found.interval, same);
    }

    #[test]
    fn strata_with_too_few_outcomes_are_taken_together_and_nobody_is_left_out() {
        let strata = [
            stratum("large", 4000, (100, 500), (50, 500)),
            stratum("small", 200, (10, 100), (10, 100)),
            stratum("tiny", 100, (3, 15), (0, 0)),
            stratum("nobody", 0, (0, 0), (0, 0)),
        ];
        // The tiny one needs the small one beside it.
        let found = cells(&strata);
        assert_eq!(found.len(), 2);
        let assigned: Vec<u64> = found.iter().map(|cell| cell.assigned).collect();
        assert_eq!(assigned, [4000, 300]);
        let said = assumption(&strata).unwrap();
        assert_eq!(said.finding, Finding::Untestable);
        assert!(
            said.detail
                .contains("tiny have fewer than 20 in an arm and are taken together"),
            "{said:?}"
        );
        let shown = effects(&strata, 1.96);
        let together: Vec<bool> = shown.iter().map(|effect| effect.together).collect();
        assert_eq!(together, [false, false, true, false]);
        assert!(shown[2].effect.is_none() && shown[2].interval.is_none());
        assert!((shown[0].effect.unwrap() + 0.1).abs() < 1e-12);

        let few = [
            stratum("one", 50, (5, 19), (2, 30)),
            stratum("two", 60, (4, 25), (3, 10)),
        ];
        let (control, treated) = whole(&few);
        let pooled = difference(&treated, &control, 1.959_964).unwrap();
        assert_eq!(compared(&few).interval, pooled);
        assert!(
            assumption(&few)
                .unwrap()
                .detail
                .contains("everybody is compared with everybody")
        );
    }

    #[test]
    fn numbers_of_strata_put_together_are_those_of_all_their_customers() {
        let numbers: [f64; 7] = [1.0, 4.0, 2.0, 7.0, 5.0, 5.0, 6.5];
        let sample = |numbers: &[f64]| {
            let n = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / n;
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            Sample::Mean {
                n: numbers.len() as u64,
                mean,
                deviation: (squares / (n - 1.0)).sqrt(),
            }
        };
        let put = sample(&numbers[..3]).with(&sample(&numbers[3..]));
        let (
            Sample::Mean { n, mean, deviation },
            Sample::Mean {
                mean: m,
                deviation: d,
                ..
            },
        ) = (put, sample(&numbers))
        else {
            panic!("{put:?}");
        };
        assert!(n == 7 && (mean - m).abs() < 1e-12 && (deviation - d).abs() < 1e-12);
        let nobody = Sample::Mean {
            n: 0,
            mean: 0.0,
            deviation: 0.0,
        };
        assert_eq!(nobody.with(&put), put);
        assert_eq!(put.with(&nobody), put);
    }
}
