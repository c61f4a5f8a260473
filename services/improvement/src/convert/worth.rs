//! What initiatives are worth: requests, and statements on the wire.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use attune_stats::verdict::Interval;
use uuid::Uuid;

use super::{cost, verdict};
use crate::commands::worth::{Estimate, Set};
use crate::domain::{
    Appraisal, Basis, ContactChange, Currency, MOST_UNITS, MoneyBounds, ShareBounds, Wanted, WorthCause,
    WorthParameters, WorthStatement,
};

/// The horizon where none is given.
const HORIZON_DAYS: i32 = 365;
const LONGEST_HORIZON_DAYS: i32 = 1825;
const METHOD: &str = "propagation of distributions by Monte Carlo (JCGM 101:2008) with a fixed sequence of draws: \
                      verdicts as their intervals, what was stated as triangles between its bounds";

pub(crate) fn set(request: &pb::SetWorthParametersRequest) -> Result<Set, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of(
        "SetWorthParameters",
        &request.request_id,
        request,
        &mut violations,
    );
    let parameters = violations.required("parameters", request.parameters.as_ref());
    let parts = parameters.map(|parameters| {
        let currency = violations.check("parameters.currency", Currency::parse(&parameters.currency));
        let mut bounds = |name: &str, bounds: Option<&pb::MoneyBounds>| {
            money_bounds(&format!("parameters.{name}"), bounds, &mut violations)
        };
        let customer_value = bounds("customer_value", parameters.customer_value.as_ref());
        let cost_per_contact = bounds("cost_per_contact", parameters.cost_per_contact.as_ref());
        (currency, customer_value, cost_per_contact)
    });
    let set = || {
        let (currency, customer_value, cost_per_contact) = parts?;
        Some(Set {
            currency: currency?,
            customer_value: customer_value?,
            cost_per_contact: cost_per_contact?,
            key: key?,
        })
    };
    violations.finish(set())
}

fn money_bounds(
    field: &str,
    bounds: Option<&pb::MoneyBounds>,
    violations: &mut Violations,
) -> Option<MoneyBounds> {
    let pb::MoneyBounds {
        low,
        likely,
        high,
        source,
    } = violations.required(field, bounds)?;
    let source = violations.text(&format!("{field}.source"), source, 1..=500);
    let in_order = 0 <= *low && low <= likely && likely <= high && *high <= MOST_UNITS;
    if !in_order {
        violations.add(
            field,
            format!("must have 0 ≤ low ≤ likely ≤ high ≤ {MOST_UNITS}, in the currency's smallest unit"),
        );
        return None;
    }
    Some(MoneyBounds {
        low: *low,
        likely: *likely,
        high: *high,
        source: source?,
    })
}

/// Bounds of a share that may be left out. `Some(None)` when they were; `None` when they are wrong.
#[expect(
    clippy::option_option,
    reason = "the outer tells right from wrong, the inner given from left out"
)]
fn share_bounds(
    field: &str,
    bounds: Option<&pb::ShareBounds>,
    violations: &mut Violations,
) -> Option<Option<ShareBounds>> {
    let Some(pb::ShareBounds {
        low,
        likely,
        high,
        source,
    }) = bounds
    else {
        return Some(None);
    };
    let source = violations.text(&format!("{field}.source"), source, 1..=500);
    let in_order = 0.0 <= *low && low <= likely && likely <= high && *high <= 1.0;
    if !in_order {
        violations.add(field, "must have 0 ≤ low ≤ likely ≤ high ≤ 1");
        return None;
    }
    Some(Some(ShareBounds {
        low: *low,
        likely: *likely,
        high: *high,
        source: source?,
    }))
}

pub(crate) fn get(request: pb::GetWorthParametersRequest) -> Result<Option<i32>, Error> {
    let mut violations = Violations::default();
    if request.version < 0 {
        violations.add("version", "must be a version from 1, or 0 for the latest");
    }
    violations.finish(Some((request.version > 0).then_some(request.version)))
}

pub(crate) fn estimate(request: &pb::EstimateWorthRequest) -> Result<Estimate, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("EstimateWorth", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let horizon_days = match request.horizon_days {
        0 => Some(HORIZON_DAYS),
        days if (1..=LONGEST_HORIZON_DAYS).contains(&days) => Some(days),
        _ => {
            let message = format!("must be 1 to {LONGEST_HORIZON_DAYS}, or 0 for {HORIZON_DAYS}");
            violations.add("horizon_days", message);
            None
        }
    };
    let uplift = share_bounds(
        "retention_uplift",
        request.retention_uplift.as_ref(),
        &mut violations,
    );
    let fall = share_bounds("assumed_fall", request.assumed_fall.as_ref(), &mut violations);
    let estimate = || {
        let wanted = Wanted {
            horizon_days: horizon_days?,
            retention_uplift: uplift?,
            assumed_fall: fall?,
        };
        Some(Estimate {
            initiative_id: initiative_id?,
            wanted,
            key: key?,
        })
    };
    violations.finish(estimate())
}

