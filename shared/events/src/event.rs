//! An event as consumers see it.

use attune_api::events::v1 as pb;
use attune_rpc::{TenantId, instant, timestamp};
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use uuid::Uuid;

/// One thing that happened, read from a feed.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in the source's feed; contiguous from 1.
    pub position: i64,
    /// Identifies it for ever: the key for effects outside the database.
    pub id: Uuid,
    /// The service that tells it, such as `feedback`.
    pub source: String,
    /// The full name of the payload's message, such as `attune.feedback.v1.FeedbackSubmitted`.
    pub type_name: String,
    /// The resource it happened to. Events of one subject arrive in the order they happened.
    pub subject: Uuid,
    /// The subject's version after it; grows with every event of the subject.
    pub subject_version: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it happened, on the platform's clock.
    pub time: DateTime<Utc>,
    /// The W3C `traceparent` of the call that caused it, when that was traced.
    pub trace_context: Option<String>,
    /// The payload's bytes; empty when its personal text was erased.
    pub data: Bytes,
}

/// A payload could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The event carries another message than the one asked for.
    #[error("event {id} carries {found}, not {wanted}; ask `is` before `decode`")]
    OtherType {
        /// The event.
        id: Uuid,
        /// What it carries.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The bytes are not the message they claim to be.
    #[error("payload of event {id} is not a valid {type_name}")]
    Payload {
        /// The event.
        id: Uuid,
        /// What it claims to carry.
        type_name: String,
        /// What is wrong with the bytes.
        source: prost::DecodeError,
    },
}

/// A message of the feed that no correct server sends.
#[derive(Debug, thiserror::Error)]
#[error("event at position {position} has an invalid {field}; the feed's server is not compatible")]
pub struct InvalidEvent {
    position: i64,
    field: &'static str,
}

impl Event {
    /// Whether the payload is a `T`.
    pub fn is<T: prost::Name>(&self) -> bool {
        self.type_name == T::full_name()
    }

    /// The payload as a `T`. Fails when it is another message, or not a valid one.
    pub fn decode<T: prost::Message + prost::Name + Default>(&self) -> Result<T, DecodeError> {
        if !self.is::<T>() {
            return Err(DecodeError::OtherType {
                id: self.id,
                found: self.type_name.clone(),
                wanted: T::full_name(),
            });
        }
        T::decode(self.data.clone()).map_err(|source| DecodeError::Payload {
            id: self.id,
            type_name: self.type_name.clone(),
            source,
        })
    }
}

impl TryFrom<pb::Event> for Event {
    type Error = InvalidEvent;

    fn try_from(event: pb::Event) -> Result<Self, InvalidEvent> {
        let invalid = |field| InvalidEvent {
            position: event.position,
            field,
        };
        Ok(Self {
            position: event.position,
            id: event.id.parse().map_err(|_| invalid("id"))?,
            subject: event.subject.parse().map_err(|_| invalid("subject"))?,
            subject_version: event.subject_version,
            tenant: TenantId::parse(&event.tenant_id).map_err(|_| invalid("tenant_id"))?,
            time: event.time.and_then(instant).ok_or_else(|| invalid("time"))?,
            trace_context: Some(event.trace_context).filter(|context| !context.is_empty()),
            source: event.source,
            type_name: event.r#type,
            data: event.data,
        })
    }
}

impl From<Event> for pb::Event {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            source: event.source,
            r#type: event.type_name,
            subject: event.subject.to_string(),
            time: Some(timestamp(event.time)),
            tenant_id: event.tenant.as_str().to_owned(),
            position: event.position,
            subject_version: event.subject_version,
            trace_context: event.trace_context.unwrap_or_default(),
            data: event.data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            position: 7,
            id: Uuid::now_v7(),
            source: "feedback".to_owned(),
            type_name: <pb::SubscribeRequest as prost::Name>::full_name(),
            subject: Uuid::now_v7(),
            subject_version: 3,
            tenant: TenantId::parse("acme").unwrap(),
            time: "2026-03-01T12:00:00.123456Z".parse().unwrap(),
            trace_context: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            data: prost::Message::encode_to_vec(&pb::SubscribeRequest {
                source: "feedback".to_owned(),
                ..Default::default()
            })
            .into(),
        }
    }

    #[test]
    fn an_event_survives_its_journey_over_the_wire() {
        let sent = event();
        let received = Event::try_from(pb::Event::from(sent.clone())).unwrap();
        assert_eq!(format!("{received:?}"), format!("{sent:?}"));
        assert_eq!(
            received.decode::<pb::SubscribeRequest>().unwrap().source,
            "feedback"
        );
    }

    #[test]
    fn a_payload_of_another_type_is_refused_by_name() {
        let error = event().decode::<pb::SubscribeResponse>().unwrap_err().to_string();
        assert!(
            error.contains("carries attune.events.v1.SubscribeRequest"),
            "{error}"
        );
    }

    #[test]
    fn a_payload_that_is_not_what_it_claims_is_refused() {
        let broken = Event {
            data: Bytes::from_static(&[0xff, 0xff]),
            ..event()
        };
        assert!(matches!(
            broken.decode::<pb::SubscribeRequest>(),
            Err(DecodeError::Payload { .. })
        ));
    }

    #[test]
    fn an_event_without_time_is_refused_with_the_field_s_name() {
        let timeless = pb::Event {
            time: None,
            ..event().into()
        };
        assert!(
            Event::try_from(timeless)
                .unwrap_err()
                .to_string()
                .contains("invalid time")
        );
    }
}
