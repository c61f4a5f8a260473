//! Comparisons of groups.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Violations};
use attune_stats::MetricId;
use attune_stats::comparison::{Comparison, Difference};
use chrono::{DateTime, Utc};

use super::metric::{parse_hours, value_to_proto};
use super::slice::{Sliced, parse_slice};
use crate::commands::comparison::{Beside, Compared};
use crate::domain::{Contrast, Group, Overlap, metric};

/// The most groups of one comparison.
const MOST: usize = 20;
/// What has to be known of a difference between segments.
const IN_BOTH: &str = "feedback of persons who were in both segments counts in both numbers; interval and p-value are \
                       computed as if there were none, and are rather too wide and too high where there is";

pub(crate) fn contrast(request: &pb::CompareMetricRequest) -> Result<Contrast, Error> {
    let mut violations = Violations::default();
    let pb::CompareMetricRequest {
        metric: id,
        slice,
        start,
        end,
        groups,
    } = request;
    let metric = violations.check("metric", metric(id));
    let start = violations.instant("start", *start);
    let end = violations.instant("end", *end);
    let reference = parse(slice.as_ref(), start.zip(end), metric, &mut violations);
    if groups.is_empty() {
        violations.add("groups", "must hold a group");
    }
    violations.at_most("groups", groups.len(), MOST);
    let mut parsed = Vec::new();
    for (place, group) in groups.iter().take(MOST).enumerate() {
        let field = format!("groups[{place}]");
        let mut inner = Violations::default();
        let start = inner.instant("start", group.start);
        let end = inner.instant("end", group.end);
        let group = parse(group.slice.as_ref(), start.zip(end), metric, &mut inner);
        violations.nest(&field, inner);
        if let (Some(group), Some(reference)) = (&group, &reference)
            && group.overlap(reference) == Overlap::Anything
        {
            violations.add(
                field,
                "must share no feedback with the reference: give windows that are apart, or another product, \
                 channel, touchpoint, agent_id, team, stage, language or segment on either side",
            );
        }
        parsed.extend(group);
    }
    let contrast = || {
        Some(Contrast {
            metric: metric?,
            reference: reference?,
            groups: parsed,
        })
    };
    violations.finish(contrast())
}

fn parse(
    slice: Option<&pb::Slice>,
    ends: Option<(DateTime<Utc>, DateTime<Utc>)>,
    metric: Option<MetricId>,
    violations: &mut Violations,
) -> Option<Group> {
    let slice = parse_slice(slice, Sliced::by(metric), violations);
    let window = ends.and_then(|ends| parse_hours(ends, None, violations));
    Some(Group {
        slice: slice?,
        window: window?,
    })
}

pub(crate) fn compared_to_proto(compared: Compared) -> pb::CompareMetricResponse {
    let Compared { reference, groups } = compared;
    pb::CompareMetricResponse {
        reference: Some(value_to_proto(reference)),
        comparisons: groups.into_iter().map(comparison_to_proto).collect(),
    }
}

fn comparison_to_proto(beside: Beside) -> pb::MetricComparison {
    let Beside {
        value,
        comparison,
        overlap,
    } = beside;
    let note = match overlap {
        Overlap::Segments => IN_BOTH,
        Overlap::Nothing | Overlap::Anything => "",
    };
    let shown = pb::MetricComparison {
        value: Some(value_to_proto(value)),
        note: note.to_owned(),
        ..pb::MetricComparison::default()
    };
    let Comparison {
        outcome: _,
        difference,
        adjusted_p_value,
    } = comparison;
    match difference {
        Ok(Difference {
            value,
            low,
            high,
            level,
            p_value,
            test,
        }) => pb::MetricComparison {
            difference: Some(value),
            low: Some(low),
            high: Some(high),
            level,
            p_value: Some(p_value),
            adjusted_p_value: Some(adjusted_p_value),
            method: format!("{}; {}", test.interval_name(), test.test_name()),
            ..shown
        },
        Err(suppressed_reason) => pb::MetricComparison {
            suppressed_reason,
            ..shown
        },
    }
}
