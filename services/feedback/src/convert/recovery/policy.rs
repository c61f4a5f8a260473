//! Recovery policies.

use std::ops::RangeInclusive;

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Etag, RequestKey, Violations, timestamp};

use crate::commands::recovery::policy::Set;
use crate::domain::recovery::{
    Assignment, DEADLINE_HOURS, MAX_AGE_HOURS, MEASURE_DAYS, NumberedPolicy, Policy, TextRule,
};

/// The most assignments of a policy, and the most entries of their lists.
const MOST: usize = 50;
/// The most employees of an assignment.
const MOST_AGENTS: usize = 200;
/// The longest deadline, in hours.
const LONGEST_DEADLINE: i32 = 720;

pub(crate) fn get(request: pb::GetRecoveryPolicyRequest) -> Result<Option<i32>, Error> {
    let mut violations = Violations::default();
    let number = match request.number {
        None => Some(None),
        Some(number) => whole("number", number, 0..=i32::MAX, &mut violations).map(Some),
    };
    violations.finish(number)
}

pub(crate) fn set(request: &pb::SetRecoveryPolicyRequest) -> Result<Set, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SetRecoveryPolicy", &request.request_id, request, &mut violations);
    let given = violations.required("policy", request.policy.as_ref());
    let mut inner = Violations::default();
    let policy = given.and_then(|given| parse(given, &mut inner));
    violations.nest("policy", inner);
    let set = || {
        Some(Set {
            policy: policy?,
            etag: given?.etag.clone(),
            key: key?,
        })
    };
    violations.finish(set())
}

fn parse(policy: &pb::RecoveryPolicy, violations: &mut Violations) -> Option<Policy> {
    let csat_at_most = score("csat_at_most", policy.csat_at_most, 1..=4, violations);
    let nps_at_most = score("nps_at_most", policy.nps_at_most, 0..=9, violations);
    let ces_at_most = score("ces_at_most", policy.ces_at_most, 1..=6, violations);
    let text = match &policy.text {
        None => Some(None),
        Some(rule) => text_rule(rule, violations).map(Some),
    };
    let default_owner = violations.text("default_owner", &policy.default_owner, 1..=100);
    let escalate_to = violations.text("escalate_to", &policy.escalate_to, 0..=100);
    let deadline_hours = hours("deadline_hours", policy.deadline_hours, violations);
    let measure_days = or("measure_days", policy.measure_days, 365, MEASURE_DAYS, violations);
    let max_age_hours = or(
        "max_age_hours",
        policy.max_age_hours,
        8760,
        MAX_AGE_HOURS,
        violations,
    );
    let assignments = assignments(&policy.assignments, violations);
    Some(Policy {
        csat_at_most: csat_at_most?,
        nps_at_most: nps_at_most?,
        ces_at_most: ces_at_most?,
        text: text?,
        default_owner: default_owner?,
        escalate_to: escalate_to?,
        deadline_hours: deadline_hours?.unwrap_or(DEADLINE_HOURS),
        measure_days: measure_days?,
        max_age_hours: max_age_hours?,
        assignments: assignments?,
    })
}

fn whole(field: &str, number: i32, range: RangeInclusive<i32>, violations: &mut Violations) -> Option<i32> {
    if range.contains(&number) {
        return Some(number);
    }
    let (least, most) = range.into_inner();
    violations.add(field, format!("must be a whole number from {least} to {most}"));
    None
}

/// A bound that may be left out.
#[allow(clippy::option_option)] // the outer tells right from wrong, the inner given from left out
fn score(
    field: &str,
    bound: Option<i32>,
    range: RangeInclusive<i32>,
    violations: &mut Violations,
) -> Option<Option<i16>> {
    match bound {
        None => Some(None),
        Some(bound) => {
            let bound = whole(field, bound, range, violations)?;
            Some(i16::try_from(bound).ok())
        }
    }
}

/// A number from 1 to `most`; 0 means `usual`.
fn or(field: &str, number: i32, most: i32, usual: i32, violations: &mut Violations) -> Option<i32> {
    let number = whole(field, number, 0..=most, violations)?;
    Some(if number == 0 { usual } else { number })
}

/// Hours to a deadline, none where 0 was given.
#[allow(clippy::option_option)] // as above
fn hours(field: &str, number: i32, violations: &mut Violations) -> Option<Option<i32>> {
    let number = whole(field, number, 0..=LONGEST_DEADLINE, violations)?;
    Some(Some(number).filter(|number| *number > 0))
}

