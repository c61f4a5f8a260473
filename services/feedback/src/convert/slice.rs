//! Slices.

use std::collections::BTreeSet;

use attune_api::feedback::v1 as pb;
use attune_rpc::Violations;
use attune_stats::MetricId;

use super::interaction::parse_stage;
use crate::domain::Slice;

/// The most segments that a piece of feedback counts in: each writes the roll-up rows of the piece once more.
const MOST_SEGMENTS: usize = 10;
/// Characters of a segment's name.
const LONGEST_SEGMENT: usize = 64;

/// What a slice is of, which tells what it may choose by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sliced {
    /// What the numbers of a metric are made of; nothing where the metric is not known.
    By(Option<MetricId>),
    /// Feedback as it comes in.
    Feedback,
    /// Feedback that is read as it was said.
    Texts,
}

impl Sliced {
    pub(super) fn by(metric: Option<MetricId>) -> Self {
        Self::By(metric)
    }

    fn must_have_topic(self) -> bool {
        matches!(
            self,
            Self::By(Some(MetricId::TopicShare | MetricId::TopicNegativeShare))
        )
    }
}

/// The slice that is asked for.
pub(super) fn parse_slice(
    slice: Option<&pb::Slice>,
    of: Sliced,
    violations: &mut Violations,
) -> Option<Slice> {
    let everything = pb::Slice::default();
    let slice = slice.unwrap_or(&everything);
    let product = violations.text("slice.product", &slice.product, 0..=100);
    let channel = violations.optional_slug("slice.channel", &slice.channel, 64);
    let touchpoint = violations.optional_slug("slice.touchpoint", &slice.touchpoint, 64);
    let topic_id = if of.must_have_topic() {
        violations.slug("slice.topic_id", &slice.topic_id, 64).map(Some)
    } else {
        violations.optional_slug("slice.topic_id", &slice.topic_id, 64)
    };
    let agent_id = violations.text("slice.agent_id", &slice.agent_id, 0..=100);
    let team = violations.text("slice.team", &slice.team, 0..=100);
    let stage = parse_stage("slice.stage", slice.stage, violations);
    let language = violations.optional_language("slice.language", &slice.language);
    let segment = violations.text("slice.segment", &slice.segment, 0..=LONGEST_SEGMENT);
    let survey_id = violations.optional_id("slice.survey_id", &slice.survey_id);
    match of {
        Sliced::By(Some(MetricId::ResponseRate)) => check_invitations(slice, violations)?,
        _ => check_facets(slice, of, violations)?,
    }
    let language = language?.map(|tag| tag.as_str().to_owned());
    Some(Slice {
        product: product?,
        channel: channel?.unwrap_or_default(),
        topic_id: topic_id?.unwrap_or_default(),
        touchpoint: touchpoint?.unwrap_or_default(),
        agent_id: agent_id?,
        team: team?,
        stage: stage?,
        language: language.unwrap_or_default(),
        segment: segment?,
        survey_id: survey_id?,
    })
}

/// The customer segments that a person is said to be in, in the order given.
pub(super) fn parse_segments(
    field: &str,
    segments: &[String],
    violations: &mut Violations,
) -> Option<Vec<String>> {
    violations.at_most(field, segments.len(), MOST_SEGMENTS)?;
    let mut named = BTreeSet::new();
    let mut parsed = Vec::with_capacity(segments.len());
    for (place, segment) in segments.iter().enumerate() {
        let field = format!("{field}[{place}]");
        let segment = violations.text(&field, segment, 1..=LONGEST_SEGMENT);
        if segment
            .as_ref()
            .is_some_and(|segment| !named.insert(segment.clone()))
        {
            violations.add(field, "must not be named twice");
            parsed.push(None);
        } else {
            parsed.push(segment);
        }
    }
    parsed.into_iter().collect()
}

