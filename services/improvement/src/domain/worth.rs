//! What an initiative is worth, as a range with all it was computed from.

mod change;
mod parameters;

use attune_stats::metric::ConfidenceLevel;
use attune_stats::worth::{Benefit, Quantity, Terms, benefit};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use change::{Basis, ContactChange, LOOKED_BACK};
pub(crate) use parameters::{MoneyBounds, ShareBounds, WorthParameters};

use super::{CostTotal, Issue, WrongState};

/// How long after a verdict's look feedback that arrives late still restates the worth.
const LATE: TimeDelta = TimeDelta::days(7);
/// The level of the ranges.
const LEVEL: ConfidenceLevel = ConfidenceLevel::P95;

/// What somebody asked to be stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// Over how many days the benefit is counted: 1 to 1825.
    pub(crate) horizon_days: i32,
    /// How many more of those who are spared the problem stay.
    pub(crate) retention_uplift: Option<ShareBounds>,
    /// By which part contacts fall, until a verdict says so.
    pub(crate) assumed_fall: Option<ShareBounds>,
}

/// Why a statement was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorthCause {
    /// Somebody asked.
    Asked,
    /// A cost was booked or reversed.
    Cost,
    /// There is a new verdict.
    Verdict,
    /// Feedback arrived late.
    LateFeedback,
    /// The parameters have a new version.
    Parameters,
}

/// The benefit of an initiative, with all it was computed from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Appraisal {
    pub(crate) wanted: Wanted,
    pub(crate) parameters: WorthParameters,
    pub(crate) change: ContactChange,
    pub(crate) customers_per_contact: f64,
    pub(crate) benefit: Benefit,
}

impl Appraisal {
    /// Computes the benefit for an initiative on this issue.
    pub(crate) fn of(
        issue: &Issue,
        wanted: Wanted,
        parameters: WorthParameters,
        change: ContactChange,
    ) -> Self {
        let customers_per_contact = customers_per_contact(issue);
        let uplift = wanted.retention_uplift.as_ref();
        let benefit = benefit(
            &Terms {
                avoided_contacts: change.avoided(wanted.horizon_days),
                customers_per_contact,
                retention_uplift: uplift.map_or(Quantity::Exact(0.0), ShareBounds::quantity),
                customer_value: parameters.customer_value.quantity(),
                cost_per_contact: parameters.cost_per_contact.quantity(),
            },
            LEVEL,
        );
        Self {
            wanted,
            parameters,
            change,
            customers_per_contact,
            benefit,
        }
    }

    /// Until when feedback may arrive late; `None` where nothing was measured.
    pub(crate) fn settled_at(&self) -> Option<DateTime<Utc>> {
        match &self.change.basis {
            Basis::Assumed(_) => None,
            Basis::Verdict { looked_at, .. } => Some(*looked_at + LATE),
        }
    }
}

/// A person who complains more than once is one person; one who left no evidence behind does not count twice.
fn customers_per_contact(issue: &Issue) -> f64 {
    if issue.evidence_size > 0 && issue.cohort_size > 0 {
        (issue.cohort_size as f64 / issue.evidence_size as f64).min(1.0)
    } else {
        1.0
    }
}

/// A statement; never changed once it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorthStatement {
    pub(crate) worth_statement_id: Uuid,
    pub(crate) initiative_id: Uuid,
    /// From 1.
    pub(crate) number: i32,
    pub(crate) cause: WorthCause,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) appraisal: Appraisal,
    /// What was booked by then.
    pub(crate) cost: Option<CostTotal>,
}

impl WorthStatement {
    /// The statement after `previous`. Refuses costs in another currency than the parameters'.
    pub(crate) fn after(
        previous: Option<&Self>,
        (worth_statement_id, initiative_id): (Uuid, Uuid),
        cause: WorthCause,
        (appraisal, cost): (Appraisal, Option<CostTotal>),
        now: DateTime<Utc>,
    ) -> Result<Self, WrongState> {
        if let Some(cost) = &cost {
            cost.check(&appraisal.parameters.currency)?;
        }
        Ok(Self {
            worth_statement_id,
            initiative_id,
            number: previous.map_or(1, |previous| previous.number + 1),
            cause,
            made_at: now,
            appraisal,
            cost,
        })
    }

    /// Why this has to be said anew; `None` where nothing is different.
    pub(crate) fn outdated_by(&self, appraisal: &Appraisal, cost: Option<&CostTotal>) -> Option<WorthCause> {
        let then = &self.appraisal;
        if !then.change.is_of_same_look(&appraisal.change) {
            Some(WorthCause::Verdict)
        } else if self.cost.as_ref() != cost {
            Some(WorthCause::Cost)
        } else if then.parameters.version != appraisal.parameters.version {
            Some(WorthCause::Parameters)
        } else if then.change.rests_on_the_same(&appraisal.change) {
            None
        } else {
            Some(WorthCause::LateFeedback)
        }
    }

    /// What is booked, in smallest units.
    pub(crate) fn cost_amount(&self) -> i64 {
        self.cost.as_ref().map_or(0, |cost| cost.amount)
    }

    /// What is taken for granted, for people.
    pub(crate) fn assumptions(&self) -> Vec<String> {
        let Appraisal { wanted, change, .. } = &self.appraisal;
        let mut assumptions = vec![
            format!(
                "the change lasts for {} days, and the product hears as much feedback on other matters as in the time \
                 it was counted in",
                wanted.horizon_days
            ),
            "a contact is a piece of feedback about the issue; contacts that leave none are not counted"
                .to_owned(),
            "how many customers a contact stands for is as in the evidence of the issue".to_owned(),
        ];
        match &change.basis {
            Basis::Assumed(fall) => {
                assumptions.push(format!("contacts fall as assumed, by: {}", fall.source));
            }
            Basis::Verdict { .. } => assumptions.push(
                "the measured change is that of the verdict, on the feedback there was at the time of this statement"
                    .to_owned(),
            ),
        }
        assumptions.push(match &wanted.retention_uplift {
            Some(uplift) => format!("customers who are spared stay as stated, by: {}", uplift.source),
            None => "nobody stays because of it: no uplift of retention was stated".to_owned(),
        });
        assumptions
    }
}

#[cfg(test)]
mod tests;
