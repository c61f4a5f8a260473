//! What an improvement is worth: benefits that are products of uncertain quantities, as ranges.
//!
//! The ranges come from propagating whole distributions by Monte Carlo (JCGM 101:2008, Evaluation of measurement data –
//! Supplement 1 to the GUM: Propagation of distributions using a Monte Carlo method), because a product of quantities
//! whose ranges are wide, lopsided or on both sides of zero has no interval in closed form. The sequence of draws is
//! fixed: the same terms give the same ranges.

use serde::{Deserialize, Serialize};

use crate::distribution::{normal_critical, normal_quantile};
use crate::metric::ConfidenceLevel;
use crate::verdict::Interval;

/// Where the fixed sequence begins.
const SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// What is known of a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// It is this.
    Exact(f64),
    /// It was measured. Its distribution is a normal one stretched on either side of its median, so that the ends of the
    /// interval are its quantiles, also where the interval is lopsided.
    Estimated {
        /// The estimate, not outside the interval.
        value: f64,
        /// The interval.
        interval: Interval,
        /// The interval's level, between 0 and 1.
        level: f64,
    },
    /// It lies between two ends: a triangular distribution, the one that is usual where no more is known than ends and the
    /// most likely place (Johnson, The triangular distribution as a proxy for the beta distribution in risk analysis,
    /// The Statistician 46(3), 1997).
    Bounded {
        /// It is not less.
        low: f64,
        /// The most likely place, not outside the ends.
        likely: f64,
        /// It is not more.
        high: f64,
    },
}

impl Quantity {
    /// The quantity `factor` times as large; with a negative factor its ends change sides.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let ends = |low: f64, high: f64| {
            let (one, other) = (low * factor, high * factor);
            (one.min(other), one.max(other))
        };
        match self {
            Self::Exact(value) => Self::Exact(value * factor),
            Self::Estimated {
                value,
                interval,
                level,
            } => {
                let (low, high) = ends(interval.low, interval.high);
                Self::Estimated {
                    value: value * factor,
                    interval: Interval { low, high },
                    level,
                }
            }
            Self::Bounded { low, likely, high } => {
                let (low, high) = ends(low, high);
                Self::Bounded {
                    low,
                    likely: likely * factor,
                    high,
                }
            }
        }
    }

    /// A function from what is uniform between 0 and 1 to this quantity: the inverse of its distribution function.
    fn quantile(self) -> impl Fn(f64) -> f64 {
        let critical = match self {
            Self::Estimated { level, .. } => normal_critical(level),
            Self::Exact(_) | Self::Bounded { .. } => 1.0,
        };
        move |uniform| match self {
            Self::Exact(value) => value,
            Self::Estimated { value, interval, .. } => {
                let z = normal_quantile(uniform) / critical;
                let side = if z < 0.0 {
                    value - interval.low
                } else {
                    interval.high - value
                };
                value + z * side
            }
            Self::Bounded { low, likely, high } => triangular(uniform, (low, likely, high)),
        }
    }
}

/// The quantile of a triangular distribution.
fn triangular(uniform: f64, (low, likely, high): (f64, f64, f64)) -> f64 {
    let width = high - low;
    if width <= 0.0 {
        return low;
    }
    let below = (likely - low) / width;
    if uniform < below {
        low + (uniform * width * (likely - low)).sqrt()
    } else {
        high - ((1.0 - uniform) * width * (high - likely)).sqrt()
    }
}

/// What the benefit of an improvement is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Contacts that need not be made, over the time that is looked at; negative where there are more.
    pub avoided_contacts: Quantity,
    /// How many customers a contact stands for.
    pub customers_per_contact: f64,
    /// How many more of the customers who are spared the problem stay, from 0 to 1.
    pub retention_uplift: Quantity,
    /// What a customer who stays is worth, in money.
    pub customer_value: Quantity,
    /// What it costs to answer a contact, in money.
    pub cost_per_contact: Quantity,
}

/// The benefit of an improvement, each part as a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Benefit {
    /// Contacts that need not be made.
    pub avoided_contacts: Interval,
    /// Customers who are spared the problem.
    pub customers_spared: Interval,
    /// Customers spared × uplift × customer value, in money.
    pub retention: Interval,
    /// Contacts avoided × cost of a contact, in money.
    pub contacts: Interval,
    /// Both together, in money.
    pub total: Interval,
    /// The probability that each range holds its number.
    pub level: f64,
}