/// Counts are kept by one of agent, team, stage, language and segment at a time, those of matters by one of agent,
/// stage, language and topic.
fn check_facets(slice: &pb::Slice, of: Sliced, violations: &mut Violations) -> Option<()> {
    let given: Vec<&str> = facets(slice)
        .into_iter()
        .filter_map(|(field, given)| given.then_some(field))
        .collect();
    let matters = matches!(of, Sliced::By(Some(MetricId::FirstContactResolution)));
    let at_most_one = |beside| {
        format!("must have at most one of {beside} at a time, beside any of product, channel and touchpoint")
    };
    let mut wrong: Vec<(&str, String)> = match of {
        Sliced::By(_) if matters && given.iter().any(|field| unknown_of_matters(field).is_some()) => {
            let unknown = |&field| Some((field, unknown_of_matters(field)?.to_owned()));
            given.iter().filter_map(unknown).collect()
        }
        Sliced::By(_) if matters && given.len() + usize::from(!slice.topic_id.is_empty()) > 1 => {
            vec![("slice", at_most_one("topic_id, agent_id, stage and language"))]
        }
        Sliced::By(_) | Sliced::Texts if given.len() > 1 => {
            vec![(
                "slice",
                at_most_one("agent_id, team, stage, language and segment") + " and topic_id",
            )]
        }
        Sliced::Feedback | Sliced::By(_) | Sliced::Texts => Vec::new(),
    };
    if !slice.survey_id.is_empty() {
        wrong.push((
            "slice.survey_id",
            "must be left out: only response_rate has it".to_owned(),
        ));
    }
    let fine = wrong.is_empty();
    for (field, problem) in wrong {
        violations.add(field, problem);
    }
    fine.then_some(())
}

/// Why matters cannot be chosen by a field; none where they can.
fn unknown_of_matters(field: &str) -> Option<&'static str> {
    match field {
        "slice.team" => Some("must be left out: contacts do not say which team served"),
        "slice.segment" => Some("must be left out: contacts do not say which segments the customer is in"),
        _ => None,
    }
}

/// Invitations are counted by survey, product and touchpoint in any combination.
fn check_invitations(slice: &pb::Slice, violations: &mut Violations) -> Option<()> {
    let others = [
        ("slice.channel", !slice.channel.is_empty()),
        ("slice.topic_id", !slice.topic_id.is_empty()),
    ];
    let mut fine = true;
    for (field, given) in others.into_iter().chain(facets(slice)) {
        if given {
            violations.add(
                field,
                "must be left out: response_rate is sliced by survey_id, product and touchpoint",
            );
            fine = false;
        }
    }
    fine.then_some(())
}

