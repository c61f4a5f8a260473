//! What is written and read: contacts and feedback of a made-up shop.

use attune_api::feedback::v1::{Feedback, Rating, RatingKind};
use attune_api::interactions::v1::{Direction, Interaction, JourneyStage};
use chrono::Utc;
use prost_types::Timestamp;
use uuid::Uuid;

/// What people say, of the lengths that people write.
pub(crate) const TEXTS: [&str; 4] = [
    "The parcel came two days late and nobody at the hotline could tell me where it was.",
    "Thank you, the new app is quick and the refund was on my account the next morning!",
    "I was charged twice for the same order and I have written to you about it three times by now. Please call me \
     back today, or I will take my business elsewhere.",
    "Where can I find the invoice?",
];

/// Persons that contacts are spread over.
const PERSONS: u128 = 1000;

fn now() -> Timestamp {
    let now = Utc::now();
    Timestamp {
        seconds: now.timestamp(),
        nanos: i32::try_from(now.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

fn text() -> String {
    TEXTS[rand::random_range(0..TEXTS.len())].to_owned()
}

/// A person as random as any, of a thousand.
fn person() -> String {
    Uuid::from_u128(rand::random_range(1..=PERSONS)).to_string()
}

/// A contact.
pub(crate) fn interaction() -> Interaction {
    Interaction {
        profile_id: person(),
        channel: "chat".to_owned(),
        direction: Direction::Inbound.into(),
        touchpoint: "support".to_owned(),
        stage: JourneyStage::Retention.into(),
        outcome: "answered".to_owned(),
        product: "premium".to_owned(),
        agent_id: "agent-17".to_owned(),
        text: text(),
        occurred_at: Some(now()),
        ..Interaction::default()
    }
}

/// An answer with a text.
pub(crate) fn feedback() -> Feedback {
    Feedback {
        profile_id: person(),
        channel: "web".to_owned(),
        touchpoint: "checkout".to_owned(),
        product: "premium".to_owned(),
        rating: Some(Rating {
            kind: RatingKind::Csat.into(),
            value: rand::random_range(1..=5),
        }),
        text: text(),
        occurred_at: Some(now()),
        ..Feedback::default()
    }
}
