//! How often one may look: critical values that spend the error rate over the planned looks.

use crate::distribution::{normal_quantile, normal_sf};

/// Points of the numerical integration; the critical values are exact to three decimals.
const GRID: usize = 200;

/// The critical value, in standard errors, for each look at the given increasing fractions of the planned n, so
/// that all looks together keep the two-sided error rate `alpha` (Lan and `DeMets`, Discrete sequential boundaries
/// for clinical trials, Biometrika 70(3), 1983, with the O'Brien–Fleming type spending function; computed by the
/// recursive integration of Armitage, `McPherson` and Rowe, JRSS A 132(2), 1969).
///
/// Fractions that do not increase are never reached and get an infinite critical value.
pub fn boundaries(fractions: &[f64], alpha: f64) -> Vec<f64> {
    let spent: Vec<_> = fractions
        .iter()
        .map(|&fraction| (fraction, spending(fraction.min(1.0), alpha)))
        .collect();
    boundaries_spending(&spent)
}

/// The same for looks that say themselves how much of the one-sided error rate is spent after them.
pub(crate) fn boundaries_spending(looks: &[(f64, f64)]) -> Vec<f64> {
    let mut density: Option<Density> = None;
    let mut last: Option<(f64, f64)> = None;
    let mut spent = 0.0;
    let mut previous = 0.0;
    looks
        .iter()
        .map(|&(fraction, target)| {
            let fraction = fraction.min(1.0);
            if fraction <= previous {
                return f64::INFINITY;
            }
            if let Some((step, bound)) = last {
                density = Some(Density::after(density.as_ref(), step, bound, 0.0));
            }
            let step = fraction - previous;
            let bound = match &density {
                None => normal_quantile(1.0 - target) * fraction.sqrt(),
                Some(before) => before.bound(step, target - spent),
            };
            last = Some((step, bound));
            (spent, previous) = (target, fraction);
            bound / fraction.sqrt()
        })
        .collect()
}

/// The one-sided error rate spent by this fraction.
pub(crate) fn spending(fraction: f64, alpha: f64) -> f64 {
    2.0 * normal_sf(normal_quantile(1.0 - alpha / 4.0) / fraction.sqrt())
}

/// The probability that looks at these increasing fractions cross their critical values on the upper side, when the
/// statistic at the full planned n is expected to be `drift` standard errors.
pub(crate) fn crossing(looks: &[(f64, f64)], drift: f64) -> f64 {
    let mut density: Option<Density> = None;
    let (mut crossed, mut previous) = (0.0, 0.0);
    for &(fraction, critical) in looks {
        let step = fraction - previous;
        if step <= 0.0 || !critical.is_finite() {
            continue;
        }
        let (bound, moved) = (critical * fraction.sqrt(), drift * step);
        let beyond = |from: f64| normal_sf((bound - from - moved) / step.sqrt());
        crossed += density
            .as_ref()
            .map_or_else(|| beyond(0.0), |density| density.integral(beyond));
        density = Some(Density::after(density.as_ref(), step, bound, moved));
        previous = fraction;
    }
    crossed
}

/// The drift with which these looks cross with this probability; between 0 and 10 standard errors.
pub(crate) fn drift(looks: &[(f64, f64)], power: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        if crossing(looks, middle) < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The density of the score process among the paths that have not crossed yet, on an even grid.
struct Density {
    points: Vec<(f64, f64)>,
    width: f64,
}

impl Density {
    /// After a step with this variance, on which the process drifts by `moved`.
    fn after(before: Option<&Self>, step: f64, bound: f64, moved: f64) -> Self {
        let deviation = step.sqrt();
        let low = before.map_or(0.0, |density| density.points.first().map_or(0.0, |p| p.0)) - 6.0 * deviation;
        let width = (bound - low) / GRID as f64;
        let normal = |x: f64| normal_density((x - moved) / deviation) / deviation;
        let points = (0..GRID)
            .map(|i| low + width * (i as f64 + 0.5))
            .map(|x| {
                (
                    x,
                    before.map_or_else(|| normal(x), |density| density.integral(|u| normal(x - u))),
                )
            })
            .collect();
        Self { points, width }
    }

    fn integral(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.points.iter().map(|&(u, mass)| mass * f(u)).sum::<f64>() * self.width
    }

    /// The bound that paths cross for the first time with this probability: Newton's method on the logarithm, which is
    /// concave in the bound.
    fn bound(&self, step: f64, probability: f64) -> f64 {
        let deviation = step.sqrt();
        let mut bound = normal_quantile(1.0 - probability);
        for _ in 0..50 {
            let crossing = self
                .integral(|u| normal_sf((bound - u) / deviation))
                .max(f64::MIN_POSITIVE);
            let density = self.integral(|u| normal_density((bound - u) / deviation) / deviation);
            let change = (crossing / probability.max(f64::MIN_POSITIVE)).ln() * crossing
                / density.max(f64::MIN_POSITIVE);
            bound += change.clamp(-1.0, 1.0);
            if change.abs() < 1e-7 {
                break;
            }
        }
        bound
    }
}

/// The standard normal density.
fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_agree_with_the_published_table() {
        // Jennison and Turnbull, Group Sequential Methods, 2000, O'Brien–Fleming type spending, alpha 0.05.
        for (looks, expected) in [
            (vec![1.0], vec![1.960]),
            (vec![0.5, 1.0], vec![2.963, 1.969]),
            (
                vec![0.2, 0.4, 0.6, 0.8, 1.0],
                vec![4.877, 3.357, 2.680, 2.290, 2.031],
            ),
        ] {
            for (computed, table) in boundaries(&looks, 0.05).iter().zip(expected) {
                assert!((computed - table).abs() < 0.005, "{computed} instead of {table}");
            }
        }
    }

    #[test]
    fn a_look_without_new_data_cannot_decide() {
        assert!(boundaries(&[0.5, 0.5], 0.05)[1].is_infinite());
    }
}
