//! Numbers.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Violations, timestamp};
use attune_stats::metric::{AnswerScale, ConfidenceLevel, Estimate, Histogram, Outcome};
use attune_stats::{MetricDefinition, MetricId};
use chrono::{DateTime, TimeDelta, Utc};

use super::slice::{Sliced, parse_slice};
use super::topic::version;
use crate::commands::metric::{Answered, Value};
use crate::domain::{Grain, Measure, Provenance, SETTLES_AFTER, Step, TopicCoding, Window, metric};

/// The question, and the version of the taxonomy whose codings are asked for.
pub(crate) fn query(request: &pb::QueryMetricRequest) -> Result<(Measure, Option<i64>), Error> {
    let mut violations = Violations::default();
    let pb::QueryMetricRequest {
        metric: id,
        slice,
        start,
        end,
        step,
        taxonomy_version,
    } = request;
    let metric = violations.check("metric", metric(id));
    let slice = parse_slice(slice.as_ref(), Sliced::by(metric), &mut violations);
    let step = parse_step(*step, &mut violations);
    let start = violations.instant("start", *start);
    let end = violations.instant("end", *end);
    let window = start
        .zip(end)
        .and_then(|(start, end)| parse_window(start, end, step?, &mut violations));
    let version = version(*taxonomy_version, &mut violations);
    if taxonomy_version.is_some() && metric == Some(MetricId::FirstContactResolution) {
        violations.add(
            "taxonomy_version",
            "must be left out: matters count by the coding that stands",
        );
    } else if taxonomy_version.is_some() && metric == Some(MetricId::ResponseRate) {
        violations.add("taxonomy_version", "must be left out: invitations have no topics");
    } else if taxonomy_version.is_some() && slice.as_ref().is_some_and(|slice| slice.topic_id.is_empty()) {
        violations.add("slice.topic_id", "must be given with a taxonomy_version");
    } else if taxonomy_version.is_some() && slice.as_ref().is_some_and(|slice| slice.facet().is_some()) {
        violations.add(
            "taxonomy_version",
            "must be left out with an agent_id, team, stage, language or segment: these are counted by the coding that \
             stands",
        );
    }
    let measure = || {
        let measure = Measure {
            metric: metric?,
            slice: slice?,
            window: window?,
            step: step?,
        };
        Some((measure, version?))
    };
    violations.finish(measure())
}

pub(crate) fn answer_to_proto(answered: Answered) -> pb::QueryMetricResponse {
    let Answered { values, taxonomy } = answered;
    pb::QueryMetricResponse {
        values: values.into_iter().map(value_to_proto).collect(),
        taxonomy: taxonomy.map(|provenance| provenance_to_proto(&provenance)),
    }
}

fn provenance_to_proto(provenance: &Provenance) -> pb::MetricTaxonomy {
    let coding = |coding: &TopicCoding| pb::TopicCoding {
        version: coding.version,
        start: Some(timestamp(coding.start)),
        end: Some(timestamp(coding.end)),
        feedback: coding.feedback,
    };
    pb::MetricTaxonomy {
        version: provenance.version,
        codings: provenance.codings.iter().map(coding).collect(),
        crosses_versions: provenance.crosses_versions(),
        uncoded: provenance.uncoded,
        note: provenance.note(),
    }
}

/// The metric's scale, where it is made of answers.
pub(super) fn parse_scale(id: &str, violations: &mut Violations) -> Option<AnswerScale> {
    let scale = violations.check("metric", metric(id)).map(AnswerScale::of)?;
    if scale.is_none() {
        violations.add("metric", "must be made of answers: nps, csat or ces");
    }
    scale
}

/// A window of full hours from one instant to another, at most `most` days wide.
pub(super) fn parse_hours(
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    most: Option<i64>,
    violations: &mut Violations,
) -> Option<Window> {
    if let Some(most) = most.filter(|&days| end - start > TimeDelta::days(days)) {
        violations.add("end", format!("must be at most {most} days after start"));
        return None;
    }
    parse_window(start, end, Step::Whole, violations)
}

