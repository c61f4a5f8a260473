//! Messages that are handed over, the contacts reserved for them, and what is told of them.

use attune_api::notifications::v1 as pb;
use attune_api::profiles::v1::Purpose;
use attune_rpc::{Error as RpcError, Violations};
use uuid::Uuid;

use crate::domain::invitation::{Invitation, Reservation};
use crate::error::Error;
use crate::neighbours::{Letter, ORIGIN};

/// What became of a survey's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) invitation_id: Uuid,
    /// 0 for the invitation, then the reminders.
    pub(crate) place: i32,
    /// Empty when it was sent.
    pub(crate) reason: String,
}

/// The occasion of a message: unique within its survey.
pub(crate) fn occasion(invitation_id: Uuid, place: i32) -> String {
    format!("{invitation_id}/{place}")
}

pub(crate) fn to_proto(letter: Letter) -> pb::SendMessageRequest {
    let Letter {
        profile_id,
        template_id,
        survey_id,
        occasion,
        variables,
        request_id,
    } = letter;
    pb::SendMessageRequest {
        profile_id: profile_id.to_string(),
        template_id: template_id.to_string(),
        variables,
        request_id: request_id.to_string(),
        origin: Some(pb::MessageOrigin {
            kind: ORIGIN.to_owned(),
            id: survey_id.to_string(),
            occasion,
        }),
    }
}

/// What reserves the contact of the message at `place` of an invitation: it has the origin that the message will have,
/// so that asking again finds it.
pub(crate) fn reserve(invitation: &Invitation, place: i32) -> pb::ReserveContactRequest {
    pb::ReserveContactRequest {
        profile_id: invitation.profile_id.to_string(),
        purpose: Purpose::Survey.into(),
        origin: Some(pb::MessageOrigin {
            kind: ORIGIN.to_owned(),
            id: invitation.survey_id.to_string(),
            occasion: occasion(invitation.invitation_id, place),
        }),
        request_id: String::new(),
    }
}

/// What came of it.
pub(crate) fn reservation(answer: &pb::ReserveContactResponse) -> Result<Reservation, Error> {
    let mut violations = Violations::default();
    let contact_id = match &answer.contact {
        None => Some(None),
        Some(contact) => violations.id("contact.contact_id", &contact.contact_id).map(Some),
    };
    let allowance = violations.required("allowance", answer.allowance.as_ref());
    let budget = allowance.and_then(|allowance| allowance.budget.as_ref());
    let reservation = || {
        let budget = budget?;
        Some(Reservation {
            contact_id: contact_id?,
            used: allowance?.used,
            most: budget.most_contacts,
            days: budget.window_days,
        })
    };
    let reservation = reservation();
    if reservation.is_none() && violations.is_empty() {
        violations.add("allowance.budget", "must be given");
    }
    Ok(violations.finish(reservation)?)
}

/// The id of a message that was taken.
pub(crate) fn message_id(sent: &pb::SendMessageResponse) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = sent
        .message
        .as_ref()
        .map_or("", |message| message.message_id.as_str());
    let id = violations.id("message.message_id", id);
    Ok(violations.finish(id)?)
}

/// What is told of a message; none when it is no survey's.
pub(crate) fn told(message: Option<pb::Message>) -> Result<Option<Told>, RpcError> {
    let mut violations = Violations::default();
    let Some(message) = violations.required("message", message) else {
        return violations.finish(None);
    };
    let origin = message.origin.clone().unwrap_or_default();
    if origin.kind != ORIGIN {
        return Ok(None);
    }
    let (id, place) = origin.occasion.split_once('/').unwrap_or((&origin.occasion, ""));
    let invitation_id = violations.id("message.origin.occasion", id);
    let place = violations.check("message.origin.occasion", place.parse::<i32>());
    let reason = match message.state() {
        pb::MessageState::Sent => String::new(),
        _ if message.reason.is_empty() => "undelivered".to_owned(),
        _ => message.reason,
    };
    let told = invitation_id.zip(place).map(|(invitation_id, place)| Told {
        invitation_id,
        place,
        reason,
    });
    violations.finish(told).map(Some)
}