pub(crate) fn list(request: &pb::ListWorthStatementsRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let arguments = ("worth statements", &request.initiative_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(initiative_id.map(|initiative_id| (initiative_id, page)))
}

pub(crate) fn parameters_to_proto(parameters: WorthParameters) -> pb::WorthParameters {
    let WorthParameters {
        worth_parameters_id,
        version,
        currency,
        customer_value,
        cost_per_contact,
        set_at,
    } = parameters;
    pb::WorthParameters {
        worth_parameters_id: worth_parameters_id.to_string(),
        version,
        currency: currency.as_str().to_owned(),
        customer_value: Some(money_bounds_to_proto(customer_value)),
        cost_per_contact: Some(money_bounds_to_proto(cost_per_contact)),
        set_at: Some(timestamp(set_at)),
    }
}

fn money_bounds_to_proto(bounds: MoneyBounds) -> pb::MoneyBounds {
    let MoneyBounds {
        low,
        likely,
        high,
        source,
    } = bounds;
    pb::MoneyBounds {
        low,
        likely,
        high,
        source,
    }
}

fn share_bounds_to_proto(bounds: ShareBounds) -> pb::ShareBounds {
    let ShareBounds {
        low,
        likely,
        high,
        source,
    } = bounds;
    pb::ShareBounds {
        low,
        likely,
        high,
        source,
    }
}

pub(crate) fn to_proto(statement: WorthStatement) -> pb::WorthStatement {
    let assumptions = statement.assumptions();
    let cost = statement.cost_amount();
    let WorthStatement {
        worth_statement_id,
        initiative_id,
        number,
        cause,
        made_at,
        appraisal,
        cost: total,
    } = statement;
    let Appraisal {
        wanted,
        parameters,
        change,
        customers_per_contact,
        benefit,
    } = appraisal;
    let total_benefit = money_range(benefit.total);
    let net = pb::MoneyRange {
        low: total_benefit.low.saturating_sub(cost),
        high: total_benefit.high.saturating_sub(cost),
    };
    pb::WorthStatement {
        worth_statement_id: worth_statement_id.to_string(),
        initiative_id: initiative_id.to_string(),
        number,
        cause: cause_to_proto(cause).into(),
        made_at: Some(timestamp(made_at)),
        horizon_days: wanted.horizon_days,
        effect: Some(change_to_proto(change)),
        retention_uplift: wanted.retention_uplift.map(share_bounds_to_proto),
        customers_per_contact,
        avoided_contacts: Some(range(benefit.avoided_contacts)),
        customers_spared: Some(range(benefit.customers_spared)),
        retention_benefit: Some(money_range(benefit.retention)),
        contact_benefit: Some(money_range(benefit.contacts)),
        benefit: Some(total_benefit),
        cost: Some(cost::money_to_proto(&parameters.currency, cost)),
        bookings: total.map_or(0, |total| total.bookings),
        net: Some(net),
        level: benefit.level,
        method: METHOD.to_owned(),
        assumptions,
        parameters: Some(parameters_to_proto(parameters)),
    }
}

fn change_to_proto(change: ContactChange) -> pb::WorthEffect {
    let ContactChange {
        basis,
        expected_share,
        n,
        from,
        to,
    } = change;
    let counted = pb::WorthEffect {
        expected_share,
        n,
        counted_from: Some(timestamp(from)),
        counted_to: Some(timestamp(to)),
        ..pb::WorthEffect::default()
    };
    match basis {
        Basis::Assumed(fall) => pb::WorthEffect {
            basis: pb::WorthBasis::Assumed.into(),
            assumed_fall: Some(share_bounds_to_proto(fall)),
            ..counted
        },
        Basis::Verdict {
            iteration,
            look: _,
            looked_at: _,
            decision,
            effect,
            low,
            high,
            level,
        } => pb::WorthEffect {
            basis: pb::WorthBasis::Verdict.into(),
            iteration,
            decision: verdict::decision_to_proto(decision).into(),
            effect: Some(effect),
            low: Some(low),
            high: Some(high),
            level,
            ..counted
        },
    }
}

fn cause_to_proto(cause: WorthCause) -> pb::WorthCause {
    match cause {
        WorthCause::Asked => pb::WorthCause::Asked,
        WorthCause::Cost => pb::WorthCause::Cost,
        WorthCause::Verdict => pb::WorthCause::Verdict,
        WorthCause::LateFeedback => pb::WorthCause::LateFeedback,
        WorthCause::Parameters => pb::WorthCause::Parameters,
    }
}

fn range(interval: Interval) -> pb::WorthRange {
    pb::WorthRange {
        low: interval.low,
        high: interval.high,
    }
}

/// In whole smallest units, outwards: a range may say less than is known, never more.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond what an i64 holds the end of the range is the largest amount there is"
)]
fn money_range(interval: Interval) -> pb::MoneyRange {
    pb::MoneyRange {
        low: interval.low.floor() as i64,
        high: interval.high.ceil() as i64,
    }
}