/// The window taken down (its end up) to the full hour, or day with steps of a day.
fn parse_window(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    step: Step,
    violations: &mut Violations,
) -> Option<Window> {
    if start >= end {
        violations.add("end", "must be after start");
        return None;
    }
    let grain = if step == Step::Each(Grain::Day) {
        Grain::Day
    } else {
        Grain::Hour
    };
    let window = Window {
        start: grain.start_of(start),
        end: grain.ceiling_of(end),
    };
    let (steps, most) = (window.steps(step), Measure::MOST_STEPS);
    if steps > most {
        violations.add(
            "step",
            format!("must make at most {most} steps of the window, not {steps}"),
        );
        return None;
    }
    Some(window)
}

fn parse_step(step: i32, violations: &mut Violations) -> Option<Step> {
    match pb::Step::try_from(step) {
        Ok(pb::Step::Unspecified) => Some(Step::Whole),
        Ok(pb::Step::Hour) => Some(Step::Each(Grain::Hour)),
        Ok(pb::Step::Day) => Some(Step::Each(Grain::Day)),
        Err(_) => {
            violations.add("step", "must be STEP_HOUR, STEP_DAY, or left out for one value");
            None
        }
    }
}

pub(crate) fn value_to_proto(value: Value) -> pb::MetricValue {
    let Value {
        window: Window { start, end },
        count,
        pending,
        unsliced,
        answers,
        outcome,
    } = value;
    let mut shown = pb::MetricValue {
        start: Some(timestamp(start)),
        end: Some(timestamp(end)),
        count: i64::try_from(count).unwrap_or(i64::MAX),
        pending: i64::try_from(pending).unwrap_or(i64::MAX),
        unsliced: i64::try_from(unsliced).unwrap_or(i64::MAX),
        ..pb::MetricValue::default()
    };
    let (metric, version, n) = match outcome {
        Outcome::Known(Estimate {
            metric,
            version,
            n,
            value,
            low,
            high,
            level,
        }) => {
            (shown.value, shown.low, shown.high, shown.level) = (Some(value), Some(low), Some(high), level);
            shown.distribution = answers.as_ref().map_or_else(Vec::new, distribution);
            (metric, version, n)
        }
        Outcome::Suppressed {
            metric,
            version,
            n,
            minimum_n: _,
            reason,
        } => {
            let reasons = [Some(reason), still_open(metric, pending), not_recorded(unsliced)];
            let reasons: Vec<String> = reasons.into_iter().flatten().collect();
            shown.suppressed_reason = reasons.join("; ");
            shown.level = ConfidenceLevel::P95.get();
            (metric, version, n)
        }
    };
    metric.as_str().clone_into(&mut shown.metric);
    shown.version = i32::try_from(version).unwrap_or(i32::MAX);
    shown.n = i64::try_from(n).unwrap_or(i64::MAX);
    shown
}

/// What cannot be told yet.
fn still_open(metric: MetricId, pending: u64) -> Option<String> {
    (pending > 0).then(|| {
        if metric == MetricId::ResponseRate {
            return format!("{pending} more have time to answer");
        }
        let days = SETTLES_AFTER.num_days();
        format!("of {pending} more it cannot be told before {days} days")
    })
}

/// What was counted before slices like this one were.
fn not_recorded(unsliced: u64) -> Option<String> {
    (unsliced > 0).then(|| format!("of {unsliced} more it is not recorded whether they belong to the slice"))
}

/// How many answers gave each score, the lowest first.
fn distribution(answers: &Histogram) -> Vec<pb::ScoreCount> {
    let scores = answers.scale().minimum()..;
    let counts = scores.zip(answers.counts());
    let counts = counts.map(|(score, &answers)| pb::ScoreCount {
        score: i32::try_from(score).unwrap_or(i32::MAX),
        answers: i64::try_from(answers).unwrap_or(i64::MAX),
    });
    counts.collect()
}

pub(crate) fn definition_to_proto(definition: &MetricDefinition) -> pb::MetricDefinition {
    let MetricDefinition {
        id,
        version,
        name,
        formula,
        scale,
        denominator,
        window,
        minimum_n,
        source,
    } = definition;
    pb::MetricDefinition {
        metric: id.as_str().to_owned(),
        version: i32::try_from(*version).unwrap_or(i32::MAX),
        name: (*name).to_owned(),
        formula: (*formula).to_owned(),
        scale: format!("{}..{}", scale.minimum, scale.maximum),
        denominator: (*denominator).to_owned(),
        minimum_n: i64::try_from(*minimum_n).unwrap_or(i64::MAX),
        source: (*source).to_owned(),
        window: (*window).to_owned(),
    }
}