/// The ranges of the benefit at `level`: probabilistically symmetric coverage intervals (JCGM 101:2008, 7.7) of
/// 10⁴ ÷ (1 − level) draws, as 7.2.2 there asks for, and at most a million. The parts share their draws: both grow with
/// the contacts avoided.
pub fn benefit(terms: &Terms, level: ConfidenceLevel) -> Benefit {
    let draws = draws(level);
    let avoided = terms.avoided_contacts.quantile();
    let uplift = terms.retention_uplift.quantile();
    let value = terms.customer_value.quantile();
    let cost = terms.cost_per_contact.quantile();
    let mut sequence = Sequence(SEED);
    let mut outcomes: [Vec<f64>; 4] = std::array::from_fn(|_| Vec::with_capacity(draws));
    for _ in 0..draws {
        let contacts = avoided(sequence.uniform());
        let spared = contacts * terms.customers_per_contact;
        let retention = spared * uplift(sequence.uniform()) * value(sequence.uniform());
        let answering = contacts * cost(sequence.uniform());
        for (all, one) in outcomes
            .iter_mut()
            .zip([contacts, retention, answering, retention + answering])
        {
            all.push(one);
        }
    }
    let [avoided_contacts, retention, contacts, total] = outcomes.map(|all| coverage(all, level));
    let persons = terms.customers_per_contact;
    Benefit {
        avoided_contacts,
        customers_spared: Interval {
            low: avoided_contacts.low * persons,
            high: avoided_contacts.high * persons,
        },
        retention,
        contacts,
        total,
        level: level.get(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between ten thousand and a million"
)]
fn draws(level: ConfidenceLevel) -> usize {
    (1e4 / (1.0 - level.get())).round().min(1e6) as usize
}

/// The interval that leaves as many draws below as above.
fn coverage(mut draws: Vec<f64>, level: ConfidenceLevel) -> Interval {
    let beside = (1.0 - level.get()) / 2.0;
    let mut at = |part: f64| {
        let place = place(part, draws.len());
        let (_, found, _) = draws.select_nth_unstable_by(place, f64::total_cmp);
        *found
    };
    Interval {
        low: at(beside),
        high: at(1.0 - beside),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of at most a million"
)]
fn place(part: f64, of: usize) -> usize {
    ((part * of as f64) as usize).min(of.saturating_sub(1))
}

/// `SplitMix64` (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014).
struct Sequence(u64);

impl Sequence {
    /// The next number, uniform between 0 and 1 and neither of them.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // The upper 53 bits, in the middle of their step.
        ((z >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Quantity = Quantity::Exact(0.0);

    fn terms(avoided_contacts: Quantity) -> Terms {
        Terms {
            avoided_contacts,
            customers_per_contact: 0.5,
            retention_uplift: NOTHING,
            customer_value: Quantity::Exact(300.0),
            cost_per_contact: Quantity::Exact(8.0),
        }
    }

    fn close(one: f64, other: f64, tolerance: f64) {
        assert!((one - other).abs() <= tolerance, "{one} is not {other}");
    }

    #[test]
    fn what_is_known_exactly_is_multiplied() {
        let sure = Terms {
            retention_uplift: Quantity::Exact(0.02),
            ..terms(Quantity::Exact(1000.0))
        };
        let benefit = benefit(&sure, ConfidenceLevel::P95);
        for (range, value) in [
            (benefit.avoided_contacts, 1000.0),
            (benefit.customers_spared, 500.0),
            (benefit.retention, 3000.0),
            (benefit.contacts, 8000.0),
            (benefit.total, 11_000.0),
        ] {
            close(range.low, value, 1e-6);
            close(range.high, value, 1e-6);
        }
    }

    #[test]
    fn a_measured_quantity_alone_has_its_own_lopsided_interval() {
        let measured = Quantity::Estimated {
            value: 1000.0,
            interval: Interval {
                low: 800.0,
                high: 1500.0,
            },
            level: 0.95,
        };
        let range = benefit(&terms(measured), ConfidenceLevel::P95).contacts;
        close(range.low, 8.0 * 800.0, 8.0 * 5.0);
        close(range.high, 8.0 * 1500.0, 8.0 * 12.0);
        let harm = benefit(&terms(measured.times(-1.0)), ConfidenceLevel::P95).contacts;
        close(harm.low, -range.high, 8.0 * 12.0);
        close(harm.high, -range.low, 8.0 * 12.0);
    }

    #[test]
    fn bounds_are_the_quantiles_of_a_triangle_and_may_meet() {
        // A symmetric triangle on [0, 2] has F(x) = x²/2 below its middle.
        let bounds = (0.0, 1.0, 2.0);
        close(triangular(0.02, bounds), 0.2, 1e-12);
        close(triangular(0.98, bounds), 1.8, 1e-12);
        close(triangular(0.5, (3.0, 3.0, 3.0)), 3.0, 1e-12);
        // All of it on one side: F(x) = x².
        close(triangular(0.09, (0.0, 1.0, 1.0)), 0.3, 1e-12);
    }

    #[test]
    fn the_parts_grow_together_and_the_whole_is_between_the_sums_of_their_ends() {
        let unsure = Terms {
            retention_uplift: Quantity::Bounded {
                low: 0.0,
                likely: 0.01,
                high: 0.03,
            },
            ..terms(Quantity::Bounded {
                low: 500.0,
                likely: 1000.0,
                high: 1500.0,
            })
        };
        let one = benefit(&unsure, ConfidenceLevel::P95);
        assert!(one.total.low >= one.retention.low + one.contacts.low);
        assert!(one.total.high <= one.retention.high + one.contacts.high);
        assert!(one.total.low < one.total.high);
        assert_eq!(
            one,
            benefit(&unsure, ConfidenceLevel::P95),
            "the same terms, the same ranges"
        );
    }
}
