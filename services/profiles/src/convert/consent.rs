//! Decisions about being contacted.

use attune_api::profiles::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::consent::{Place, Set};
use crate::domain::{Channel, Consent, ConsentState, Given, Purpose};
use crate::store::consent::Decision;

const MOST: usize = 50;

/// One decision, its violations under `field`.
pub(crate) fn parse(consent: &pb::Consent, field: &str, violations: &mut Violations) -> Option<Given> {
    let pb::Consent {
        channel,
        purpose,
        state,
        source,
        decided_at,
    } = consent;
    let channel = violations.choice::<pb::MessageChannel>(&format!("{field}.channel"), *channel);
    let purpose = violations.choice::<pb::Purpose>(&format!("{field}.purpose"), *purpose);
    let state = violations.choice::<pb::ConsentState>(&format!("{field}.state"), *state);
    let source = violations.slug(&format!("{field}.source"), source, 64);
    let decided_at = violations.optional_instant(&format!("{field}.decided_at"), *decided_at);
    Some(Given {
        channel: channel_from(channel?)?,
        purpose: purpose_from(purpose?)?,
        state: state_from(state?)?,
        source: source?,
        decided_at: decided_at?,
    })
}

/// The decisions that come with a new profile.
pub(crate) fn parse_all(list: &[pb::Consent], violations: &mut Violations) -> Option<Vec<Given>> {
    violations.at_most("consents", list.len(), MOST)?;
    let parsed: Vec<_> = list
        .iter()
        .enumerate()
        .map(|(i, consent)| parse(consent, &format!("consents[{i}]"), violations))
        .collect();
    parsed.into_iter().collect()
}

pub(crate) fn set(request: &pb::SetConsentRequest) -> Result<Set, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SetConsent", &request.request_id, request, &mut violations);
    let profile_id = violations.id("profile_id", &request.profile_id);
    let consent = violations.required("consent", request.consent.as_ref());
    let consent = consent.and_then(|consent| parse(consent, "consent", &mut violations));
    let set = || {
        Some(Set {
            profile_id: profile_id?,
            consent: consent?,
            key: key?,
        })
    };
    violations.finish(set())
}

pub(crate) fn history(request: &pb::ListConsentHistoryRequest) -> Result<(Uuid, Page<Place>), Error> {
    let mut violations = Violations::default();
    let profile_id = violations.id("profile_id", &request.profile_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &request.profile_id,
        &mut violations,
    )?;
    violations.finish(profile_id.map(|profile_id| (profile_id, page)))
}

pub(crate) fn decision_to_proto(decision: Decision) -> pb::Consent {
    let Decision {
        consent_decision_id: _,
        channel,
        purpose,
        state,
        source,
        decided_at,
    } = decision;
    to_proto(Consent {
        channel,
        purpose,
        state,
        source,
        decided_at,
    })
}

pub(crate) fn to_proto(consent: Consent) -> pb::Consent {
    let Consent {
        channel,
        purpose,
        state,
        source,
        decided_at,
    } = consent;
    let channel = match channel {
        Channel::Email => pb::MessageChannel::Email,
        Channel::Sms => pb::MessageChannel::Sms,
        Channel::Voice => pb::MessageChannel::Voice,
        Channel::InApp => pb::MessageChannel::InApp,
    };
    let purpose = match purpose {
        Purpose::Service => pb::Purpose::Service,
        Purpose::FollowUp => pb::Purpose::FollowUp,
        Purpose::Survey => pb::Purpose::Survey,
        Purpose::Marketing => pb::Purpose::Marketing,
    };
    let state = match state {
        ConsentState::Granted => pb::ConsentState::Granted,
        ConsentState::Denied => pb::ConsentState::Denied,
    };
    pb::Consent {
        channel: channel.into(),
        purpose: purpose.into(),
        state: state.into(),
        source,
        decided_at: Some(timestamp(decided_at)),
    }
}

fn channel_from(channel: pb::MessageChannel) -> Option<Channel> {
    match channel {
        pb::MessageChannel::Unspecified => None,
        pb::MessageChannel::Email => Some(Channel::Email),
        pb::MessageChannel::Sms => Some(Channel::Sms),
        pb::MessageChannel::Voice => Some(Channel::Voice),
        pb::MessageChannel::InApp => Some(Channel::InApp),
    }
}

fn purpose_from(purpose: pb::Purpose) -> Option<Purpose> {
    match purpose {
        pb::Purpose::Unspecified => None,
        pb::Purpose::Service => Some(Purpose::Service),
        pb::Purpose::FollowUp => Some(Purpose::FollowUp),
        pb::Purpose::Survey => Some(Purpose::Survey),
        pb::Purpose::Marketing => Some(Purpose::Marketing),
    }
}

fn state_from(state: pb::ConsentState) -> Option<ConsentState> {
    match state {
        pb::ConsentState::Unspecified => None,
        pb::ConsentState::Granted => Some(ConsentState::Granted),
        pb::ConsentState::Denied => Some(ConsentState::Denied),
    }
}