fn text_rule(rule: &pb::RecoveryTextRule, violations: &mut Violations) -> Option<TextRule> {
    let sentiment = violations.number("text.sentiment_at_most", rule.sentiment_at_most, -1.0..=0.0);
    let probability = violations.number("text.probability_at_least", rule.probability_at_least, 0.0..=1.0);
    Some(TextRule {
        sentiment_at_most: sentiment?,
        probability_at_least: probability?,
    })
}

fn assignments(given: &[pb::RecoveryAssignment], violations: &mut Violations) -> Option<Vec<Assignment>> {
    violations.at_most("assignments", given.len(), MOST)?;
    let parsed: Vec<_> = given
        .iter()
        .enumerate()
        .map(|(place, assignment)| {
            let mut inner = Violations::default();
            let parsed = parse_assignment(assignment, &mut inner);
            violations.nest(&format!("assignments[{place}]"), inner);
            parsed
        })
        .collect();
    parsed.into_iter().collect()
}

fn parse_assignment(given: &pb::RecoveryAssignment, violations: &mut Violations) -> Option<Assignment> {
    let pb::RecoveryAssignment {
        touchpoints,
        products,
        channels,
        agent_ids,
        owner,
        deadline_hours,
    } = given;
    if [touchpoints, products, channels, agent_ids]
        .iter()
        .all(|list| list.is_empty())
    {
        violations.add(
            "touchpoints",
            "must hold something where products, channels and agent_ids hold nothing",
        );
    }
    let slug = |violations: &mut Violations, field: &str, text: &str| violations.slug(field, text, 64);
    let name = |violations: &mut Violations, field: &str, text: &str| violations.text(field, text, 1..=100);
    let touchpoints = each("touchpoints", touchpoints, MOST, slug, violations);
    let products = each("products", products, MOST, name, violations);
    let channels = each("channels", channels, MOST, slug, violations);
    let agent_ids = each("agent_ids", agent_ids, MOST_AGENTS, name, violations);
    let owner = violations.text("owner", owner, 1..=100);
    let deadline_hours = hours("deadline_hours", *deadline_hours, violations);
    Some(Assignment {
        touchpoints: touchpoints?,
        products: products?,
        channels: channels?,
        agent_ids: agent_ids?,
        owner: owner?,
        deadline_hours: deadline_hours?,
    })
}

fn each(
    field: &str,
    texts: &[String],
    most: usize,
    parse: impl Fn(&mut Violations, &str, &str) -> Option<String>,
    violations: &mut Violations,
) -> Option<Vec<String>> {
    violations.at_most(field, texts.len(), most)?;
    let parsed: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(place, text)| parse(violations, &format!("{field}[{place}]"), text))
        .collect();
    parsed.into_iter().collect()
}

pub(crate) fn to_proto(numbered: NumberedPolicy) -> pb::RecoveryPolicy {
    let NumberedPolicy {
        number,
        policy_id: _,
        policy,
        created_at,
    } = numbered;
    let policy = policy.0;
    pb::RecoveryPolicy {
        number,
        csat_at_most: policy.csat_at_most.map(i32::from),
        nps_at_most: policy.nps_at_most.map(i32::from),
        ces_at_most: policy.ces_at_most.map(i32::from),
        text: policy.text.map(|rule| pb::RecoveryTextRule {
            sentiment_at_most: rule.sentiment_at_most,
            probability_at_least: rule.probability_at_least,
        }),
        default_owner: policy.default_owner,
        escalate_to: policy.escalate_to,
        deadline_hours: policy.deadline_hours,
        measure_days: policy.measure_days,
        max_age_hours: policy.max_age_hours,
        assignments: policy.assignments.into_iter().map(assignment_to_proto).collect(),
        etag: Etag::of(number.into()).to_string(),
        create_time: (number > 0).then(|| timestamp(created_at)),
    }
}

fn assignment_to_proto(assignment: Assignment) -> pb::RecoveryAssignment {
    let Assignment {
        touchpoints,
        products,
        channels,
        agent_ids,
        owner,
        deadline_hours,
    } = assignment;
    pb::RecoveryAssignment {
        touchpoints,
        products,
        channels,
        agent_ids,
        owner,
        deadline_hours: deadline_hours.unwrap_or_default(),
    }
}
