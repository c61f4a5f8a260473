//! One version of what is asked.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::JourneyStage;
use attune_rpc::Violations;

use super::{question, texts, texts_to_proto};
use crate::domain::survey::{Definition, Eligibility, Trigger};

const MOST_QUESTIONS: usize = 50;
const MOST_NAMES: usize = 50;
const MOST_REMINDERS: usize = 3;
/// Hours of two weeks, and of 90 days.
const USUAL_EXPIRY: i32 = 336;
const LONGEST_EXPIRY: i32 = 2160;
/// Minutes of 90 days.
const LONGEST_DELAY: i32 = 129_600;

pub(super) fn parse(definition: &pb::SurveyDefinition, violations: &mut Violations) -> Option<Definition> {
    let pb::SurveyDefinition {
        titles,
        questions,
        trigger,
        eligibility,
        template_id,
        expiry_hours,
        reminder_hours,
    } = definition;
    let titles = texts("titles", titles, 200, violations);
    let questions = violations
        .at_most("questions", questions.len(), MOST_QUESTIONS)
        .and_then(|()| question::parse_all(questions, violations));
    let trigger = match trigger {
        None => Some(None),
        Some(trigger) => parse_trigger(trigger, violations).map(Some),
    };
    let eligibility = parse_eligibility(&eligibility.unwrap_or_default(), violations);
    let template_id = violations.id("template_id", template_id);
    let expiry_hours = match expiry_hours {
        0 => Some(USUAL_EXPIRY),
        hours => whole("expiry_hours", *hours, 1, LONGEST_EXPIRY, violations),
    };
    let reminder_hours = expiry_hours.and_then(|expiry| parse_reminders(reminder_hours, expiry, violations));
    Some(Definition {
        titles: titles?,
        questions: questions?,
        trigger: trigger?,
        eligibility: eligibility?,
        template_id: template_id?,
        expiry_hours: expiry_hours?,
        reminder_hours: reminder_hours?,
    })
}

/// A whole number within bounds.
pub(super) fn whole(
    field: &str,
    value: i32,
    least: i32,
    most: i32,
    violations: &mut Violations,
) -> Option<i32> {
    if (least..=most).contains(&value) {
        return Some(value);
    }
    violations.add(field, format!("must be a number between {least} and {most}"));
    None
}

fn parse_reminders(hours: &[i32], expiry: i32, violations: &mut Violations) -> Option<Vec<i32>> {
    violations.at_most("reminder_hours", hours.len(), MOST_REMINDERS)?;
    let rising = hours
        .windows(2)
        .all(|pair| matches!(pair, [one, next] if one < next));
    if !rising || hours.iter().any(|hour| *hour < 1 || *hour >= expiry) {
        violations.add("reminder_hours", "must rise from 1 and end before the expiry");
        return None;
    }
    Some(hours.to_vec())
}

fn parse_trigger(trigger: &pb::SurveyTrigger, violations: &mut Violations) -> Option<Trigger> {
    let pb::SurveyTrigger { event, delay_minutes } = trigger;
    let delay = whole(
        "trigger.delay_minutes",
        *delay_minutes,
        0,
        LONGEST_DELAY,
        violations,
    );
    let event = violations.required("trigger.event", event.as_ref());
    let pb::survey_trigger::Event::Interaction(pb::InteractionTrigger {
        touchpoints,
        channels,
        stages,
    }) = event?;
    let touchpoints = slugs("trigger.interaction.touchpoints", touchpoints, violations);
    let channels = slugs("trigger.interaction.channels", channels, violations);
    let field = "trigger.interaction.stages";
    let stages: Option<Vec<String>> = violations.at_most(field, stages.len(), 5).and_then(|()| {
        let stage = |stage: &i32| violations.choice::<JourneyStage>(field, *stage);
        let parsed: Vec<Option<JourneyStage>> = stages.iter().map(stage).collect();
        let name = |stage: Option<JourneyStage>| stage.map(|stage| stage.as_str_name().to_owned());
        parsed.into_iter().map(name).collect()
    });
    Some(Trigger {
        touchpoints: touchpoints?,
        channels: channels?,
        stages: stages?,
        delay_minutes: delay?,
    })
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

fn parse_eligibility(rules: &pb::Eligibility, violations: &mut Violations) -> Option<Eligibility> {
    let pb::Eligibility {
        cool_down_days,
        contact_budget,
        sampling_share,
        daily_quota,
    } = *rules;
    let cool_down = whole("eligibility.cool_down_days", cool_down_days, 0, 365, violations);
    let budget = whole("eligibility.contact_budget", contact_budget, 0, 100, violations);
    let share = violations.number("eligibility.sampling_share", sampling_share, 0.0..=1.0);
    let quota = whole("eligibility.daily_quota", daily_quota, 0, 1_000_000, violations);
    Some(Eligibility {
        cool_down_days: cool_down?,
        contact_budget: budget?,
        // Left out, everybody is asked.
        sampling_share: share.map(|share| if share > 0.0 { share } else { 1.0 })?,
        daily_quota: quota?,
    })
}

pub(super) fn to_proto(definition: Definition) -> pb::SurveyDefinition {
    let Definition {
        titles,
        questions,
        trigger,
        eligibility,
        template_id,
        expiry_hours,
        reminder_hours,
    } = definition;
    let Eligibility {
        cool_down_days,
        contact_budget,
        sampling_share,
        daily_quota,
    } = eligibility;
    pb::SurveyDefinition {
        titles: texts_to_proto(titles),
        questions: questions.into_iter().map(question::to_proto).collect(),
        trigger: trigger.map(trigger_to_proto),
        eligibility: Some(pb::Eligibility {
            cool_down_days,
            contact_budget,
            sampling_share,
            daily_quota,
        }),
        template_id: template_id.to_string(),
        expiry_hours,
        reminder_hours,
    }
}

fn trigger_to_proto(trigger: Trigger) -> pb::SurveyTrigger {
    let Trigger {
        touchpoints,
        channels,
        stages,
        delay_minutes,
    } = trigger;
    let stage = |name: &String| JourneyStage::from_str_name(name).map(i32::from);
    let interaction = pb::InteractionTrigger {
        touchpoints,
        channels,
        stages: stages.iter().filter_map(stage).collect(),
    };
    pb::SurveyTrigger {
        event: Some(pb::survey_trigger::Event::Interaction(interaction)),
        delay_minutes,
    }
}
