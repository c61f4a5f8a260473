//! Whether and how a person may be written to. Rule `consent-1`.

use serde_json::{Value, json};

use super::Purpose;

/// The rule's name and version, as decisions record it.
pub(crate) const RULE: &str = "consent-1";

/// What is known of a person when a message to them is due.
#[derive(Clone, Default)]
pub(crate) struct Recipient {
    pub(crate) display_name: String,
    pub(crate) language: String,
    pub(crate) email: Option<String>,
    /// The decision in force for mail and the message's purpose; `None` when never decided.
    pub(crate) consent: Option<bool>,
}

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    UnknownProfile,
    NoConsent,
    NoAddress,
}

impl Block {
    /// The reason as it is recorded.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::UnknownProfile => "unknown_profile",
            Self::NoConsent => "no_consent",
            Self::NoAddress => "no_address",
        }
    }
}

/// A decision.
#[derive(Clone, PartialEq)]
pub(crate) struct Route {
    /// The address, or why there is none to write to.
    pub(crate) outcome: Result<String, Block>,
    /// What it was based on, without personal data.
    pub(crate) inputs: Value,
}

/// Decides about one message: the person must be known, must have said yes to this channel and purpose, and
/// must have an address. Consent comes before the address, so that a refusal is recorded as one.
pub(crate) fn route(recipient: Option<&Recipient>, purpose: Purpose) -> Route {
    let Some(recipient) = recipient else {
        let inputs = json!({ "purpose": purpose.as_str(), "profile": "unknown" });
        return Route {
            outcome: Err(Block::UnknownProfile),
            inputs,
        };
    };
    let consent = match recipient.consent {
        Some(true) => "granted",
        Some(false) => "denied",
        None => "never_decided",
    };
    let outcome = match (&recipient.consent, &recipient.email) {
        (Some(true), Some(email)) => Ok(email.clone()),
        (Some(true), None) => Err(Block::NoAddress),
        _ => Err(Block::NoConsent),
    };
    let inputs = json!({
        "channel": "email",
        "purpose": purpose.as_str(),
        "consent": consent,
        "address": recipient.email.is_some(),
        "language": recipient.language,
    });
    Route { outcome, inputs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(consent: Option<bool>, email: Option<&str>) -> Recipient {
        Recipient {
            consent,
            email: email.map(str::to_owned),
            ..Recipient::default()
        }
    }

    fn outcome(person: &Recipient) -> Result<String, Block> {
        route(Some(person), Purpose::FollowUp).outcome
    }

    #[test]
    fn who_never_decided_is_not_written_to() {
        assert_eq!(outcome(&person(None, Some("a@b.example"))), Err(Block::NoConsent));
        assert_eq!(
            outcome(&person(Some(false), Some("a@b.example"))),
            Err(Block::NoConsent)
        );
        assert_eq!(
            outcome(&person(Some(true), Some("a@b.example"))),
            Ok("a@b.example".into())
        );
    }

    #[test]
    fn the_record_does_not_hold_the_address() {
        let route = route(Some(&person(Some(true), Some("a@b.example"))), Purpose::FollowUp);
        assert!(!route.inputs.to_string().contains("a@b.example"));
    }

    #[test]
    fn a_person_nobody_knows_is_not_written_to() {
        assert_eq!(route(None, Purpose::Service).outcome, Err(Block::UnknownProfile));
    }
}
