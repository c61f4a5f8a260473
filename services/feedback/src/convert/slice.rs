//! Slices.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::JourneyStage;
use attune_rpc::Violations;
use attune_stats::MetricId;

use super::interaction::stage_name;
use crate::domain::Slice;

/// The slice that a number of `metric` is asked of; without a metric, one of feedback.
pub(super) fn parse_slice(
    slice: Option<&pb::Slice>,
    metric: Option<MetricId>,
    violations: &mut Violations,
) -> Option<Slice> {
    let everything = pb::Slice::default();
    let slice = slice.unwrap_or(&everything);
    let product = violations.text("slice.product", &slice.product, 0..=100);
    let channel = violations.optional_slug("slice.channel", &slice.channel, 64);
    let touchpoint = violations.optional_slug("slice.touchpoint", &slice.touchpoint, 64);
    let topic_id = match metric {
        Some(MetricId::TopicShare | MetricId::TopicNegativeShare) => {
            violations.slug("slice.topic_id", &slice.topic_id, 64).map(Some)
        }
        _ => violations.optional_slug("slice.topic_id", &slice.topic_id, 64),
    };
    let handled = match metric {
        Some(MetricId::FirstContactResolution) => of_matters(slice, violations),
        _ => of_feedback(slice, violations),
    };
    let (agent_id, stage, language) = handled?;
    Some(Slice {
        product: product?,
        channel: channel?.unwrap_or_default(),
        topic_id: topic_id?.unwrap_or_default(),
        touchpoint: touchpoint?.unwrap_or_default(),
        agent_id,
        stage,
        language,
    })
}

/// Agent, stage and language. Matters are counted by one of them or a topic at a time, besides product, channel and
/// touchpoint.
fn of_matters(slice: &pb::Slice, violations: &mut Violations) -> Option<(String, String, String)> {
    let agent_id = violations.text("slice.agent_id", &slice.agent_id, 0..=100);
    let stage = match slice.stage {
        0 => Some(String::new()),
        stage => violations
            .choice::<JourneyStage>("slice.stage", stage)
            .map(stage_name),
    };
    let language = violations.optional_language("slice.language", &slice.language);
    let given = of_contact(slice).into_iter().filter(|(_, given)| *given);
    if given.count() + usize::from(!slice.topic_id.is_empty()) > 1 {
        violations.add(
            "slice",
            "must have at most one of topic_id, agent_id, stage and language, beside any of product, channel and \
             touchpoint",
        );
    }
    let language = language?.map(|tag| tag.as_str().to_owned());
    Some((agent_id?, stage?, language.unwrap_or_default()))
}

/// None of them.
fn of_feedback(slice: &pb::Slice, violations: &mut Violations) -> Option<(String, String, String)> {
    let given: Vec<_> = of_contact(slice)
        .into_iter()
        .filter(|(_, given)| *given)
        .collect();
    for (field, _) in &given {
        violations.add(
            *field,
            "must be left out: slices of feedback have product, channel, touchpoint and topic_id; only \
             first_contact_resolution has agent_id, stage and language too",
        );
    }
    given.is_empty().then(Default::default)
}

/// What only matters are sliced by, and whether it is asked for.
fn of_contact(slice: &pb::Slice) -> [(&'static str, bool); 3] {
    [
        ("slice.agent_id", !slice.agent_id.is_empty()),
        ("slice.stage", slice.stage != 0),
        ("slice.language", !slice.language.is_empty()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(slice: &pb::Slice, metric: Option<MetricId>) -> Vec<String> {
        let mut violations = Violations::default();
        parse_slice(Some(slice), metric, &mut violations);
        violations
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    }

    #[test]
    fn matters_are_sliced_by_who_handled_them_and_feedback_is_not() {
        let slice = pb::Slice {
            product: "North".into(),
            agent_id: "7".into(),
            ..pb::Slice::default()
        };
        let mut violations = Violations::default();
        let metric = Some(MetricId::FirstContactResolution);
        let parsed = parse_slice(Some(&slice), metric, &mut violations);
        let parsed = violations.finish(parsed).unwrap();
        assert_eq!(
            (parsed.product.as_str(), parsed.agent_id.as_str()),
            ("North", "7")
        );
        assert_eq!(refused(&slice, Some(MetricId::Nps)), ["slice.agent_id"]);
        let slice = pb::Slice {
            stage: JourneyStage::Loyalty.into(),
            language: "de".into(),
            ..slice
        };
        assert_eq!(
            refused(&slice, None),
            ["slice.agent_id", "slice.stage", "slice.language"]
        );
        assert_eq!(refused(&slice, metric), ["slice"]);
    }

    #[test]
    fn what_is_no_stage_and_no_language_is_refused() {
        let slice = pb::Slice {
            stage: 99,
            ..pb::Slice::default()
        };
        let metric = Some(MetricId::FirstContactResolution);
        assert_eq!(refused(&slice, metric), ["slice.stage"]);
        let slice = pb::Slice {
            language: "not a language".into(),
            ..pb::Slice::default()
        };
        assert_eq!(refused(&slice, metric), ["slice.language"]);
    }
}
