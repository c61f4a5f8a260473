//! One version of what is asked.

use attune_api::feedback::v1 as pb;
use attune_rpc::Violations;

use super::{question, texts, texts_to_proto, trigger};
use crate::domain::survey::{Definition, Eligibility};

const MOST_QUESTIONS: usize = 50;
const MOST_REMINDERS: usize = 3;
/// Hours of two weeks, and of 90 days.
const USUAL_EXPIRY: i32 = 336;
const LONGEST_EXPIRY: i32 = 2160;

pub(super) fn parse(definition: &pb::SurveyDefinition, violations: &mut Violations) -> Option<Definition> {
    let pb::SurveyDefinition {
        titles,
        questions,
        trigger: first,
        triggers,
        eligibility,
        template_id,
        expiry_hours,
        reminder_hours,
    } = definition;
    let titles = texts("titles", titles, 200, violations);
    let questions = violations
        .at_most("questions", questions.len(), MOST_QUESTIONS)
        .and_then(|()| question::parse_all(questions, violations));
    let triggers = trigger::parse_all(first.as_ref(), triggers, violations);
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
        triggers: triggers?,
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
        triggers,
        eligibility,
        template_id,
        expiry_hours,
        reminder_hours,
    } = definition;
    let triggers: Vec<pb::SurveyTrigger> = triggers.into_iter().map(trigger::to_proto).collect();
    let Eligibility {
        cool_down_days,
        contact_budget,
        sampling_share,
        daily_quota,
    } = eligibility;
    pb::SurveyDefinition {
        titles: texts_to_proto(titles),
        questions: questions.into_iter().map(question::to_proto).collect(),
        trigger: triggers.first().cloned(),
        triggers,
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
