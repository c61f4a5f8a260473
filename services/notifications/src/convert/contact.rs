//! Contacts, and the budget of them.

use attune_api::notifications::v1 as pb;
use attune_api::profiles::v1 as profiles;
use attune_rpc::{Error, Etag, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{message, template};
use crate::commands::contact::{Left, Release, Reserve};
use crate::commands::contact_budget::Set;
use crate::domain::{CONTACT_BUDGET_USED, Contact, ContactBudget, ContactState, Purpose};

/// The largest budget.
const MOST_CONTACTS: i32 = 100;
/// The longest window.
const LONGEST_WINDOW: i32 = 90;

pub(crate) fn get(request: pb::GetContactBudgetRequest) -> Result<Option<i32>, Error> {
    let mut violations = Violations::default();
    if request.number.is_some_and(|number| number < 0) {
        violations.add("number", "must not be negative");
    }
    violations.finish(Some(request.number))
}

pub(crate) fn set(request: &pb::SetContactBudgetRequest, author: &str) -> Result<Set, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SetContactBudget", &request.request_id, request, &mut violations);
    let given = violations.required("budget", request.budget.as_ref());
    let whole = |field: &str, number: i32, least: i32, most: i32, violations: &mut Violations| {
        if (least..=most).contains(&number) {
            return Some(number);
        }
        violations.add(field, format!("must be a whole number from {least} to {most}"));
        None
    };
    let most_contacts = given.and_then(|budget| {
        whole(
            "budget.most_contacts",
            budget.most_contacts,
            0,
            MOST_CONTACTS,
            &mut violations,
        )
    });
    let window_days = given.and_then(|budget| {
        whole(
            "budget.window_days",
            budget.window_days,
            1,
            LONGEST_WINDOW,
            &mut violations,
        )
    });
    let set = || {
        Some(Set {
            most_contacts: most_contacts?,
            window_days: window_days?,
            author: author.to_owned(),
            etag: given?.etag.clone(),
            key: key?,
        })
    };
    violations.finish(set())
}

pub(crate) fn allowance(request: &pb::GetContactAllowanceRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let profile_id = violations.id("profile_id", &request.profile_id);
    violations.finish(profile_id)
}

pub(crate) fn reserve(request: &pb::ReserveContactRequest) -> Result<Reserve, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("ReserveContact", &request.request_id, request, &mut violations);
    let profile_id = violations.id("profile_id", &request.profile_id);
    let purpose = violations.choice::<profiles::Purpose>("purpose", request.purpose);
    let origin = violations.required("origin", request.origin.as_ref());
    let origin = origin.and_then(|origin| message::parse_origin(origin, &mut violations));
    let reserve = || {
        Some(Reserve {
            profile_id: profile_id?,
            purpose: template::purpose_from(purpose?)?,
            origin: origin?,
            key: key?,
        })
    };
    violations.finish(reserve())
}

pub(crate) fn release(request: &pb::ReleaseContactRequest) -> Result<Release, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("ReleaseContact", &request.request_id, request, &mut violations);
    let contact_id = violations.id("contact_id", &request.contact_id);
    let release = contact_id
        .zip(key)
        .map(|(contact_id, key)| Release { contact_id, key });
    violations.finish(release)
}

pub(crate) fn budget_to_proto(budget: ContactBudget) -> pb::ContactBudget {
    let ContactBudget {
        number,
        budget_id: _,
        most_contacts,
        window_days,
        author,
        created_at,
    } = budget;
    pb::ContactBudget {
        number,
        most_contacts,
        window_days,
        etag: Etag::of(number.into()).to_string(),
        author,
        create_time: created_at.map(timestamp),
    }
}

pub(crate) fn left_to_proto(left: Left) -> pb::ContactAllowance {
    let Left { budget, allowance } = left;
    let allowed = allowance.allows(Purpose::FollowUp);
    let reason = if allowed { "" } else { CONTACT_BUDGET_USED };
    let used = i32::try_from(allowance.used).unwrap_or(i32::MAX);
    let limited = Some(budget.most_contacts).filter(|most| *most > 0);
    pb::ContactAllowance {
        allowed,
        reason: reason.to_owned(),
        used,
        left: limited.map(|most| most.saturating_sub(used).max(0)),
        free_at: allowance.free_at.map(timestamp),
        budget: Some(budget_to_proto(budget)),
    }
}

pub(crate) fn to_proto((contact, state): (Contact, ContactState)) -> pb::Contact {
    let Contact {
        contact_id,
        profile_id,
        purpose,
        origin_kind,
        origin_id,
        occasion,
        message_id,
        created_at,
        expires_at,
        sent_at,
    } = contact;
    pb::Contact {
        contact_id: contact_id.to_string(),
        profile_id: profile_id.to_string(),
        purpose: template::purpose_to_proto(purpose).into(),
        origin: Some(pb::MessageOrigin {
            kind: origin_kind,
            id: origin_id,
            occasion,
        }),
        state: state_to_proto(state).into(),
        message_id: message_id.map(|id| id.to_string()).unwrap_or_default(),
        create_time: Some(timestamp(created_at)),
        sent_at: sent_at.map(timestamp),
        expires_at: expires_at.map(timestamp),
    }
}

fn state_to_proto(state: ContactState) -> pb::ContactState {
    match state {
        // One that has ended counts no more and is not told of.
        ContactState::Ended => pb::ContactState::Unspecified,
        ContactState::Reserved => pb::ContactState::Reserved,
        ContactState::UnderWay => pb::ContactState::UnderWay,
        ContactState::Sent => pb::ContactState::Sent,
    }
}
