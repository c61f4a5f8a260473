//! Initiatives.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{comparison, iteration, principle, transition};
use crate::commands::initiative::{Create, Stop, Update};
use crate::commands::rollout::RollOut;
use crate::domain::{
    Change, Currency, Department, Draft, Initiative, MOST_UNITS, Metric, Money, PilotOverride, Target, email,
};

const UPDATABLE: &[&str] = &[
    "title",
    "hypothesis",
    "owner",
    "departments",
    "target",
    "comparison",
    "principle_ids",
    "team",
    "budget",
];
const MOST_DEPARTMENTS: usize = 20;

pub(crate) fn create(request: &pb::CreateInitiativeRequest, caller: &str) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateInitiative", &request.request_id, request, &mut violations);
    let change = violations.text("change", &request.change, 0..=2000);
    let initiative = violations.required("initiative", request.initiative.as_ref());
    let parts = initiative.map(|initiative| {
        let issue_id = violations.id("initiative.issue_id", &initiative.issue_id);
        let mask = Mask::parse(None, UPDATABLE, UPDATABLE, &mut violations);
        (
            issue_id,
            mask.and_then(|mask| change_of(initiative, &mask, &mut violations)),
        )
    });
    let create = || {
        let (issue_id, said) = parts?;
        let Change {
            title,
            hypothesis,
            owner,
            departments,
            target,
            comparison,
            principle_ids,
            team,
            budget,
        } = said?;
        let draft = Draft {
            issue_id: issue_id?,
            title: title?,
            hypothesis: hypothesis?,
            owner: owner?,
            departments: departments?,
            target: target?,
            comparison: comparison?,
            principle_ids: principle_ids?,
            team: team?,
            budget: budget?,
            change: change?,
            proposed: request.propose,
        };
        let by = caller.to_owned();
        Some(Create { draft, by, key: key? })
    };
    violations.finish(create())
}

pub(crate) fn update(request: &pb::UpdateInitiativeRequest) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdateInitiative", &request.request_id, request, &mut violations);
    let initiative = violations.required("initiative", request.initiative.as_ref());
    let parsed = initiative.and_then(|initiative| {
        let initiative_id = violations.id("initiative.initiative_id", &initiative.initiative_id);
        let populated = populated(initiative);
        let mask = Mask::parse(
            request.update_mask.as_ref(),
            UPDATABLE,
            &populated,
            &mut violations,
        )?;
        let change = change_of(initiative, &mask, &mut violations);
        Some((initiative_id?, initiative.etag.clone(), change?))
    });
    let update = || {
        let (initiative_id, etag, change) = parsed?;
        Some(Update {
            initiative_id,
            etag,
            change,
            key: key?,
        })
    };
    violations.finish(update())
}

/// The fields of `mask`; the others are not looked at.
fn change_of(initiative: &pb::Initiative, mask: &Mask, violations: &mut Violations) -> Option<Change> {
    let mut text = |field: &str, text: &str, length| {
        mask.read(field, || {
            violations.text(&format!("initiative.{field}"), text, length)
        })
    };
    let title = text("title", &initiative.title, 1..=200);
    let hypothesis = text("hypothesis", &initiative.hypothesis, 1..=2000);
    let owner = text("owner", &initiative.owner, 1..=200);
    let team = text("team", &initiative.team, 0..=100);
    let budget = mask.read("budget", || parse_budget(initiative.budget.as_ref(), violations));
    let departments = mask.read("departments", || {
        parse_departments(&initiative.departments, violations)
    });
    let target = mask.read("target", || parse_target(initiative.target.as_ref(), violations));
    let comparison = mask.read("comparison", || {
        comparison::parse(initiative.comparison.as_ref(), violations)
    });
    let principle_ids = mask.read("principle_ids", || {
        principle::ids("initiative.principle_ids", &initiative.principle_ids, violations)
    });
    Some(Change {
        title: title?,
        hypothesis: hypothesis?,
        owner: owner?,
        departments: departments?,
        target: target?,
        comparison: comparison?,
        principle_ids: principle_ids?,
        team: team?,
        budget: budget?,
    })
}

fn populated(initiative: &pb::Initiative) -> Vec<&'static str> {
    let given = [
        !initiative.title.is_empty(),
        !initiative.hypothesis.is_empty(),
        !initiative.owner.is_empty(),
        !initiative.departments.is_empty(),
        initiative.target.is_some(),
        initiative.comparison.is_some(),
        !initiative.principle_ids.is_empty(),
        !initiative.team.is_empty(),
        initiative.budget.is_some(),
    ];
    UPDATABLE
        .iter()
        .zip(given)
        .filter(|(_, given)| *given)
        .map(|(field, _)| *field)
        .collect()
}

fn parse_departments(list: &[pb::Department], violations: &mut Violations) -> Option<Vec<Department>> {
    violations.at_most("initiative.departments", list.len(), MOST_DEPARTMENTS)?;
    let mut parse = |(place, department): (usize, &pb::Department)| {
        let pb::Department { name, email: address } = department;
        let field = format!("initiative.departments[{place}]");
        let name = violations.text(&format!("{field}.name"), name, 1..=100);
        let address = violations.check(&format!("{field}.email"), email(address));
        Some(Department {
            name: name?,
            email: address?,
        })
    };
    let parsed: Vec<_> = list.iter().enumerate().map(&mut parse).collect();
    parsed.into_iter().collect()
}

