//! That a person read a message.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Message, State};

/// How far the clock of who delivers may be from this one.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);

/// What somebody says who saw the message being opened.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// When; now where they do not say.
    pub(crate) at: Option<DateTime<Utc>>,
    /// Who says so, 1 to 100 characters.
    pub(crate) source: String,
}

/// Why a reading cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRead {
    /// Nobody reads what they did not get.
    #[error("only a message that was sent can have been read")]
    NotSent(State),
    /// An instant that cannot be it.
    #[error("the message cannot have been read then: it {0}")]
    At(&'static str),
}

impl Message {
    /// Takes in that it was read. The first reading stands: answers whether this is it. What differs by no more than two
    /// clocks may is drawn to the instants of this one.
    pub(crate) fn read(&mut self, reading: Reading, now: DateTime<Utc>) -> Result<bool, NotRead> {
        let sent_at = self.decided_at.filter(|_| self.state == State::Sent);
        let sent_at = sent_at.ok_or(NotRead::NotSent(self.state))?;
        let at = reading.at.unwrap_or(now);
        if at > now + CLOCKS_APART {
            return Err(NotRead::At("must not be in the future"));
        }
        if at < sent_at - CLOCKS_APART {
            return Err(NotRead::At("must not be before the message was sent"));
        }
        if self.read_at.is_some() {
            return Ok(false);
        }
        self.read_at = Some(at.min(now).max(sent_at));
        self.read_source = Some(reading.source);
        self.version += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sqlx::types::Json;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Channel, Purpose};

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-02T{text}Z").parse().unwrap()
    }

    fn message(state: State) -> Message {
        Message {
            message_id: Uuid::now_v7(),
            profile_id: Some(Uuid::now_v7()),
            template_id: Some(Uuid::now_v7()),
            channel: Channel::Email,
            purpose: Purpose::FollowUp,
            origin_kind: "api".to_owned(),
            origin_id: String::new(),
            occasion: String::new(),
            recipient: String::new(),
            state,
            reason: String::new(),
            attempts: 1,
            version: 2,
            variables: Json(BTreeMap::new()),
            content: None,
            created_at: at("08:00:00"),
            decided_at: (state != State::Queued).then(|| at("08:10:00")),
            deferred_until: None,
            deferred_under: 0,
            read_at: None,
            read_source: None,
        }
    }

    fn reading(at: Option<DateTime<Utc>>) -> Reading {
        Reading {
            at,
            source: "app.inbox".to_owned(),
        }
    }

    #[test]
    fn the_first_reading_stands() {
        let mut message = message(State::Sent);
        assert_eq!(
            message.read(reading(Some(at("09:00:00"))), at("10:00:00")),
            Ok(true)
        );
        assert_eq!(
            message.read(reading(Some(at("08:30:00"))), at("11:00:00")),
            Ok(false)
        );
        assert_eq!((message.read_at, message.version), (Some(at("09:00:00")), 3));
    }

    #[test]
    fn what_was_not_sent_was_not_read() {
        for state in [State::Queued, State::Blocked, State::Failed] {
            let mut message = message(state);
            let refused = message.read(reading(None), at("10:00:00"));
            assert_eq!(refused, Err(NotRead::NotSent(state)));
            assert_eq!((message.read_at, message.version), (None, 2));
        }
    }

    #[test]
    fn it_was_read_between_its_sending_and_now_give_or_take_two_clocks() {
        let now = at("10:00:00");
        let cases = [
            ("08:05:00", Some("08:10:00")),
            ("08:04:59", None),
            ("10:05:00", Some("10:00:00")),
            ("10:05:01", None),
            ("08:10:01", Some("08:10:01")),
        ];
        for (said, stands) in cases {
            let mut message = message(State::Sent);
            let taken = message.read(reading(Some(at(said))), now);
            assert_eq!(taken.is_ok(), stands.is_some(), "{said}: {taken:?}");
            assert_eq!(message.read_at, stands.map(at), "{said}");
        }
        let mut message = message(State::Sent);
        message.read(reading(None), now).unwrap();
        assert_eq!(message.read_at, Some(now), "when it was told");
    }
}
