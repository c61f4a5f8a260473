//! Interactions that are feedback.

use attune_api::interactions::v1 as pb;
use attune_rpc::{Error, Violations};
use prost::Message as _;

use crate::domain::{Draft, Origin};

/// The feedback in a recorded interaction; none where nothing was said to the company. An interaction that
/// could never have been recorded is refused.
pub(crate) fn heard(recorded: pb::InteractionRecorded) -> Result<Option<Draft>, Error> {
    let mut violations = Violations::default();
    let interaction = violations.required("interaction", recorded.interaction);
    let Some(interaction) = interaction else {
        return violations.finish(None);
    };
    if interaction.direction() != pb::Direction::Inbound || interaction.text.trim().is_empty() {
        return Ok(None);
    }
    let draft = parse(&interaction, &mut violations);
    violations.finish(draft).map(Some)
}

/// The same of an event that was put aside after it had been heard once.
pub(crate) fn put_aside(payload: &[u8]) -> Result<Option<Draft>, Error> {
    heard(pb::InteractionRecorded::decode(payload).map_err(Error::internal)?)
}

/// A stage by its name in the API, as tables and rules know it; empty where it is not known.
pub(super) fn stage_name(stage: pb::JourneyStage) -> String {
    match stage {
        pb::JourneyStage::Unspecified => String::new(),
        stage => stage.as_str_name().to_owned(),
    }
}

/// The stage that a field names, by its name; empty where it names none.
pub(super) fn parse_stage(field: &str, stage: i32, violations: &mut Violations) -> Option<String> {
    if stage == 0 {
        return Some(String::new());
    }
    violations
        .choice::<pb::JourneyStage>(field, stage)
        .map(stage_name)
}

/// A stage that is known by its name.
pub(super) fn stage_to_proto(name: &str) -> pb::JourneyStage {
    pb::JourneyStage::from_str_name(name).unwrap_or_default()
}

/// The source's id is not carried over: the interaction's own id is what makes it the same one again.
fn parse(interaction: &pb::Interaction, violations: &mut Violations) -> Option<Draft> {
    let interaction_id = violations.id("interaction_id", &interaction.interaction_id);
    let profile_id = violations.optional_id("profile_id", &interaction.profile_id);
    let channel = violations.slug("channel", &interaction.channel, 64);
    let touchpoint = violations.optional_slug("touchpoint", &interaction.touchpoint, 64);
    let product = violations.text("product", &interaction.product, 0..=100);
    let agent_id = violations.text("agent_id", &interaction.agent_id, 0..=100);
    let text = violations.text("text", &interaction.text, 1..=20_000);
    let occurred_at = violations.instant("occurred_at", interaction.occurred_at);
    Some(Draft {
        origin: Origin::Interaction,
        profile_id: profile_id?,
        interaction_id: Some(interaction_id?),
        channel: channel?,
        touchpoint: touchpoint?.unwrap_or_default(),
        product: product?,
        agent_id: agent_id?,
        team: String::new(),
        stage: stage_name(interaction.stage()),
        segments: Some(Vec::new()),
        rating: None,
        text: text?,
        occurred_at: occurred_at?,
        source_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(direction: pb::Direction, text: &str) -> pb::InteractionRecorded {
        let interaction = pb::Interaction {
            interaction_id: "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50".into(),
            channel: "social".into(),
            touchpoint: "social.post".into(),
            product: "United".into(),
            direction: direction.into(),
            text: text.into(),
            occurred_at: Some(prost_types::Timestamp {
                seconds: 1_424_476_800,
                nanos: 0,
            }),
            ..pb::Interaction::default()
        };
        pb::InteractionRecorded {
            interaction: Some(interaction),
        }
    }

    #[test]
    fn what_a_person_said_to_the_company_is_feedback() {
        let draft = heard(recorded(pb::Direction::Inbound, "late again"))
            .unwrap()
            .unwrap();
        assert_eq!(draft.origin, Origin::Interaction);
        assert_eq!(
            (draft.channel.as_str(), draft.touchpoint.as_str()),
            ("social", "social.post")
        );
        assert!(draft.interaction_id.is_some() && draft.source().is_some());
    }

    #[test]
    fn what_the_company_said_or_nobody_said_is_not() {
        assert!(
            heard(recorded(pb::Direction::Outbound, "we are sorry"))
                .unwrap()
                .is_none()
        );
        assert!(
            heard(recorded(pb::Direction::SelfService, "balance"))
                .unwrap()
                .is_none()
        );
        assert!(heard(recorded(pb::Direction::Inbound, " ")).unwrap().is_none());
    }

    #[test]
    fn an_event_that_cannot_be_true_is_refused() {
        assert!(heard(pb::InteractionRecorded::default()).is_err());
        let mut broken = recorded(pb::Direction::Inbound, "hello");
        broken.interaction.as_mut().unwrap().interaction_id = "42".into();
        assert!(heard(broken).unwrap_err().message().contains("interaction_id"));
    }
}
