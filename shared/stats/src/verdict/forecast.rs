//! What would have happened without the change.

use super::fieller::Measured;
use super::plan::SmallestEffect;
use super::record::Fading;
use super::series::{Day, Total};

/// Half-lives of an excess that are tried, in days: from gone within hours to hardly moving.
const SHORTEST_HALF_LIFE: f64 = 0.25;
const LONGEST_HALF_LIFE: f64 = 90.0;
const HALF_LIVES: u32 = 80;

/// The level between detection and rollout, the level before the event, and the days after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forecast<'a> {
    pub(super) plateau: &'a [Day],
    pub(super) before_event: Measured,
    pub(super) after: &'a [Day],
    pub(super) overdispersion: f64,
}

/// One pace of fading: how badly it fits the plateau, and the share it leads to.
struct Pace {
    half_life: Option<f64>,
    misfit: f64,
    counterfactual: Measured,
}

impl Forecast<'_> {
    /// How far the share after the change is from what fading by itself (towards the level before the event, at
    /// any pace, constant level included) would have led to less the smallest effect: the square root of the
    /// profile likelihood ratio, minimised over the pace. The plateau rules paces out as far as it can.
    pub(super) fn fading(
        &self,
        after: Measured,
        smallest: SmallestEffect,
        required: f64,
    ) -> (Fading, Measured) {
        let constant = self.pace(None);
        let best = self
            .paces()
            .map(|pace| pace.misfit)
            .fold(constant.misfit, f64::min);
        let score = |pace: &Pace| {
            let (kept, shift) = match smallest {
                SmallestEffect::Relative(fraction) => (1.0 - fraction, 0.0),
                SmallestEffect::Absolute(reduction) => (1.0, reduction),
            };
            let gap = (kept * pace.counterfactual.value - shift - after.value).max(0.0);
            let variance = after.variance + kept * kept * pace.counterfactual.variance;
            pace.misfit - best + gap * gap / variance.max(1e-12)
        };
        let mut worst = (score(&constant), constant);
        for pace in self.paces() {
            let found = score(&pace);
            if found < worst.0 {
                worst = (found, pace);
            }
        }
        let (score, pace) = worst;
        let fading = Fading {
            half_life_days: pace.half_life,
            counterfactual_share: pace.counterfactual.value,
            distance: score.max(0.0).sqrt(),
            required,
        };
        (fading, pace.counterfactual)
    }

    fn paces(&self) -> impl Iterator<Item = Pace> {
        let step = (LONGEST_HALF_LIFE / SHORTEST_HALF_LIFE).ln() / f64::from(HALF_LIVES - 1);
        (0..HALF_LIVES).map(move |i| self.pace(Some(SHORTEST_HALF_LIFE * (step * f64::from(i)).exp())))
    }

    /// Weighted least squares of `before + excess × 2^(−t / half-life)` on the plateau, carried to the days after.
    fn pace(&self, half_life: Option<f64>) -> Pace {
        let origin = self.plateau.first().map_or(0.0, |day| day.middle);
        let left = |day: &Day| half_life.map_or(1.0, |h| (-(day.middle - origin) / h).exp2());
        let pooled = Total::of(self.plateau);
        let unit = (pooled.variance(self.overdispersion) * pooled.n).max(1e-12);
        let base = self.before_event.value;
        let (mut sxx, mut sx, mut sxy) = (0.0, 0.0, 0.0);
        for day in self.plateau {
            let (x, weight) = (left(day), day.n / unit);
            sxx += weight * x * x;
            sx += weight * x;
            sxy += weight * x * (day.share() - base);
        }
        let sxx = sxx.max(1e-12);
        let excess = sxy / sxx;
        let misfit = self
            .plateau
            .iter()
            .map(|day| day.n / unit * (day.share() - base - excess * left(day)).powi(2))
            .sum();
        let n_after: f64 = self.after.iter().map(|day| day.n).sum();
        let carried = self.after.iter().map(|day| day.n * left(day)).sum::<f64>() / n_after.max(1.0);
        let base_weight = 1.0 - carried * sx / sxx;
        Pace {
            half_life,
            misfit,
            counterfactual: Measured {
                value: base + excess * carried,
                variance: carried * carried / sxx + base_weight * base_weight * self.before_event.variance,
            },
        }
    }

    /// The plateau's slope over its standard error; negative where the share fell.
    pub(super) fn slope_in_errors(&self) -> f64 {
        let pooled = Total::of(self.plateau);
        let unit = (pooled.variance(self.overdispersion) * pooled.n).max(1e-12);
        let middle = self.plateau.iter().map(|day| day.n * day.middle).sum::<f64>() / pooled.n.max(1.0);
        let (mut sxx, mut sxy) = (0.0, 0.0);
        for day in self.plateau {
            let x = day.middle - middle;
            sxx += day.n / unit * x * x;
            sxy += day.n / unit * x * (day.share() - pooled.share());
        }
        if sxx > 0.0 { sxy / sxx.sqrt() } else { 0.0 }
    }
}
