//! What would have happened without the change.

use super::fieller::Measured;
use super::plan::{Change, Plan, SmallestEffect};
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

/// The parts of the faded level that a change too small to be worth having may leave, in steps, above the part that
/// the smallest effect leaves.
const LEFT: [f64; 7] = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45];

/// One pace of fading: how badly it fits the days, and the share it leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    half_life: Option<f64>,
    misfit: f64,
    counterfactual: Measured,
}

impl Forecast<'_> {
    /// How far the course is from fading by itself (towards the level before the event, at any pace, constant level
    /// included) with a change that falls short of the smallest effect: the square root of the likelihood ratio, both
    /// sides at their best pace. Plateau and days after count alike: fading bends both, a change steps between them.
    pub(super) fn fading(&self, plan: &Plan, required: f64) -> (Fading, Measured) {
        let boundary = plan.change(1.0);
        let mut best = f64::INFINITY;
        let mut worst: Option<Pace> = None;
        for half_life in std::iter::once(None).chain(half_lives().map(Some)) {
            best = best.min(self.fit_any(half_life));
            for left in LEFT {
                let change = match plan.smallest_effect {
                    SmallestEffect::Relative(_) if !plan.aim.rises() => Change {
                        kept: boundary.kept + left,
                        ..boundary
                    },
                    _ => plan.change(1.0 - left / LEFT[LEFT.len() - 1]),
                };
                let pace = self.fit(half_life, change);
                if worst.is_none_or(|worst| pace.misfit < worst.misfit) {
                    worst = Some(pace);
                }
            }
        }
        let pace = worst.unwrap_or_else(|| self.fit(None, boundary));
        let fading = Fading {
            half_life_days: pace.half_life,
            counterfactual_share: pace.counterfactual.value,
            distance: (pace.misfit - best.min(pace.misfit)).max(0.0).sqrt(),
            required,
        };
        (fading, pace.counterfactual)
    }

    /// The part of the excess at the plateau's first day that is left at a day.
    fn left(&self, half_life: Option<f64>) -> impl Fn(&Day) -> f64 {
        let origin = self.plateau.first().map_or(0.0, |day| day.middle);
        move |day| half_life.map_or(1.0, |h| (-(day.middle - origin) / h).exp2())
    }

    /// The weight of a day's share: its feedback over the variance of one piece of it.
    fn unit(&self, days: &[Day]) -> f64 {
        let pooled = Total::of(days);
        (pooled.variance(self.overdispersion) * pooled.n).max(1e-12)
    }

    /// Weighted least squares of `before + excess × 2^(−t / half-life)`, changed on the days after the rollout as said;
    /// the level before the event is known as well as it was measured.
    fn fit(&self, half_life: Option<f64>, change: Change) -> Pace {
        let left = self.left(half_life);
        let prior = 1.0 / self.before_event.variance.max(1e-12);
        let mut normal = Normal::default();
        normal.add(1.0, 0.0, self.before_event.value, prior);
        let none = Change {
            kept: 1.0,
            taken: 0.0,
        };
        for (days, change) in [(self.plateau, none), (self.after, change)] {
            let unit = self.unit(days);
            for day in days {
                let (kept, weight) = (change.kept, day.n / unit);
                normal.add(kept, kept * left(day), day.share() + change.taken, weight);
            }
        }
        let (base, excess) = normal.solve();
        let n_after: f64 = self.after.iter().map(|day| day.n).sum();
        let carried = self.after.iter().map(|day| day.n * left(day)).sum::<f64>() / n_after.max(1.0);
        Pace {
            half_life,
            misfit: normal.misfit(base, excess),
            counterfactual: Measured {
                value: base + excess * carried,
                variance: normal.variance(1.0, carried),
            },
        }
    }

    /// The misfit of this pace with a change of any size at the rollout: the plateau by itself, and the days after by
    /// their own multiple of what it leads to.
    fn fit_any(&self, half_life: Option<f64>) -> f64 {
        let left = self.left(half_life);
        let mut plateau = Normal::default();
        plateau.add(
            1.0,
            0.0,
            self.before_event.value,
            1.0 / self.before_event.variance.max(1e-12),
        );
        let unit = self.unit(self.plateau);
        for day in self.plateau {
            plateau.add(1.0, left(day), day.share(), day.n / unit);
        }
        let (base, excess) = plateau.solve();
        let unit = self.unit(self.after);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for day in self.after {
            let (x, weight) = (base + excess * left(day), day.n / unit);
            xx += weight * x * x;
            xy += weight * x * day.share();
            yy += weight * day.share().powi(2);
        }
        let after = if xx > 0.0 { yy - xy * xy / xx } else { yy };
        plateau.misfit(base, excess) + after.max(0.0)
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

fn half_lives() -> impl Iterator<Item = f64> {
    let step = (LONGEST_HALF_LIFE / SHORTEST_HALF_LIFE).ln() / f64::from(HALF_LIVES - 1);
    (0..HALF_LIVES).map(move |i| SHORTEST_HALF_LIFE * (step * f64::from(i)).exp())
}

/// The normal equations of a weighted least squares fit of `a·base + b·excess`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Normal {
    aa: f64,
    ab: f64,
    bb: f64,
    ay: f64,
    by: f64,
    yy: f64,
}

impl Normal {
    fn add(&mut self, a: f64, b: f64, y: f64, weight: f64) {
        self.aa += weight * a * a;
        self.ab += weight * a * b;
        self.bb += weight * b * b;
        self.ay += weight * a * y;
        self.by += weight * b * y;
        self.yy += weight * y * y;
    }

    fn determinant(&self) -> f64 {
        (self.aa * self.bb - self.ab * self.ab).max(1e-9 * self.aa * self.bb.max(1e-9))
    }

    fn solve(&self) -> (f64, f64) {
        let determinant = self.determinant();
        (
            (self.bb * self.ay - self.ab * self.by) / determinant,
            (self.aa * self.by - self.ab * self.ay) / determinant,
        )
    }

    fn misfit(&self, base: f64, excess: f64) -> f64 {
        self.yy - 2.0 * (base * self.ay + excess * self.by)
            + base * base * self.aa
            + 2.0 * base * excess * self.ab
            + excess * excess * self.bb
    }

    /// The variance of `a·base + b·excess`.
    fn variance(&self, a: f64, b: f64) -> f64 {
        (a * a * self.bb - 2.0 * a * b * self.ab + b * b * self.aa).max(0.0) / self.determinant()
    }
}
