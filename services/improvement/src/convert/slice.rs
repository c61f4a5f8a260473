//! Metrics, and which feedback they are about.

use attune_api::improvement::v1 as pb;
use attune_rpc::Violations;
use attune_stats::MetricId;

use crate::domain::Slice;

/// A metric by its id in the registry.
pub(super) fn metric(field: &str, id: &str, violations: &mut Violations) -> Option<MetricId> {
    // A refusal repeats what it refuses.
    let short: String = id.chars().take(64).collect();
    violations.check(field, short.parse())
}

/// The feedback that a number of `metric` is about.
pub(super) fn parse(
    field: &str,
    slice: Option<&pb::FeedbackSlice>,
    metric: Option<MetricId>,
    violations: &mut Violations,
) -> Option<Slice> {
    let everything = pb::FeedbackSlice::default();
    let pb::FeedbackSlice {
        product,
        channel,
        topic_id,
        touchpoint,
    } = slice.unwrap_or(&everything);
    let product = violations.text(&format!("{field}.product"), product, 0..=100);
    let channel = violations.optional_slug(&format!("{field}.channel"), channel, 64);
    let topic = format!("{field}.topic_id");
    if metric == Some(MetricId::ResponseRate) && channel.as_ref().is_some_and(Option::is_some) {
        violations.add(
            format!("{field}.channel"),
            "must be empty: invitations have no channel of their own",
        );
    }
    let topic_id = match metric {
        Some(MetricId::TopicShare | MetricId::TopicNegativeShare) => {
            violations.slug(&topic, topic_id, 64).map(Some)
        }
        Some(MetricId::FirstContactResolution) if !topic_id.is_empty() => {
            violations.add(&topic, "must be empty: contacts without a text have no topics");
            None
        }
        Some(MetricId::ResponseRate) if !topic_id.is_empty() => {
            violations.add(&topic, "must be empty: invitations have no topics");
            None
        }
        _ => violations.optional_slug(&topic, topic_id, 64),
    };
    let touchpoint = violations.optional_slug(&format!("{field}.touchpoint"), touchpoint, 64);
    Some(Slice {
        product: product?,
        channel: channel?.unwrap_or_default(),
        topic_id: topic_id?.unwrap_or_default(),
        touchpoint: touchpoint?.unwrap_or_default(),
    })
}

pub(super) fn to_proto(slice: Slice) -> pb::FeedbackSlice {
    let Slice {
        product,
        channel,
        topic_id,
        touchpoint,
    } = slice;
    pb::FeedbackSlice {
        product,
        channel,
        topic_id,
        touchpoint,
    }
}
