//! How much more than by chance days differ, and how long what makes them differ lasts.

use std::collections::BTreeMap;

/// Standardised deviations of the days of one comparison, by day, and how many parameters were fitted to them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Deviations {
    pub(super) days: BTreeMap<i64, f64>,
    pub(super) fitted: usize,
}

/// The variance of a sum of days over the binomial one, and how surely it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dispersion {
    /// At least 1.
    pub(super) factor: f64,
    /// The equivalent degrees of freedom.
    pub(super) freedom: f64,
}

impl Dispersion {
    /// From the deviations of the comparison itself, and of others of the same groups that tell how days hang together.
    ///
    /// The factor is that of days among themselves (Pearson's χ² over its degrees of freedom; of the comparison itself
    /// or of all, the larger) times that of the correlation between days (Newey and West, A simple, positive
    /// semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix, Econometrica 55(3), 1987,
    /// with the bandwidth 4(T⁄100)^(2⁄9) of Newey and West, Review of Economic Studies 61(4), 1994), neither below one.
    /// Degrees of freedom are those of a Bartlett window, 3T⁄2(L+1) (Priestley, Spectral analysis and time series, 1981,
    /// section 6.2): a difference in differences that takes days for independent is overconfident (Bertrand, Duflo,
    /// Mullainathan, How much should we trust differences-in-differences estimates?, QJE 119(1), 2004).
    pub(super) fn of(own: &Deviations, others: &[Deviations]) -> Self {
        let all = || std::iter::once(own).chain(others);
        let observed: f64 = all().map(|one| one.days.len() as f64).sum();
        let left = |one: &Deviations| (one.days.len() as f64 - one.fitted as f64).max(0.0);
        let freedom: f64 = all().map(left).sum();
        let lags = bandwidth(observed);
        let (mut chi2, mut long_run) = (0.0, 0.0);
        for one in all() {
            let dense = one.dense();
            chi2 += long_run_sum(&dense, 0);
            long_run += long_run_sum(&dense, lags);
        }
        let between = |chi2: f64, freedom: f64| if freedom >= 1.0 { chi2 / freedom } else { 1.0 };
        let own_days = between(long_run_sum(&own.dense(), 0), left(own));
        let lasting = if chi2 > 0.0 { long_run / chi2 } else { 1.0 };
        Self {
            factor: own_days.max(between(chi2, freedom)).max(1.0) * lasting.max(1.0),
            freedom: (freedom * 3.0 / (2.0 * (lags as f64 + 1.0))).max(1.0),
        }
    }
}

impl Deviations {
    /// One value a day; a day that is missing deviates by nothing (Parzen, On spectral analysis with missing
    /// observations, Sankhyā A 25(4), 1963).
    fn dense(&self) -> Vec<f64> {
        let Some((first, last)) = self.days.keys().next().zip(self.days.keys().next_back()) else {
            return Vec::new();
        };
        (*first..=*last)
            .map(|index| self.days.get(&index).copied().unwrap_or(0.0))
            .collect()
    }
}

/// The bandwidth for so many days.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "days are few and not negative"
)]
fn bandwidth(days: f64) -> usize {
    (4.0 * (days / 100.0).powf(2.0 / 9.0)).floor() as usize
}

/// The sum of squares of a series with those of its lagged products that a Bartlett window of `lags` lags lets pass: the
/// long-run variance of its sum (Newey and West 1987, equation 5). At zero lags the sum of squares.
pub fn long_run_sum(series: &[f64], lags: usize) -> f64 {
    let lagged = |lag: usize| -> f64 {
        series
            .iter()
            .zip(series.iter().skip(lag))
            .map(|(one, other)| one * other)
            .sum()
    };
    let window = |lag: usize| 2.0 * (1.0 - lag as f64 / (lags as f64 + 1.0));
    lagged(0) + (1..=lags).map(|lag| window(lag) * lagged(lag)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviations(series: impl IntoIterator<Item = f64>) -> Deviations {
        Deviations {
            days: (0..).zip(series).collect(),
            fitted: 0,
        }
    }

    #[test]
    fn days_that_hang_together_count_for_fewer() {
        let alternating = deviations((0..40).map(|day| if day % 2 == 0 { 1.0 } else { -1.0 }));
        let lasting = deviations((0..40).map(|day| if day / 5 % 2 == 0 { 1.0 } else { -1.0 }));
        let (one, other) = (Dispersion::of(&alternating, &[]), Dispersion::of(&lasting, &[]));
        assert!((one.factor - 1.0).abs() < 1e-9, "{one:?}");
        assert!(other.factor > 2.0, "{other:?}");
        assert!(one.freedom < 40.0 && (one.freedom - other.freedom).abs() < 1e-9);
    }

    #[test]
    fn a_missing_day_is_neither_near_nor_far() {
        let whole = deviations([2.0, 0.0, 2.0]);
        let mut gap = whole.clone();
        gap.days.remove(&1);
        assert_eq!(whole.dense(), gap.dense());
    }
}