/// `Some(None)` where nobody said what it may cost.
#[expect(
    clippy::option_option,
    reason = "outside: whether it is right, inside: whether there is one"
)]
fn parse_budget(budget: Option<&pb::Budget>, violations: &mut Violations) -> Option<Option<Money>> {
    let Some(pb::Budget {
        currency,
        minor_units,
        spent_minor_units: _,
    }) = budget
    else {
        return Some(None);
    };
    let currency = violations.check("initiative.budget.currency", Currency::parse(currency));
    let amount = (1..=MOST_UNITS).contains(minor_units).then_some(*minor_units);
    if amount.is_none() {
        violations.add(
            "initiative.budget.minor_units",
            format!("must be 1 to {MOST_UNITS} of the currency's smallest unit"),
        );
    }
    Some(Some(Money {
        currency: currency?,
        amount: amount?,
    }))
}

fn parse_target(target: Option<&pb::Target>, violations: &mut Violations) -> Option<Target> {
    let pb::Target {
        metric,
        smallest_relative_effect,
        deadline_days,
    } = violations.required("initiative.target", target)?;
    let metric = violations.check("initiative.target.metric", Metric::parse(metric));
    let effect = "initiative.target.smallest_relative_effect";
    let smallest = if *smallest_relative_effect > 0.0 && *smallest_relative_effect <= 1.0 {
        Some(*smallest_relative_effect)
    } else {
        violations.add(
            effect,
            "must be a number above 0 and at most 1, such as 0.3 for a fall by 30 %, or for a rise where the metric is to \
             rise",
        );
        None
    };
    let deadline = (1..=365).contains(deadline_days).then_some(*deadline_days);
    if deadline.is_none() {
        violations.add("initiative.target.deadline_days", "must be 1 to 365");
    }
    Some(Target {
        metric: metric?,
        smallest_relative_effect: smallest?,
        deadline_days: deadline?,
    })
}

pub(crate) fn get(request: &pb::GetInitiativeRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("initiative_id", &request.initiative_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListInitiativesRequest) -> Result<(Option<Uuid>, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let issue_id = violations.optional_id("issue_id", &request.issue_id);
    let arguments = ("initiatives", &request.issue_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    violations.finish(issue_id.map(|issue_id| (issue_id, page)))
}

pub(crate) fn roll_out(request: &pb::RollOutInitiativeRequest, caller: &str) -> Result<RollOut, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RollOutInitiative", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let change = violations.text("change", &request.change, 0..=2000);
    let template_id = violations.optional_id("template_id", &request.template_id);
    let pilot_override = match &request.pilot_override {
        None => Some(None),
        Some(pb::PilotOverride { by, reason }) => {
            let by = violations.text("pilot_override.by", by, 1..=200);
            let reason = violations.text("pilot_override.reason", reason, 1..=2000);
            by.zip(reason)
                .map(|(by, reason)| Some(PilotOverride { by, reason }))
        }
    };
    let roll_out = || {
        Some(RollOut {
            initiative_id: initiative_id?,
            change: Some(change?).filter(|change| !change.is_empty()),
            template_id: template_id?,
            pilot_override: pilot_override?,
            by: caller.to_owned(),
            key: key?,
        })
    };
    violations.finish(roll_out())
}

pub(crate) fn stop(request: &pb::StopInitiativeRequest, caller: &str) -> Result<Stop, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("StopInitiative", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let by = transition::by(&request.by, caller, &mut violations);
    let reason = violations.text("reason", &request.reason, 1..=2000);
    let stop = || {
        Some(Stop {
            initiative_id: initiative_id?,
            by: by?,
            reason: reason?,
            key: key?,
        })
    };
    violations.finish(stop())
}

pub(crate) fn department_to_proto(department: Department) -> pb::Department {
    let Department { name, email } = department;
    pb::Department { name, email }
}

pub(crate) fn to_proto(initiative: Initiative) -> pb::Initiative {
    let etag = initiative.etag().to_string();
    let Initiative {
        initiative_id,
        issue_id,
        version: _,
        events: _,
        title,
        hypothesis,
        owner,
        departments,
        target:
            Target {
                metric,
                smallest_relative_effect,
                deadline_days,
            },
        comparison,
        principle_ids,
        team,
        budget,
        spent,
        state,
        stopped_reason,
        created_at,
        transitions: _,
        taken: _,
        past,
        current,
    } = initiative;
    let metric = metric.as_str().to_owned();
    pb::Initiative {
        initiative_id: initiative_id.to_string(),
        issue_id: issue_id.to_string(),
        title,
        hypothesis,
        owner,
        departments: departments.into_iter().map(department_to_proto).collect(),
        target: Some(pb::Target {
            metric,
            smallest_relative_effect,
            deadline_days,
        }),
        state: transition::state_to_proto(state).into(),
        iterations: past
            .into_iter()
            .chain([current])
            .map(iteration::to_proto)
            .collect(),
        stopped_reason,
        create_time: Some(timestamp(created_at)),
        etag,
        principle_ids: principle_ids.iter().map(Uuid::to_string).collect(),
        comparison: comparison.map(comparison::to_proto),
        team,
        budget: budget_to_proto(budget.as_ref(), spent),
    }
}

pub(super) fn budget_to_proto(budget: Option<&Money>, spent: i64) -> Option<pb::Budget> {
    budget.map(|budget| pb::Budget {
        currency: budget.currency.as_str().to_owned(),
        minor_units: budget.amount,
        spent_minor_units: spent,
    })
}
