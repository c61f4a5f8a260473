//! The ranges of a benefit held against numerical integration with scipy. The values are printed by
//! `shared/stats/reference/worth.py`, whose first lines say how to run it (scipy 1.17.1); `-- --nocapture` prints what was
//! compared.

#![allow(clippy::print_stdout, reason = "the figures of the comparison are printed")]

use attune_stats::metric::ConfidenceLevel;
use attune_stats::verdict::Interval;
use attune_stats::worth::{Quantity, Terms, benefit};

/// Of the width of the range: four standard errors of an end that 200 000 draws find.
const TOLERANCE: f64 = 0.01;

fn compared(what: &str, computed: Interval, low: f64, high: f64) {
    println!(
        "{what}: computed {:.2} to {:.2}, reference {low} to {high}",
        computed.low, computed.high
    );
    let allowed = TOLERANCE * (high - low);
    assert!(
        (computed.low - low).abs() <= allowed,
        "{what}: {} and {low}",
        computed.low
    );
    assert!(
        (computed.high - high).abs() <= allowed,
        "{what}: {} and {high}",
        computed.high
    );
}

fn measured(value: f64, half: f64) -> Quantity {
    Quantity::Estimated {
        value,
        interval: Interval {
            low: value - half,
            high: value + half,
        },
        level: 0.95,
    }
}

fn bounded(low: f64, likely: f64, high: f64) -> Quantity {
    Quantity::Bounded { low, likely, high }
}

#[test]
fn the_ranges_of_a_benefit_are_those_of_numerical_integration() {
    let terms = Terms {
        avoided_contacts: measured(5000.0, 1000.0),
        customers_per_contact: 0.8,
        retention_uplift: bounded(0.005, 0.02, 0.04),
        customer_value: bounded(200.0, 400.0, 900.0),
        cost_per_contact: bounded(4.0, 6.0, 11.0),
    };
    let computed = benefit(&terms, ConfidenceLevel::P95);
    compared("retention", computed.retention, 13_742.81, 91_683.75);
    compared("contacts", computed.contacts, 21_696.85, 52_810.07);
    compared("total", computed.total, 43_049.58, 130_673.58);
}

#[test]
fn an_effect_that_may_be_harm_gives_a_range_on_both_sides_of_zero() {
    let terms = Terms {
        avoided_contacts: measured(400.0, 1200.0),
        customers_per_contact: 0.5,
        retention_uplift: bounded(0.0, 0.01, 0.05),
        customer_value: bounded(100.0, 100.0, 600.0),
        cost_per_contact: bounded(5.0, 8.0, 8.0),
    };
    let computed = benefit(&terms, ConfidenceLevel::P95);
    compared("retention", computed.retention, -2434.65, 6582.12);
    compared("contacts", computed.contacts, -5619.65, 11_382.96);
    compared("total", computed.total, -7810.29, 16_475.87);
}
