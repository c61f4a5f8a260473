//! What is done for an iteration.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, RequestKey, Violations};
use uuid::Uuid;

use crate::commands::action::{AddAction, CompleteAction, SetDependencies};
use crate::domain::MOST_DEPENDENCIES;

pub(crate) fn add(request: &pb::AddActionRequest) -> Result<AddAction, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("AddAction", &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let action = violations.required("action", request.action.as_ref());
    let parts = action.map(|action| {
        let title = violations.text("action.title", &action.title, 1..=500);
        let owner = violations.text("action.owner", &action.owner, 1..=200);
        let due_at = violations.optional_instant("action.due_at", action.due_at);
        let field = "action.depends_on_action_ids";
        let depends_on = dependencies(field, &action.depends_on_action_ids, &mut violations);
        (title, owner, due_at, depends_on)
    });
    let add = || {
        let (title, owner, due_at, depends_on) = parts?;
        Some(AddAction {
            initiative_id: initiative_id?,
            title: title?,
            owner: owner?,
            due_at: due_at?,
            depends_on: depends_on?,
            key: key?,
        })
    };
    violations.finish(add())
}

pub(crate) fn set_dependencies(request: &pb::SetActionDependenciesRequest) -> Result<SetDependencies, Error> {
    let mut violations = Violations::default();
    let method = "SetActionDependencies";
    let key = RequestKey::of(method, &request.request_id, request, &mut violations);
    let initiative_id = violations.id("initiative_id", &request.initiative_id);
    let action_id = violations.id("action_id", &request.action_id);
    let depends_on = dependencies(
        "depends_on_action_ids",
        &request.depends_on_action_ids,
        &mut violations,
    );
    let set = || {
        Some(SetDependencies {
            initiative_id: initiative_id?,
            action_id: action_id?,
            depends_on: depends_on?,
            key: key?,
        })
    };
    violations.finish(set())
}

/// What must be done before an action, each once.
fn dependencies(field: &str, ids: &[String], violations: &mut Violations) -> Option<Vec<Uuid>> {
    let mut ids = violations.ids(field, ids, MOST_DEPENDENCIES)?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

pub(crate) fn complete(request: &pb::CompleteActionRequest, caller: &str) -> Result<CompleteAction, Error> {
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
            by: caller.to_owned(),
            key: key?,
        })
    };
    violations.finish(complete())
}
