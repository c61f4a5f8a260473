//! Feedback.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use attune_stats::metric::AnswerScale;
use uuid::Uuid;

use super::interaction::{parse_stage, stage_to_proto};
use super::slice::parse_segments;
use crate::commands::record::Recorded;
use crate::commands::submission::Submit;
use crate::domain::{Draft, Feedback, FoundBy, Mention, Origin, Rating, Sentiment, Understanding};
use crate::store::feedback::{Filter, Place};

/// The most pieces of feedback in one message of a stream.
const MOST: usize = 500;

pub(crate) fn submit(request: &pb::SubmitFeedbackRequest) -> Result<Submit, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("SubmitFeedback", &request.request_id, request, &mut violations);
    let mut inner = Violations::default();
    let draft = violations.required("feedback", request.feedback.as_ref());
    let draft = draft.and_then(|feedback| parse(feedback, &mut inner));
    violations.nest("feedback", inner);
    let submit = || {
        Some(Submit {
            draft: draft?,
            key: key?,
        })
    };
    violations.finish(submit())
}

/// The parts of one message of a stream: what each holds, or what is wrong with it.
pub(crate) type Batch = Vec<Result<Draft, Vec<pb::FieldProblem>>>;

/// Parses one message of a stream. Only a message with too many pieces is refused as a whole.
pub(crate) fn batch(request: &pb::SubmitFeedbackStreamRequest) -> Result<Batch, Error> {
    let mut violations = Violations::default();
    let length = violations.at_most("feedback", request.feedback.len(), MOST);
    violations.finish(length)?;
    let part = |feedback: &pb::Feedback| {
        let mut violations = Violations::default();
        let draft = parse(feedback, &mut violations);
        match draft {
            Some(draft) if violations.is_empty() => Ok(draft),
            _ => Err(violations.into_iter().map(problem).collect()),
        }
    };
    Ok(request.feedback.iter().map(part).collect())
}

fn problem(violation: attune_rpc::Violation) -> pb::FieldProblem {
    let attune_rpc::Violation { field, description } = violation;
    pb::FieldProblem { field, description }
}

/// One result for each part: `recorded` are those of the parts that were right, in their order.
pub(crate) fn results(
    parts: Vec<Result<(), Vec<pb::FieldProblem>>>,
    recorded: Vec<Recorded>,
) -> pb::SubmitFeedbackStreamResponse {
    let mut recorded = recorded.into_iter();
    let result = |part: Result<(), Vec<pb::FieldProblem>>| match (part, &mut recorded) {
        (Ok(()), recorded) => recorded.next().map(
            |Recorded {
                 feedback_id,
                 duplicate,
             }| pb::SubmitFeedbackResult {
                feedback_id: feedback_id.to_string(),
                duplicate,
                problems: Vec::new(),
            },
        ),
        (Err(problems), _) => Some(pb::SubmitFeedbackResult {
            problems,
            ..pb::SubmitFeedbackResult::default()
        }),
    };
    pb::SubmitFeedbackStreamResponse {
        results: parts.into_iter().filter_map(result).collect(),
    }
}

fn parse(feedback: &pb::Feedback, violations: &mut Violations) -> Option<Draft> {
    let profile_id = violations.optional_id("profile_id", &feedback.profile_id);
    let interaction_id = violations.optional_id("interaction_id", &feedback.interaction_id);
    let channel = violations.slug("channel", &feedback.channel, 64);
    let touchpoint = violations.optional_slug("touchpoint", &feedback.touchpoint, 64);
    let product = violations.text("product", &feedback.product, 0..=100);
    let agent_id = violations.text("agent_id", &feedback.agent_id, 0..=100);
    let team = violations.text("team", &feedback.team, 0..=100);
    let stage = parse_stage("stage", feedback.stage, violations);
    let segments = parse_segments("segments", &feedback.segments, violations);
    let rating = match &feedback.rating {
        None => Some(None),
        Some(rating) => parse_rating(*rating, violations).map(Some),
    };
    let text = violations.text("text", &feedback.text, 0..=20_000);
    let occurred_at = violations.instant("occurred_at", feedback.occurred_at);
    let source_id = violations.text("source_id", &feedback.source_id, 0..=200);
    if feedback.rating.is_none() && feedback.text.trim().is_empty() {
        violations.add("text", "must be given where there is no rating");
    }
    Some(Draft {
        origin: Origin::Submitted,
        profile_id: profile_id?,
        interaction_id: interaction_id?,
        channel: channel?,
        touchpoint: touchpoint?.unwrap_or_default(),
        product: product?,
        agent_id: agent_id?,
        team: team?,
        stage: stage?,
        segments: Some(segments?),
        rating: rating?,
        text: text?,
        occurred_at: occurred_at?,
        source_id: source_id.map(|id| Some(id).filter(|id| !id.is_empty()))?,
    })
}

pub(super) fn parse_rating(rating: pb::Rating, violations: &mut Violations) -> Option<Rating> {
    let pb::Rating { kind, value } = rating;
    let scale = match violations.choice::<pb::RatingKind>("rating.kind", kind)? {
        pb::RatingKind::Unspecified => return None,
        pb::RatingKind::Nps => AnswerScale::Nps,
        pb::RatingKind::Csat => AnswerScale::Csat,
        pb::RatingKind::Ces => AnswerScale::Ces,
    };
    violations.check("rating.value", Rating::parse(scale, i64::from(value)))
}

