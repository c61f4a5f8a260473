//! The interval of a ratio of two independent estimates.

use super::record::Interval;

/// An estimate with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) variance: f64,
}

/// The interval of `after ÷ before − 1` (Fieller, Some problems in interval estimation, JRSS B 16(2), 1954), at
/// `critical` standard errors; none where `before` cannot be told from zero.
pub(crate) fn relative_change(after: Measured, before: Measured, critical: f64) -> Option<Interval> {
    let z2 = critical * critical;
    let a = before.value * before.value - z2 * before.variance;
    let b = after.value * before.value;
    let c = after.value * after.value - z2 * after.variance;
    let root = b * b - a * c;
    if a <= 0.0 || root < 0.0 {
        return None;
    }
    let root = root.sqrt();
    Some(Interval {
        low: ((b - root) / a - 1.0).max(-1.0),
        high: (b + root) / a - 1.0,
    })
}

/// The interval of `after − before` at `critical` standard errors.
pub(crate) fn absolute_change(after: Measured, before: Measured, critical: f64) -> Interval {
    let half = critical * (after.variance + before.variance).sqrt();
    let middle = after.value - before.value;
    Interval {
        low: middle - half,
        high: middle + half,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_interval_ends_where_the_difference_is_critical() {
        let after = Measured {
            value: 0.06,
            variance: 1e-4,
        };
        let before = Measured {
            value: 0.15,
            variance: 2e-4,
        };
        let interval = relative_change(after, before, 1.96).unwrap();
        for end in [interval.low, interval.high] {
            let rho = 1.0 + end;
            let distance =
                (after.value - rho * before.value) / (after.variance + rho * rho * before.variance).sqrt();
            assert!((distance.abs() - 1.96).abs() < 1e-9);
        }
    }

    #[test]
    fn a_baseline_that_may_be_zero_has_no_ratio() {
        let after = Measured {
            value: 0.06,
            variance: 1e-4,
        };
        assert_eq!(
            relative_change(
                after,
                Measured {
                    value: 0.01,
                    variance: 1e-4
                },
                1.96
            ),
            None
        );
    }
}
