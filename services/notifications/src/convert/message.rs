//! Messages.

use attune_api::notifications::v1 as pb;
use attune_api::profiles::v1::MessageChannel;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{contact, template};
use crate::commands::message::{API, Explained, Filter, Send};
use crate::domain::{Channel, Message, Origin, State};
use crate::store::decision::Decision;

/// Kinds of origin that callers do not give: of messages without one, and of tellings.
const OWN_KINDS: [&str; 2] = [API, "initiative"];

pub(crate) fn send(request: &pb::SendMessageRequest) -> Result<Send, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SendMessage", &request.request_id, request, &mut violations);
    let profile_id = violations.id("profile_id", &request.profile_id);
    let template_id = violations.id("template_id", &request.template_id);
    let variables = template::variables(&request.variables, &mut violations);
    let origin = match &request.origin {
        None => Some(None),
        Some(origin) => parse_origin(origin, &mut violations).map(Some),
    };
    let send = || {
        let (profile_id, template_id) = (profile_id?, template_id?);
        Some(Send {
            profile_id,
            template_id,
            variables: variables?,
            origin: origin?,
            key: key?,
        })
    };
    violations.finish(send())
}

pub(super) fn parse_origin(origin: &pb::MessageOrigin, violations: &mut Violations) -> Option<Origin> {
    let pb::MessageOrigin { kind, id, occasion } = origin;
    let kind = violations.slug("origin.kind", kind, 64);
    if kind.as_deref().is_some_and(|kind| OWN_KINDS.contains(&kind)) {
        violations.add(
            "origin.kind",
            "must not be one of the platform's own: api, initiative",
        );
    }
    let id = violations.text("origin.id", id, 1..=200);
    let occasion = violations.text("origin.occasion", occasion, 1..=200);
    Some(Origin {
        kind: kind?,
        id: id?,
        occasion: occasion?,
    })
}

pub(crate) fn get(request: &pb::GetMessageRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("message_id", &request.message_id);
    violations.finish(id)
}

pub(crate) fn explain(request: &pb::ExplainMessageRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("message_id", &request.message_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListMessagesRequest) -> Result<(Filter, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let profile_id = violations.optional_id("profile_id", &request.profile_id);
    let origin_id = violations.text("origin_id", &request.origin_id, 0..=200);
    let state = match request.state {
        0 => Some(None),
        state => violations
            .choice::<pb::MessageState>("state", state)
            .map(state_from),
    };
    let arguments = (&request.profile_id, &request.origin_id, request.state);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    )?;
    let filter = || {
        let origin_id = origin_id.filter(|id| !id.is_empty());
        Some((
            Filter {
                profile_id: profile_id?,
                origin_id,
                state: state?,
            },
            page,
        ))
    };
    violations.finish(filter())
}

pub(crate) fn to_proto(message: Message) -> pb::Message {
    let Message {
        message_id,
        profile_id,
        template_id,
        channel,
        purpose,
        origin_kind,
        origin_id,
        occasion,
        // What it was made of and for whom is not told; the ids lead there.
        recipient: _,
        variables: _,
        content: _,
        state,
        reason,
        attempts,
        version: _,
        created_at,
        decided_at,
        deferred_until,
        // Each decision names its budget.
        deferred_under: _,
        read_at,
        read_source,
    } = message;
    pb::Message {
        message_id: message_id.to_string(),
        profile_id: profile_id.map(|id| id.to_string()).unwrap_or_default(),
        template_id: template_id.map(|id| id.to_string()).unwrap_or_default(),
        channel: channel_to_proto(channel).into(),
        purpose: template::purpose_to_proto(purpose).into(),
        origin: Some(pb::MessageOrigin {
            kind: origin_kind,
            id: origin_id,
            occasion,
        }),
        state: state_to_proto(state).into(),
        reason,
        attempts,
        create_time: Some(timestamp(created_at)),
        decided_at: decided_at.map(timestamp),
        deferred_until: deferred_until.map(timestamp),
        read_time: read_at.map(timestamp),
        read_source: read_source.unwrap_or_default(),
    }
}

pub(crate) fn explained_to_proto(explained: Explained) -> pb::ExplainMessageResponse {
    let Explained {
        message,
        decisions,
        left,
    } = explained;
    pb::ExplainMessageResponse {
        message: Some(to_proto(message)),
        decisions: decisions.into_iter().map(decision_to_proto).collect(),
        allowance: left.map(contact::left_to_proto),
    }
}

fn decision_to_proto(decision: Decision) -> pb::MessageDecision {
    let Decision {
        decided_at,
        outcome,
        reason,
        rule,
        inputs,
    } = decision;
    let inputs_json = inputs.to_string();
    pb::MessageDecision {
        decided_at: Some(timestamp(decided_at)),
        outcome,
        reason,
        rule,
        inputs_json,
    }
}

fn channel_to_proto(channel: Channel) -> MessageChannel {
    match channel {
        Channel::Email => MessageChannel::Email,
        Channel::Sms => MessageChannel::Sms,
        Channel::Voice => MessageChannel::Voice,
        Channel::InApp => MessageChannel::InApp,
    }
}

fn state_to_proto(state: State) -> pb::MessageState {
    match state {
        State::Queued => pb::MessageState::Queued,
        State::Sent => pb::MessageState::Sent,
        State::Blocked => pb::MessageState::Blocked,
        State::Failed => pb::MessageState::Failed,
    }
}

fn state_from(state: pb::MessageState) -> Option<State> {
    match state {
        pb::MessageState::Unspecified => None,
        pb::MessageState::Queued => Some(State::Queued),
        pb::MessageState::Sent => Some(State::Sent),
        pb::MessageState::Blocked => Some(State::Blocked),
        pb::MessageState::Failed => Some(State::Failed),
    }
}
