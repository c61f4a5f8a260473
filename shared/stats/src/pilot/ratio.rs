//! The sample ratio check.

use serde::{Deserialize, Serialize};

use crate::distribution::chi_squared_sf;

/// Below this p-value the arms' sizes contradict the assignment and no verdict is given (Fabijan et al., Diagnosing
/// Sample Ratio Mismatch in Online Controlled Experiments, KDD 2019).
pub(super) const MISMATCH: f64 = 0.001;

/// Whether the arms have the sizes that the assignment should have given them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatioCheck {
    /// Customers in the treated arm.
    pub treated: u64,
    /// Customers to be expected there, given both arms together.
    pub expected: f64,
    /// The probability of sizes at least as far off, had the assignment worked; below 0.001 it has not.
    pub p_value: f64,
    /// Whether the sizes agree with the assignment.
    pub holds: bool,
}

/// Pearson's χ² of the arms' sizes against the planned share of treated customers. One check in a thousand fails
/// where the assignment is sound.
pub fn sample_ratio(control: u64, treated: u64, treated_share: f64) -> RatioCheck {
    let n = (control + treated) as f64;
    let expected = n * treated_share;
    let rest = n - expected;
    let p_value = if n <= 0.0 {
        1.0
    } else if expected > 0.0 && rest > 0.0 {
        let squares = (treated as f64 - expected).powi(2) / expected + (control as f64 - rest).powi(2) / rest;
        chi_squared_sf(squares, 1.0)
    } else {
        0.0
    };
    RatioCheck {
        treated,
        expected,
        p_value,
        holds: p_value >= MISMATCH,
    }
}

/// The probability that two arms have outcomes from such different parts of their customers by chance; 1 where an
/// arm has more outcomes than customers or none of either.
pub(super) fn attrition(control: (u64, u64), treated: (u64, u64)) -> f64 {
    let (outcomes, customers) = (control.0 + treated.0, control.1 + treated.1);
    if control.0 > control.1 || treated.0 > treated.1 || outcomes == 0 || outcomes == customers {
        return 1.0;
    }
    let share = outcomes as f64 / customers as f64;
    let squares = |(outcomes, customers): (u64, u64)| {
        let expected = customers as f64 * share;
        (outcomes as f64 - expected).powi(2) / (expected * (1.0 - share)).max(f64::MIN_POSITIVE)
    };
    chi_squared_sf(squares(control) + squares(treated), 1.0)
}