/// What counts are kept by one at a time, and whether it is asked for.
fn facets(slice: &pb::Slice) -> [(&'static str, bool); 5] {
    [
        ("slice.agent_id", !slice.agent_id.is_empty()),
        ("slice.team", !slice.team.is_empty()),
        ("slice.stage", slice.stage != 0),
        ("slice.language", !slice.language.is_empty()),
        ("slice.segment", !slice.segment.is_empty()),
    ]
}

#[cfg(test)]
mod tests {
    use attune_api::interactions::v1::JourneyStage;

    use super::*;

    const MATTERS: Sliced = Sliced::By(Some(MetricId::FirstContactResolution));
    const ANSWERS: Sliced = Sliced::By(Some(MetricId::Nps));

    fn refused(slice: &pb::Slice, of: Sliced) -> Vec<String> {
        let mut violations = Violations::default();
        let parsed = parse_slice(Some(slice), of, &mut violations);
        let refused: Vec<String> = violations
            .iter()
            .map(|violation| violation.field.clone())
            .collect();
        assert_eq!(parsed.is_some(), refused.is_empty());
        refused
    }

    fn of_agent() -> pb::Slice {
        pb::Slice {
            product: "North".into(),
            agent_id: "7".into(),
            ..pb::Slice::default()
        }
    }

    #[test]
    fn numbers_are_sliced_by_one_facet_at_a_time_beside_what_every_count_has() {
        let slice = of_agent();
        let mut violations = Violations::default();
        let parsed = parse_slice(Some(&slice), MATTERS, &mut violations);
        let parsed = violations.finish(parsed).unwrap();
        assert_eq!(
            (parsed.product.as_str(), parsed.agent_id.as_str()),
            ("North", "7")
        );
        assert!(refused(&slice, ANSWERS).is_empty());
        let two = pb::Slice {
            language: "de".into(),
            ..slice
        };
        assert_eq!(refused(&two, ANSWERS), ["slice"]);
        assert_eq!(refused(&two, MATTERS), ["slice"]);
        assert!(
            refused(&two, Sliced::Feedback).is_empty(),
            "a stream counts nothing"
        );
    }

    #[test]
    fn a_topic_stands_beside_a_facet_of_feedback_and_not_of_matters() {
        let slice = pb::Slice {
            topic_id: "delay".into(),
            ..of_agent()
        };
        assert!(refused(&slice, ANSWERS).is_empty());
        assert_eq!(refused(&slice, MATTERS), ["slice"]);
    }

    #[test]
    fn what_nobody_can_tell_is_refused_by_its_name() {
        let slice = pb::Slice {
            team: "Airport".into(),
            ..pb::Slice::default()
        };
        assert!(refused(&slice, ANSWERS).is_empty());
        assert_eq!(refused(&slice, MATTERS), ["slice.team"]);
        let in_segment = pb::Slice {
            segment: "gold".into(),
            ..pb::Slice::default()
        };
        assert!(refused(&in_segment, ANSWERS).is_empty());
        assert_eq!(refused(&in_segment, MATTERS), ["slice.segment"]);
        assert!(refused(&in_segment, Sliced::Texts).is_empty());
        let invitations = Sliced::By(Some(MetricId::ResponseRate));
        assert_eq!(refused(&in_segment, invitations), ["slice.segment"]);
        let both = pb::Slice {
            segment: "gold".into(),
            ..slice.clone()
        };
        assert_eq!(refused(&both, MATTERS), ["slice.team", "slice.segment"]);
        let slice = pb::Slice {
            stage: JourneyStage::Loyalty.into(),
            ..slice
        };
        assert_eq!(refused(&slice, Sliced::Texts), ["slice"]);
    }

    #[test]
    fn invitations_are_sliced_by_survey_and_nothing_else_is() {
        let invitations = Sliced::By(Some(MetricId::ResponseRate));
        let slice = pb::Slice {
            survey_id: "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50".into(),
            ..pb::Slice::default()
        };
        assert!(refused(&slice, invitations).is_empty());
        assert_eq!(refused(&slice, ANSWERS), ["slice.survey_id"]);
        let slice = pb::Slice {
            channel: "email".into(),
            topic_id: "delay".into(),
            survey_id: String::new(),
            ..of_agent()
        };
        let wrong = ["slice.channel", "slice.topic_id", "slice.agent_id"];
        assert_eq!(refused(&slice, invitations), wrong);
    }

    #[test]
    fn segments_are_few_short_and_each_named_once() {
        let names = |segments: &[&str]| {
            let segments: Vec<String> = segments.iter().map(|&segment| segment.to_owned()).collect();
            let mut violations = Violations::default();
            let parsed = parse_segments("segments", &segments, &mut violations);
            let refused: Vec<String> = violations.iter().map(|wrong| wrong.field.clone()).collect();
            assert_eq!(parsed.is_some(), refused.is_empty());
            (parsed.unwrap_or_default(), refused)
        };
        let (kept, _) = names(&["new", " Über 60 ", "gold"]);
        assert_eq!(kept, ["new", "Über 60", "gold"], "in the order given");
        assert_eq!(names(&[]).1, [""; 0]);
        let long = "x".repeat(65);
        let wrong = names(&["gold", "", "gold ", &long, "a\u{7}"]).1;
        assert_eq!(
            wrong,
            ["segments[1]", "segments[2]", "segments[3]", "segments[4]"]
        );
        assert_eq!(names(&["gold"; 11]).1, ["segments"]);
    }

    #[test]
    fn what_is_no_stage_and_no_language_is_refused() {
        let slice = pb::Slice {
            stage: 99,
            ..pb::Slice::default()
        };
        assert_eq!(refused(&slice, MATTERS), ["slice.stage"]);
        let slice = pb::Slice {
            language: "not a language".into(),
            ..pb::Slice::default()
        };
        assert_eq!(refused(&slice, ANSWERS), ["slice.language"]);
    }
}
