//! Costs.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::cost::{Book, Reverse};
use crate::domain::{Cost, CostKind, CostTotal, Currency, MOST_UNITS};

pub(crate) fn book(request: &pb::BookCostRequest) -> Result<Book, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("BookCost", &request.request_id, request, &mut violations);
    let cost = violations.required("cost", request.cost.as_ref());
    let parts = cost.map(|cost| {
        let initiative_id = violations.id("cost.initiative_id", &cost.initiative_id);
        let action_id = violations.optional_id("cost.action_id", &cost.action_id);
        let amount = money(cost.amount.as_ref(), &mut violations);
        let kind = violations
            .choice::<pb::CostKind>("cost.kind", cost.kind)
            .and_then(kind);
        let source = violations.text("cost.source", &cost.source, 1..=500);
        (initiative_id, action_id, amount, kind, source)
    });
    let book = || {
        let (initiative_id, action_id, amount, kind, source) = parts?;
        let (currency, amount) = amount?;
        Some(Book {
            initiative_id: initiative_id?,
            action_id: action_id?,
            amount,
            currency,
            kind: kind?,
            source: source?,
            key: key?,
        })
    };
    violations.finish(book())
}

fn money(amount: Option<&pb::Money>, violations: &mut Violations) -> Option<(Currency, i64)> {
    let pb::Money {
        currency,
        minor_units,
    } = violations.required("cost.amount", amount)?;
    let currency = violations.check("cost.amount.currency", Currency::parse(currency));
    let units = (1..=MOST_UNITS).contains(minor_units).then_some(*minor_units);
    if units.is_none() {
        violations.add(
            "cost.amount.minor_units",
            format!("must be 1 to {MOST_UNITS} of the currency's smallest unit; take a booking back with ReverseCost"),
        );
    }
    Some((currency?, units?))
}

pub(crate) fn reverse(request: &pb::ReverseCostRequest) -> Result<Reverse, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("ReverseCost", &request.request_id, request, &mut violations);
    let cost_id = violations.id("cost_id", &request.cost_id);
    let reason = violations.text("reason", &request.reason, 1..=500);
    let reverse = || {
        Some(Reverse {
            cost_id: cost_id?,
            reason: reason?,
            key: key?,
        })
    };
    violations.finish(reverse())
}

pub(crate) fn list(request: &pb::ListCostsRequest) -> Result<(Uuid, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let arguments = ("costs", &request.initiative_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(initiative_id.map(|initiative_id| (initiative_id, page)))
}

fn kind(kind: pb::CostKind) -> Option<CostKind> {
    match kind {
        pb::CostKind::Unspecified => None,
        pb::CostKind::Labour => Some(CostKind::Labour),
        pb::CostKind::Material => Some(CostKind::Material),
        pb::CostKind::Software => Some(CostKind::Software),
        pb::CostKind::Services => Some(CostKind::Services),
        pb::CostKind::Compensation => Some(CostKind::Compensation),
        pb::CostKind::Training => Some(CostKind::Training),
        pb::CostKind::Other => Some(CostKind::Other),
    }
}

fn kind_to_proto(kind: CostKind) -> pb::CostKind {
    match kind {
        CostKind::Labour => pb::CostKind::Labour,
        CostKind::Material => pb::CostKind::Material,
        CostKind::Software => pb::CostKind::Software,
        CostKind::Services => pb::CostKind::Services,
        CostKind::Compensation => pb::CostKind::Compensation,
        CostKind::Training => pb::CostKind::Training,
        CostKind::Other => pb::CostKind::Other,
    }
}

pub(crate) fn to_proto(cost: Cost) -> pb::Cost {
    let Cost {
        cost_id,
        initiative_id,
        action_id,
        amount,
        currency,
        kind,
        source,
        booked_at,
        reverses,
        reversed_by,
    } = cost;
    let id = |id: Option<Uuid>| id.map_or_else(String::new, |id| id.to_string());
    pb::Cost {
        cost_id: cost_id.to_string(),
        initiative_id: initiative_id.to_string(),
        action_id: id(action_id),
        amount: Some(money_to_proto(&currency, amount)),
        kind: kind_to_proto(kind).into(),
        source,
        booked_at: Some(timestamp(booked_at)),
        reverses_cost_id: id(reverses),
        reversed_by_cost_id: id(reversed_by),
    }
}

pub(super) fn money_to_proto(currency: &Currency, minor_units: i64) -> pb::Money {
    pb::Money {
        currency: currency.as_str().to_owned(),
        minor_units,
    }
}

pub(crate) fn total_to_proto(total: &CostTotal) -> pb::Money {
    money_to_proto(&total.currency, total.amount)
}
