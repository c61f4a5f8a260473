//! Initiatives.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{comparison, iteration, principle};
use crate::commands::initiative::{AddAction, CompleteAction, Create, Stop, Update};
use crate::commands::rollout::RollOut;
use crate::domain::{
    Change, Department, Draft, Initiative, InitiativeState, Metric, PilotOverride, Target, email,
};

const UPDATABLE: &[&str] = &[
    "title",
    "hypothesis",
    "owner",
    "departments",
    "target",
    "comparison",
    "principle_ids",
];
const MOST_DEPARTMENTS: usize = 20;

pub(crate) fn create(request: &pb::CreateInitiativeRequest) -> Result<Create, Error> {
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
            change: change?,
        };
        Some(Create { draft, key: key? })
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
    let mut text = |field: &str, text: &str, most: usize| {
        mask.read(field, || {
            violations.text(&format!("initiative.{field}"), text, 1..=most)
        })
    };
    let title = text("title", &initiative.title, 200);
    let hypothesis = text("hypothesis", &initiative.hypothesis, 2000);
    let owner = text("owner", &initiative.owner, 200);
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
            "must be a number above 0 and at most 1, such as 0.3 for a fall by 30 %",
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

pub(crate) fn add_action(request: &pb::AddActionRequest) -> Result<AddAction, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("AddAction", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let action = violations.required("action", request.action.as_ref());
    let parts = action.map(|action| {
        let title = violations.text("action.title", &action.title, 1..=500);
        let owner = violations.text("action.owner", &action.owner, 1..=200);
        let due_at = violations.optional_instant("action.due_at", action.due_at);
        (title, owner, due_at)
    });
    let add = || {
        let (title, owner, due_at) = parts?;
        Some(AddAction {
            initiative_id: initiative_id?,
            title: title?,
            owner: owner?,
            due_at: due_at?,
            key: key?,
        })
    };
    violations.finish(add())
}

pub(crate) fn complete_action(request: &pb::CompleteActionRequest) -> Result<CompleteAction, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CompleteAction", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let action_id = violations.id("action_id", &request.action_id);
    let evidence = violations.text("evidence", &request.evidence, 1..=2000);
    let complete = || {
        Some(CompleteAction {
            initiative_id: initiative_id?,
            action_id: action_id?,
            evidence: evidence?,
            key: key?,
        })
    };
    violations.finish(complete())
}

pub(crate) fn roll_out(request: &pb::RollOutInitiativeRequest) -> Result<RollOut, Error> {
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
            key: key?,
        })
    };
    violations.finish(roll_out())
}

pub(crate) fn stop(request: &pb::StopInitiativeRequest) -> Result<Stop, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("StopInitiative", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let reason = violations.text("reason", &request.reason, 1..=2000);
    let stop = || {
        Some(Stop {
            initiative_id: initiative_id?,
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
        state,
        stopped_reason,
        created_at,
        past,
        current,
    } = initiative;
    let state = match state {
        InitiativeState::Planned => pb::InitiativeState::Planned,
        InitiativeState::RolledOut => pb::InitiativeState::RolledOut,
        InitiativeState::Effective => pb::InitiativeState::Effective,
        InitiativeState::Stopped => pb::InitiativeState::Stopped,
    };
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
        state: state.into(),
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
    }
}