pub(crate) fn get(request: &pb::GetFeedbackRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("feedback_id", &request.feedback_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListFeedbackRequest) -> Result<(Filter, Page<Place>), Error> {
    let mut violations = Violations::default();
    let pb::ListFeedbackRequest {
        profile_id,
        product,
        topic_id,
        page_size,
        page_token,
    } = request;
    let arguments = (profile_id, product, topic_id);
    let profile_id = violations.optional_id("profile_id", profile_id);
    let product = violations.text("product", product, 0..=100);
    let topic_id = violations.optional_slug("topic_id", topic_id, 64);
    let filter = || {
        let product = product.map(|product| Some(product).filter(|product| !product.is_empty()));
        Some(Filter {
            profile_id: profile_id?,
            product: product?,
            topic_id: topic_id?,
        })
    };
    let filter = filter();
    // A token of other arguments is refused after the arguments themselves, which may be what is wrong.
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let filter = violations.finish(filter)?;
    Ok((filter, page?))
}

pub(crate) fn to_proto(feedback: Feedback) -> pb::Feedback {
    let Feedback {
        feedback_id,
        draft,
        understanding,
        taxonomy_version,
        sliced: _,
        created_at,
    } = feedback;
    let Draft {
        origin: _,
        profile_id,
        interaction_id,
        channel,
        touchpoint,
        product,
        agent_id,
        team,
        stage,
        segments,
        rating,
        text,
        occurred_at,
        source_id,
    } = draft;
    pb::Feedback {
        feedback_id: feedback_id.to_string(),
        profile_id: optional(profile_id),
        interaction_id: optional(interaction_id),
        channel,
        touchpoint,
        product,
        agent_id,
        team,
        stage: stage_to_proto(&stage).into(),
        rating: rating.map(rating_to_proto),
        text,
        occurred_at: Some(timestamp(occurred_at)),
        source_id: source_id.unwrap_or_default(),
        understanding: understanding.map(|understood| understanding_to_proto(understood, taxonomy_version)),
        create_time: Some(timestamp(created_at)),
        segments: segments.unwrap_or_default(),
    }
}

/// What is told of new feedback.
pub(crate) fn submitted(feedback: &Feedback) -> pb::FeedbackSubmitted {
    let Feedback {
        feedback_id,
        draft,
        understanding,
        taxonomy_version,
        sliced: _,
        created_at: _,
    } = feedback;
    pb::FeedbackSubmitted {
        feedback_id: feedback_id.to_string(),
        profile_id: optional(draft.profile_id),
        interaction_id: optional(draft.interaction_id),
        channel: draft.channel.clone(),
        touchpoint: draft.touchpoint.clone(),
        product: draft.product.clone(),
        rating: draft.rating.map(rating_to_proto),
        understanding: understanding
            .clone()
            .map(|understood| understanding_to_proto(understood, *taxonomy_version)),
        occurred_at: Some(timestamp(draft.occurred_at)),
        agent_id: draft.agent_id.clone(),
        team: draft.team.clone(),
        stage: stage_to_proto(&draft.stage).into(),
        segments: draft.segments.clone().unwrap_or_default(),
    }
}

fn optional(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn rating_to_proto(rating: Rating) -> pb::Rating {
    let kind = match rating.scale() {
        AnswerScale::Nps => pb::RatingKind::Nps,
        AnswerScale::Csat => pb::RatingKind::Csat,
        AnswerScale::Ces => pb::RatingKind::Ces,
    };
    pb::Rating {
        kind: kind.into(),
        value: i32::from(rating.score()),
    }
}

/// What was understood, whose topics are of a version of the taxonomy.
pub(crate) fn understanding_to_proto(
    understanding: Understanding,
    taxonomy_version: i64,
) -> pb::Understanding {
    let Understanding {
        engine,
        language,
        sentiment_score,
        sentiment,
        sentiment_probability,
        topics,
    } = understanding;
    pb::Understanding {
        engine,
        language: language.unwrap_or_default(),
        sentiment_score,
        sentiment: sentiment_to_proto(sentiment).into(),
        sentiment_probability,
        topics: topics.into_iter().map(mention_to_proto).collect(),
        taxonomy_version,
    }
}

/// A topic that was found, and by what.
pub(super) fn mention_to_proto(mention: Mention) -> pb::TopicMention {
    let Mention {
        topic_id,
        start,
        end,
        confidence,
        sentiment_score,
        sentiment,
        found_by,
    } = mention;
    let found_by = found_by.map(|found_by| match found_by {
        FoundBy::Keyword(keyword) => pb::topic_mention::FoundBy::Keyword(keyword),
        FoundBy::Example(position) => pb::topic_mention::FoundBy::Example(position),
        FoundBy::Rule => pb::topic_mention::FoundBy::Rule(true),
        FoundBy::Below(topic_id) => pb::topic_mention::FoundBy::ChildTopicId(topic_id),
    });
    pb::TopicMention {
        topic_id,
        start,
        end,
        confidence,
        sentiment: sentiment_to_proto(sentiment).into(),
        sentiment_score,
        found_by,
    }
}

fn sentiment_to_proto(sentiment: Option<Sentiment>) -> pb::Sentiment {
    match sentiment {
        None => pb::Sentiment::Unspecified,
        Some(Sentiment::Negative) => pb::Sentiment::Negative,
        Some(Sentiment::Neutral) => pb::Sentiment::Neutral,
        Some(Sentiment::Positive) => pb::Sentiment::Positive,
    }
}
