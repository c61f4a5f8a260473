//! Principles.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::principle::{Create, Update};
use crate::domain::Principle;

const UPDATABLE: &[&str] = &["name", "statement"];
const MOST_PRINCIPLES: usize = 10;

pub(crate) fn create(request: &pb::CreatePrincipleRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreatePrinciple", &request.request_id, request, &mut violations);
    let principle = violations.required("principle", request.principle.as_ref());
    let parts = principle.map(|principle| {
        let name = violations.text("principle.name", &principle.name, 1..=100);
        let statement = violations.text("principle.statement", &principle.statement, 1..=2000);
        (name, statement)
    });
    let create = || {
        let (name, statement) = parts?;
        Some(Create {
            name: name?,
            statement: statement?,
            key: key?,
        })
    };
    violations.finish(create())
}

pub(crate) fn update(request: &pb::UpdatePrincipleRequest) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdatePrinciple", &request.request_id, request, &mut violations);
    let principle = violations.required("principle", request.principle.as_ref());
    let parsed = principle.and_then(|principle| {
        let principle_id = violations.id("principle.principle_id", &principle.principle_id);
        let given = [!principle.name.is_empty(), !principle.statement.is_empty()];
        let populated: Vec<_> = UPDATABLE
            .iter()
            .zip(given)
            .filter_map(|(field, given)| given.then_some(*field))
            .collect();
        let mask = Mask::parse(
            request.update_mask.as_ref(),
            UPDATABLE,
            &populated,
            &mut violations,
        )?;
        let mut text = |field: &str, text: &str, most: usize| {
            if !mask.has(field) {
                return Some(None);
            }
            violations
                .text(&format!("principle.{field}"), text, 1..=most)
                .map(Some)
        };
        let name = text("name", &principle.name, 100);
        let statement = text("statement", &principle.statement, 2000);
        Some((principle_id?, principle.etag.clone(), name?, statement?))
    });
    let update = || {
        let (principle_id, etag, name, statement) = parsed?;
        Some(Update {
            principle_id,
            etag,
            name,
            statement,
            key: key?,
        })
    };
    violations.finish(update())
}

pub(crate) fn get(request: &pb::GetPrincipleRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("principle_id", &request.principle_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListPrinciplesRequest) -> Result<Page<Uuid>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"principles",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

/// The ids of the principles that something serves, each once.
pub(super) fn ids(field: &str, ids: &[String], violations: &mut Violations) -> Option<Vec<Uuid>> {
    let mut ids = violations.ids(field, ids, MOST_PRINCIPLES)?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

pub(crate) fn to_proto(principle: Principle) -> pb::Principle {
    let etag = principle.etag().to_string();
    let Principle {
        principle_id,
        version: _,
        events: _,
        name,
        statement,
        created_at,
    } = principle;
    pb::Principle {
        principle_id: principle_id.to_string(),
        name,
        statement,
        create_time: Some(timestamp(created_at)),
        etag,
    }
}
