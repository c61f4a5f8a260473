//! What asks a survey by itself.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::JourneyStage;
use attune_rpc::Violations;
use pb::survey_trigger::Event;

use super::definition::whole;
use crate::domain::survey::{Occurrence, Trigger, rule};

const MOST: usize = 10;
const MOST_NAMES: usize = 50;
const MOST_STAGES: usize = 5;
/// Minutes of 90 days.
const LONGEST_DELAY: i32 = 129_600;

/// All triggers, in their order. `first` is the field of callers that know one only.
pub(super) fn parse_all(
    first: Option<&pb::SurveyTrigger>,
    triggers: &[pb::SurveyTrigger],
    violations: &mut Violations,
) -> Option<Vec<Trigger>> {
    let only = first.map(|trigger| nested("trigger", trigger, violations));
    violations.at_most("triggers", triggers.len(), MOST)?;
    let parsed: Vec<Option<Trigger>> = triggers
        .iter()
        .enumerate()
        .map(|(place, trigger)| nested(&format!("triggers[{place}]"), trigger, violations))
        .collect();
    let parsed: Vec<Trigger> = parsed.into_iter().collect::<Option<_>>()?;
    match only {
        None => Some(parsed),
        Some(only) if parsed.is_empty() => Some(vec![only?]),
        Some(only) => {
            let only = only?;
            if parsed.first() != Some(&only) {
                violations.add("trigger", "must be the first of triggers, or left out");
            }
            Some(parsed)
        }
    }
}

fn nested(field: &str, trigger: &pb::SurveyTrigger, violations: &mut Violations) -> Option<Trigger> {
    let mut inner = Violations::default();
    let parsed = parse(trigger, &mut inner);
    violations.nest(field, inner);
    parsed
}

fn parse(trigger: &pb::SurveyTrigger, violations: &mut Violations) -> Option<Trigger> {
    let pb::SurveyTrigger {
        event,
        delay_minutes,
        condition,
    } = trigger;
    let delay_minutes = whole("delay_minutes", *delay_minutes, 0, LONGEST_DELAY, violations);
    let event = violations.required("event", event.as_ref());
    let event = event.and_then(|event| parse_event(event, violations));
    let checked = violations.check("condition", rule(condition));
    Some(Trigger {
        delay_minutes: delay_minutes?,
        condition: checked.map(|_| condition.clone())?,
        ..event?
    })
}

/// The trigger's lists, with its kind.
fn parse_event(event: &Event, violations: &mut Violations) -> Option<Trigger> {
    match event {
        Event::Interaction(pb::InteractionTrigger {
            touchpoints,
            channels,
            stages: list,
            outcomes,
        }) => {
            let touchpoints = slugs("interaction.touchpoints", touchpoints, violations);
            let channels = slugs("interaction.channels", channels, violations);
            let list = stages("interaction.stages", list, violations);
            let outcomes = slugs("interaction.outcomes", outcomes, violations);
            Some(Trigger {
                on: Occurrence::Recorded,
                touchpoints: touchpoints?,
                channels: channels?,
                stages: list?,
                outcomes: outcomes?,
                ..Trigger::default()
            })
        }
        Event::Closure(pb::ClosureTrigger {
            touchpoints,
            channels,
            outcomes,
        }) => {
            let touchpoints = slugs("closure.touchpoints", touchpoints, violations);
            let channels = slugs("closure.channels", channels, violations);
            let outcomes = slugs("closure.outcomes", outcomes, violations);
            Some(Trigger {
                on: Occurrence::Closed,
                touchpoints: touchpoints?,
                channels: channels?,
                outcomes: outcomes?,
                ..Trigger::default()
            })
        }
        Event::Stage(pb::StageTrigger { stages: list }) => Some(Trigger {
            on: Occurrence::StageReached,
            stages: stages("stage.stages", list, violations)?,
            ..Trigger::default()
        }),
    }
}

fn slugs(field: &str, list: &[String], violations: &mut Violations) -> Option<Vec<String>> {
    violations.at_most(field, list.len(), MOST_NAMES)?;
    let parsed: Vec<Option<String>> = list
        .iter()
        .enumerate()
        .map(|(place, text)| violations.slug(&format!("{field}[{place}]"), text, 64))
        .collect();
    parsed.into_iter().collect()
}

fn stages(field: &str, list: &[i32], violations: &mut Violations) -> Option<Vec<String>> {
    violations.at_most(field, list.len(), MOST_STAGES)?;
    let stage = |stage: &i32| violations.choice::<JourneyStage>(field, *stage);
    let parsed: Vec<Option<JourneyStage>> = list.iter().map(stage).collect();
    let name = |stage: Option<JourneyStage>| stage.map(|stage| stage.as_str_name().to_owned());
    parsed.into_iter().map(name).collect()
}

pub(crate) fn to_proto(trigger: Trigger) -> pb::SurveyTrigger {
    let Trigger {
        on,
        touchpoints,
        channels,
        stages,
        outcomes,
        delay_minutes,
        condition,
    } = trigger;
    let stage = |name: &String| JourneyStage::from_str_name(name).map(i32::from);
    let stages = stages.iter().filter_map(stage).collect();
    let event = match on {
        Occurrence::Recorded => Event::Interaction(pb::InteractionTrigger {
            touchpoints,
            channels,
            stages,
            outcomes,
        }),
        Occurrence::Closed => Event::Closure(pb::ClosureTrigger {
            touchpoints,
            channels,
            outcomes,
        }),
        Occurrence::StageReached => Event::Stage(pb::StageTrigger { stages }),
    };
    pb::SurveyTrigger {
        event: Some(event),
        delay_minutes,
        condition,
    }
}
