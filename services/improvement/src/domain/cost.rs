//! What an initiative costs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::WrongState;

/// The most that is booked or bounded at once, in smallest units.
pub(crate) const MOST_UNITS: i64 = 1_000_000_000_000;

/// A currency by its code in ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub(crate) struct Currency(String);

impl Currency {
    /// The currency of a code: three capital letters.
    pub(crate) fn parse(code: &str) -> Result<Self, &'static str> {
        if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(code.to_owned()))
        } else {
            Err("must be a currency's code of three capital letters, such as EUR")
        }
    }

    /// The code.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What money went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CostKind {
    /// The time of own employees.
    Labour,
    /// Goods and equipment.
    Material,
    /// Licences, subscriptions and computing.
    Software,
    /// Work of others.
    Services,
    /// What customers were given.
    Compensation,
    /// Training of employees.
    Training,
    /// Anything else.
    Other,
}

impl CostKind {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Labour => "labour",
            Self::Material => "material",
            Self::Software => "software",
            Self::Services => "services",
            Self::Compensation => "compensation",
            Self::Training => "training",
            Self::Other => "other",
        }
    }
}

/// A booking.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) cost_id: Uuid,
    pub(crate) initiative_id: Uuid,
    pub(crate) action_id: Option<Uuid>,
    /// In the currency's smallest unit; negative in a reversal.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) kind: CostKind,
    pub(crate) source: String,
    pub(crate) booked_at: DateTime<Utc>,
    /// The booking that this one takes back.
    pub(crate) reverses: Option<Uuid>,
    /// The booking that takes this one back.
    pub(crate) reversed_by: Option<Uuid>,
}

impl Cost {
    /// The counter-booking; a booking is taken back once, and what takes one back is not taken back.
    pub(crate) fn reversal(
        &self,
        cost_id: Uuid,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<Self, WrongState> {
        if self.reversed_by.is_some() {
            return Err(WrongState::new("reversed", "the booking was reversed before"));
        }
        if self.reverses.is_some() {
            let message = "the booking is a reversal; book the cost anew instead";
            return Err(WrongState::new("reversal", message));
        }
        Ok(Self {
            cost_id,
            amount: -self.amount,
            source: reason,
            booked_at: now,
            reverses: Some(self.cost_id),
            reversed_by: None,
            ..self.clone()
        })
    }
}

/// An amount in a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Money {
    pub(crate) currency: Currency,
    /// In the currency's smallest unit.
    pub(crate) amount: i64,
}

impl Money {
    /// Refuses to book costs in another currency than that of the budget.
    pub(crate) fn check_booking(&self, currency: &Currency) -> Result<(), WrongState> {
        if self.currency == *currency {
            return Ok(());
        }
        let message = format!(
            "the initiative's budget is in {}; convert {} to it, and name rate and original amount in the source",
            self.currency.as_str(),
            currency.as_str()
        );
        Err(WrongState::new("other_currency", message))
    }
}

/// All bookings of an initiative together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CostTotal {
    pub(crate) currency: Currency,
    /// In the currency's smallest unit.
    pub(crate) amount: i64,
    /// How many bookings, reversals included.
    pub(crate) bookings: i64,
}

impl CostTotal {
    /// Refuses another currency than that of the bookings there are.
    pub(crate) fn check(&self, currency: &Currency) -> Result<(), WrongState> {
        if self.currency == *currency {
            return Ok(());
        }
        let message = format!(
            "the initiative's costs are booked in {}; convert {} to it, and name rate and original amount in the source",
            self.currency.as_str(),
            currency.as_str()
        );
        Err(WrongState::new("other_currency", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked() -> Cost {
        Cost {
            cost_id: Uuid::now_v7(),
            initiative_id: Uuid::now_v7(),
            action_id: None,
            amount: 120_000,
            currency: Currency::parse("EUR").unwrap(),
            kind: CostKind::Services,
            source: "invoice 7".to_owned(),
            booked_at: DateTime::UNIX_EPOCH,
            reverses: None,
            reversed_by: None,
        }
    }

    #[test]
    fn a_reversal_takes_back_all_of_it_and_is_not_taken_back_itself() {
        let cost = booked();
        let id = Uuid::now_v7();
        let back = cost
            .reversal(id, "paid twice".to_owned(), DateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!((back.amount, back.reverses), (-120_000, Some(cost.cost_id)));
        assert_eq!((&back.currency, back.kind), (&cost.currency, cost.kind));
        assert_eq!(
            back.reversal(id, String::new(), DateTime::UNIX_EPOCH)
                .unwrap_err()
                .state,
            "reversal"
        );
        let gone = Cost {
            reversed_by: Some(id),
            ..cost
        };
        assert_eq!(
            gone.reversal(id, String::new(), DateTime::UNIX_EPOCH)
                .unwrap_err()
                .state,
            "reversed"
        );
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert!(Currency::parse("JPY").is_ok());
        for wrong in ["", "eur", "EURO", "E R", "€"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
    }
}
