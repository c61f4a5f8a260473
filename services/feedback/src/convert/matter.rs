//! Interactions as far as matters go.

use attune_api::interactions::v1 as pb;
use attune_events::{ConsumeError, Event};
use attune_rpc::{Error, Violations};
use chrono::TimeDelta;

use super::interaction::stage_name;
use crate::domain::{Direction, Handling, MatterContact};

/// What an event about an interaction is to matters: a customer's contact, or an agent's reply in a matter that has an
/// id. None when it is neither, as what an automaton sends is not.
pub(crate) fn heard(event: &Event) -> Result<Option<MatterContact>, ConsumeError> {
    let interaction = if event.is::<pb::InteractionRecorded>() {
        event.decode::<pb::InteractionRecorded>()?.interaction
    } else if event.is::<pb::InteractionClosed>() {
        event.decode::<pb::InteractionClosed>()?.interaction
    } else {
        return Ok(None);
    };
    Ok(contact(interaction)?)
}

fn contact(interaction: Option<pb::Interaction>) -> Result<Option<MatterContact>, Error> {
    let mut violations = Violations::default();
    let Some(interaction) = violations.required("interaction", interaction) else {
        return violations.finish(None);
    };
    let direction = match interaction.direction() {
        pb::Direction::Inbound => Direction::Inbound,
        pb::Direction::Outbound if !interaction.agent_id.is_empty() && !interaction.matter_id.is_empty() => {
            Direction::Outbound
        }
        pb::Direction::Outbound | pb::Direction::SelfService | pb::Direction::Unspecified => return Ok(None),
    };
    let parsed = parse(interaction, direction, &mut violations);
    violations.finish(parsed).map(Some)
}

fn parse(
    interaction: pb::Interaction,
    direction: Direction,
    violations: &mut Violations,
) -> Option<MatterContact> {
    let interaction_id = violations.id("interaction_id", &interaction.interaction_id);
    let profile_id = violations.optional_id("profile_id", &interaction.profile_id);
    let occurred_at = violations.instant("occurred_at", interaction.occurred_at);
    let closed_at = violations.optional_instant("closed_at", interaction.closed_at);
    // What was recorded was in range.
    let waited = interaction.waited.and_then(|waited| {
        let nanos = u32::try_from(waited.nanos).ok()?;
        TimeDelta::new(waited.seconds, nanos)
    });
    let handling = Handling {
        stage: stage_name(interaction.stage()),
        agent_id: interaction.agent_id,
    };
    Some(MatterContact {
        interaction_id: interaction_id?,
        profile_id: profile_id?,
        direction,
        matter_id: interaction.matter_id,
        product: interaction.product,
        channel: interaction.channel,
        touchpoint: interaction.touchpoint,
        occurred_at: occurred_at?,
        closed_at: closed_at?.filter(|_| direction == Direction::Inbound),
        waited: waited.filter(|_| direction == Direction::Inbound),
        handling: Some(handling),
        coding: None,
        came_again: false,
        is_repeat: false,
        sliced_as_again: None,
    })
}

#[cfg(test)]
mod tests {
    use attune_rpc::{TenantId, timestamp};
    use prost::{Message as _, Name as _};
    use prost_types::Duration;
    use uuid::Uuid;

    use super::*;

    fn event(interaction: pb::Interaction) -> Event {
        Event {
            position: 1,
            id: Uuid::nil(),
            source: "interactions".into(),
            type_name: pb::InteractionClosed::full_name(),
            subject: Uuid::nil(),
            subject_version: 2,
            tenant: TenantId::parse("acme").unwrap(),
            time: "2026-03-01T12:00:00Z".parse().unwrap(),
            trace_context: None,
            data: pb::InteractionClosed {
                interaction: Some(interaction),
            }
            .encode_to_vec()
            .into(),
        }
    }

    fn interaction(direction: pb::Direction) -> pb::Interaction {
        let at = |text: &str| Some(timestamp(text.parse().unwrap()));
        pb::Interaction {
            interaction_id: Uuid::from_u128(7).to_string(),
            channel: "phone".into(),
            direction: direction.into(),
            agent_id: "7".into(),
            stage: pb::JourneyStage::Retention.into(),
            occurred_at: at("2026-03-01T10:00:00Z"),
            closed_at: at("2026-03-01T11:00:00Z"),
            waited: Some(Duration {
                seconds: 90,
                nanos: 500_000_000,
            }),
            ..pb::Interaction::default()
        }
    }

    #[test]
    fn a_contact_of_a_customer_is_heard_with_its_closing_and_its_wait() {
        let contact = heard(&event(interaction(pb::Direction::Inbound)))
            .unwrap()
            .unwrap();
        assert_eq!(contact.closed_at, Some("2026-03-01T11:00:00Z".parse().unwrap()));
        assert_eq!(contact.waited, Some(TimeDelta::milliseconds(90_500)));
        assert_eq!(contact.direction, Direction::Inbound);
        let handling = contact.handling.unwrap();
        assert_eq!(
            (handling.agent_id.as_str(), handling.stage.as_str()),
            ("7", "JOURNEY_STAGE_RETENTION")
        );
    }

    #[test]
    fn a_reply_is_heard_of_an_agent_in_a_matter_alone() {
        let by = |agent: &str, matter: &str| {
            let reply = pb::Interaction {
                agent_id: agent.into(),
                matter_id: matter.into(),
                ..interaction(pb::Direction::Outbound)
            };
            heard(&event(reply)).unwrap()
        };
        assert!(by("", "T-1").is_none() && by("7", "").is_none());
        let reply = by("7", "T-1").unwrap();
        assert_eq!((reply.closed_at, reply.waited), (None, None));
        assert!(
            heard(&event(interaction(pb::Direction::SelfService)))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn an_event_that_cannot_be_true_is_refused() {
        let nobody = pb::Interaction {
            interaction_id: "42".into(),
            ..interaction(pb::Direction::Inbound)
        };
        assert!(heard(&event(nobody)).is_err());
    }
}
