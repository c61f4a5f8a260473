//! What is known of values that cannot be counted.

use attune_stats::worth::Quantity;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::Currency;

/// An amount of money between two ends, in smallest units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoneyBounds {
    pub(crate) low: i64,
    pub(crate) likely: i64,
    pub(crate) high: i64,
    /// Where that is known from.
    pub(crate) source: String,
}

impl MoneyBounds {
    /// As the statistics take it.
    pub(crate) fn quantity(&self) -> Quantity {
        Quantity::Bounded {
            low: self.low as f64,
            likely: self.likely as f64,
            high: self.high as f64,
        }
    }
}

/// A share between two ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShareBounds {
    pub(crate) low: f64,
    pub(crate) likely: f64,
    pub(crate) high: f64,
    /// Where that is known from.
    pub(crate) source: String,
}

impl ShareBounds {
    /// As the statistics take it.
    pub(crate) fn quantity(&self) -> Quantity {
        Quantity::Bounded {
            low: self.low,
            likely: self.likely,
            high: self.high,
        }
    }
}

/// What a customer and a contact are worth, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorthParameters {
    pub(crate) worth_parameters_id: Uuid,
    /// From 1.
    pub(crate) version: i32,
    pub(crate) currency: Currency,
    pub(crate) customer_value: MoneyBounds,
    pub(crate) cost_per_contact: MoneyBounds,
    pub(crate) set_at: DateTime<Utc>,
}
