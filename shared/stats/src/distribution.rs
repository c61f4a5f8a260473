//! Quantiles and tails of the distributions used here, total over their arguments.

use statrs::distribution::{
    ChiSquared, ContinuousCDF, DiscreteCDF, NegativeBinomial, Normal, Poisson, StudentsT,
};

/// The standard normal upper tail, exact far out where `1 − cdf` would be zero.
pub(crate) fn normal_sf(x: f64) -> f64 {
    Normal::standard().sf(x)
}

/// The standard normal quantile; `p` is held inside the open unit interval.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p.clamp(1e-15, 1.0 - 1e-15))
}

/// The half width, in standard errors, of a two-sided normal interval at `level`.
pub(crate) fn normal_critical(level: f64) -> f64 {
    normal_quantile(0.5 + level / 2.0)
}

/// The half width, in standard errors, of a two-sided Student interval at `level`.
///
/// Above two hundred degrees of freedom it is the normal one (the difference is below one part in two hundred).
pub(crate) fn student_critical(level: f64, freedom: f64) -> f64 {
    if freedom > 200.0 {
        return normal_critical(level);
    }
    match StudentsT::new(0.0, 1.0, freedom.max(1.0)) {
        Ok(student) => student.inverse_cdf((0.5 + level / 2.0).min(1.0 - 1e-12)),
        Err(_) => normal_critical(level),
    }
}

/// P(|T| > |t|) of Student's distribution; beyond a hundred thousand degrees of freedom of the normal one.
pub(crate) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    let t = t.abs();
    let student = StudentsT::new(0.0, 1.0, freedom.max(1.0)).ok();
    student
        .filter(|_| freedom <= 1e5)
        .map_or_else(|| 2.0 * normal_sf(t), |student| 2.0 * student.cdf(-t))
        .min(1.0)
}

/// The upper tail P(X > x) of χ² with `freedom` degrees of freedom.
pub(crate) fn chi_squared_sf(x: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).map_or(1.0, |distribution| distribution.sf(x.max(0.0)))
}

/// P(Y ≥ `observed`) for a negative binomial count with this mean and variance; Poisson where the variance does
/// not exceed the mean.
pub(crate) fn count_tail(observed: u64, mean: f64, variance: f64) -> f64 {
    if observed == 0 || !mean.is_finite() {
        return 1.0;
    }
    let mean = mean.max(1e-9);
    let excess = variance - mean;
    if excess <= mean * 1e-6 {
        return Poisson::new(mean).map_or(1.0, |distribution| distribution.sf(observed - 1));
    }
    let size = mean * mean / excess;
    NegativeBinomial::new(size, size / (size + mean))
        .map_or(1.0, |distribution| distribution.sf(observed - 1))
}

/// The smallest count k with P(Y ≤ k) ≥ `p`, for the distribution of [`count_tail`].
pub(crate) fn count_quantile(p: f64, mean: f64, variance: f64) -> u64 {
    let reached = |k: u64| 1.0 - count_tail(k + 1, mean, variance) >= p;
    let mut high = 1;
    while !reached(high) && high < u64::MAX / 4 {
        high *= 2;
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_the_printed_tables() {
        assert!((normal_critical(0.95) - 1.959_964).abs() < 1e-5);
        assert!((student_critical(0.95, 10.0) - 2.228_139).abs() < 1e-5);
        assert!((student_critical(0.999, 5.0) - 6.868_83).abs() < 1e-3);
        assert!((chi_squared_sf(10.827_57, 1.0) - 0.001).abs() < 1e-6);
        assert!((normal_sf(8.0) / 6.220_96e-16 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn count_quantiles_agree_with_the_printed_tables() {
        // Poisson(10): P(Y <= 4) = 0.0293, P(Y <= 16) = 0.9730, P(Y <= 17) = 0.9857.
        assert_eq!(count_quantile(0.025, 10.0, 10.0), 4);
        assert_eq!(count_quantile(0.975, 10.0, 10.0), 17);
        assert_eq!(count_quantile(0.025, 0.2, 0.2), 0);
        // Geometric (size one) with mean 4: P(Y <= k) = 1 - (4/5)^(k+1).
        assert_eq!(count_quantile(0.975, 4.0, 20.0), 16);
    }

    #[test]
    fn a_count_tail_is_the_sum_of_its_probabilities() {
        // Poisson(2): P(Y >= 3) = 1 - e^-2 (1 + 2 + 2).
        assert!((count_tail(3, 2.0, 2.0) - (1.0 - 5.0 * (-2.0_f64).exp())).abs() < 1e-9);
        // Geometric (size one) with mean 4: P(Y >= k) = (4/5)^k.
        assert!((count_tail(7, 4.0, 20.0) - 0.8_f64.powi(7)).abs() < 1e-9);
        assert!((count_tail(0, 4.0, 20.0) - 1.0).abs() < f64::EPSILON);
    }
}
