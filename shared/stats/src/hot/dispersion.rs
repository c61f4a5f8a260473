//! How much more a cell's windows vary than chance alone, learned from all cells, and the tail that follows.

use statrs::function::gamma::ln_gamma;

use crate::distribution::count_tail;

/// The overdispersions considered: variance = mean + κ · mean².
const GRID: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28];
/// What is believed before any cell is seen: days of customer feedback usually vary by 10 to 40 %.
const BELIEF: [f64; 10] = [0.10, 0.13, 0.17, 0.20, 0.19, 0.13, 0.05, 0.02, 0.008, 0.002];
/// How many cells that belief weighs.
const BELIEF_CELLS: f64 = 4.0;
const STEPS: usize = 60;

/// A cell's earlier windows: counts and exposures, in the same order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Past {
    pub(super) counts: Vec<f64>,
    pub(super) exposures: Vec<f64>,
}

/// What the past says of the tested window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prediction {
    pub(super) expected: f64,
    pub(super) overdispersion: f64,
    /// The probability of the observed count or more.
    pub(super) p_value: f64,
}

impl Past {
    pub(super) fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    fn exposure(&self) -> f64 {
        self.exposures.iter().sum()
    }

    /// The likelihood of each overdispersion given the sum of the counts, which frees it from the unknown level:
    /// negative binomial counts given their sum are Dirichlet-multinomial. Scaled to a maximum of one.
    fn likelihoods(&self) -> [f64; GRID.len()] {
        let (windows, total, exposure) = (self.counts.len() as f64, self.total(), self.exposure());
        let mut logs = GRID.map(|kappa| {
            let all = windows / kappa;
            let cell = |(&count, &part): (&f64, &f64)| {
                let alpha = (all * part / exposure).max(1e-9);
                if count > 0.0 {
                    ln_gamma(count + alpha) - ln_gamma(alpha)
                } else {
                    0.0
                }
            };
            ln_gamma(all) - ln_gamma(total + all)
                + self.counts.iter().zip(&self.exposures).map(cell).sum::<f64>()
        });
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for log in &mut logs {
            *log = (*log - highest).exp();
        }
        logs
    }
}

/// The distribution of overdispersion among cells (empirical Bayes: a nonparametric mixture on a grid, fitted by
/// expectation maximisation; Laird, JASA 73(364), 1978), which a cell with few windows leans on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mixture {
    weights: [f64; GRID.len()],
}

impl Mixture {
    pub(super) fn fit(cells: &[&Past]) -> Self {
        let likelihoods: Vec<_> = cells.iter().map(|past| past.likelihoods()).collect();
        let mut mixture = Self { weights: BELIEF };
        for _ in 0..STEPS {
            let mut weights = BELIEF.map(|belief| belief * BELIEF_CELLS);
            for likelihood in &likelihoods {
                for (weight, part) in weights.iter_mut().zip(mixture.posterior(likelihood)) {
                    *weight += part;
                }
            }
            let sum: f64 = weights.iter().sum();
            mixture.weights = weights.map(|weight| weight / sum);
        }
        mixture
    }

    fn posterior(&self, likelihood: &[f64; GRID.len()]) -> [f64; GRID.len()] {
        let mut posterior = self.weights;
        for (weight, part) in posterior.iter_mut().zip(likelihood) {
            *weight *= part;
        }
        let sum: f64 = posterior.iter().sum();
        if sum > 0.0 {
            posterior.map(|weight| weight / sum)
        } else {
            self.weights
        }
    }

    /// Predicts a window with this exposure. The tail carries the uncertainty of the level (few windows), of the
    /// overdispersion (the posterior mixture) and of the exposure itself (`relative_variance`).
    pub(super) fn predict(
        &self,
        past: &Past,
        observed: f64,
        exposure: f64,
        relative_variance: f64,
    ) -> Prediction {
        let scale = exposure / past.exposure().max(1e-12);
        // Half a mention stands for a past without any.
        let expected = scale * (past.total() + 0.5);
        let posterior = self.posterior(&past.likelihoods());
        let squares: f64 = past
            .exposures
            .iter()
            .map(|part| (expected * part / exposure.max(1e-12)).powi(2))
            .sum();
        let level = scale * scale;
        let tail = |kappa: f64| {
            let estimation = level * (past.total() + 0.5 + kappa * squares);
            let variance = expected + (kappa + relative_variance) * expected * expected + estimation;
            count_tail(whole(observed), expected, variance)
        };
        let mixed = |value: &dyn Fn(f64) -> f64| {
            GRID.iter()
                .zip(posterior)
                .filter(|(_, w)| *w > 1e-12)
                .map(|(&kappa, w)| w * value(kappa))
                .sum::<f64>()
        };
        Prediction {
            expected,
            overdispersion: mixed(&|kappa| kappa),
            p_value: mixed(&tail).min(1.0),
        }
    }
}

/// A sum of counts as a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums of counts are whole, not negative"
)]
pub(super) fn whole(count: f64) -> u64 {
    count.round() as u64
}
