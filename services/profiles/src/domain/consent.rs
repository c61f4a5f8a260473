//! What a person allows.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// On which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Channel {
    Email,
    Sms,
    Voice,
    InApp,
}

/// For what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Purpose {
    Service,
    FollowUp,
    Survey,
    Marketing,
}

/// Allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ConsentState {
    Granted,
    Denied,
}

/// A decision of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    pub(crate) state: ConsentState,
    pub(crate) source: String,
    pub(crate) decided_at: DateTime<Utc>,
}

/// What a caller says of a decision.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    pub(crate) state: ConsentState,
    pub(crate) source: String,
    /// Left out, it is decided now.
    pub(crate) decided_at: Option<DateTime<Utc>>,
}

/// How far another clock may be ahead of this one.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

impl Given {
    /// The decision, told at `now`. One that is said to be made later would outlive whatever the person decides
    /// until then: it is refused, or counts as made now when that may be the difference of two clocks.
    pub(crate) fn decide(self, now: DateTime<Utc>) -> Result<Consent, &'static str> {
        let Self {
            channel,
            purpose,
            state,
            source,
            decided_at,
        } = self;
        let decided_at = decided_at.unwrap_or(now);
        if decided_at > now + AHEAD {
            return Err("must not be in the future");
        }
        Ok(Consent {
            channel,
            purpose,
            state,
            source,
            decided_at: decided_at.min(now),
        })
    }
}

/// Those of `decisions` that are in force: of each channel and purpose the one made last, of two made at the
/// same instant the one given later.
pub(crate) fn in_force(decisions: &[Consent]) -> Vec<Consent> {
    let mut current: Vec<Consent> = Vec::new();
    for decision in decisions {
        let about =
            |other: &&mut Consent| (other.channel, other.purpose) == (decision.channel, decision.purpose);
        match current.iter_mut().find(about) {
            None => current.push(decision.clone()),
            Some(other) if other.decided_at <= decision.decided_at => *other = decision.clone(),
            Some(_) => {}
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(seconds: Option<i64>) -> Given {
        Given {
            channel: Channel::Email,
            purpose: Purpose::Survey,
            state: ConsentState::Granted,
            source: "web".into(),
            decided_at: seconds.map(at),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_decision_from_the_future_is_refused_unless_clocks_may_differ_by_as_much() {
        assert_eq!(given(None).decide(at(1000)).unwrap().decided_at, at(1000));
        assert_eq!(given(Some(900)).decide(at(1000)).unwrap().decided_at, at(900));
        assert_eq!(given(Some(1300)).decide(at(1000)).unwrap().decided_at, at(1000));
        assert!(given(Some(1301)).decide(at(1000)).is_err());
    }

    #[test]
    fn the_decision_made_last_is_in_force_whatever_the_order_they_are_told_in() {
        let decided = |state, seconds| Consent {
            state,
            ..given(Some(seconds)).decide(at(1000)).unwrap()
        };
        let denied = decided(ConsentState::Denied, 30);
        let told = [
            decided(ConsentState::Granted, 10),
            denied.clone(),
            decided(ConsentState::Granted, 20),
        ];
        assert_eq!(in_force(&told), [denied]);
    }
}
