//! Contacts.

use attune_api::interactions::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use chrono::TimeDelta;
use prost_types::Duration;
use uuid::Uuid;

use crate::commands::interaction::{Close, Place, Record, Recorded};
use crate::domain::{Direction, Draft, Interaction, Stage};

const MOST_IN_MESSAGE: usize = 500;
const LONGEST_WAIT: TimeDelta = TimeDelta::days(30);

pub(crate) fn record(request: &pb::RecordInteractionRequest) -> Result<Record, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RecordInteraction", &request.request_id, request, &mut violations);
    let given = violations.required("interaction", request.interaction.as_ref());
    let mut inner = Violations::default();
    let draft = given.and_then(|given| draft(given, &mut inner));
    violations.nest("interaction", inner);
    let record = || {
        Some(Record {
            draft: draft?,
            key: key?,
        })
    };
    violations.finish(record())
}

/// The good ones of a message with their places, and the bad ones' problems in theirs.
pub(crate) struct Sorted {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) results: Vec<Option<pb::RecordInteractionResult>>,
}

pub(crate) fn record_many(request: &pb::RecordInteractionsRequest) -> Result<Sorted, Error> {
    let mut violations = Violations::default();
    if violations
        .at_most("interactions", request.interactions.len(), MOST_IN_MESSAGE)
        .is_none()
    {
        return Err(Error::invalid(violations));
    }
    let mut sorted = Sorted {
        drafts: Vec::new(),
        results: Vec::new(),
    };
    for interaction in &request.interactions {
        let mut violations = Violations::default();
        match draft(interaction, &mut violations) {
            Some(draft) if violations.is_empty() => {
                sorted.drafts.push(draft);
                sorted.results.push(None);
            }
            _ => sorted.results.push(Some(refused(violations))),
        }
    }
    Ok(sorted)
}

fn refused(violations: Violations) -> pb::RecordInteractionResult {
    let problems = violations
        .into_iter()
        .map(|violation| pb::FieldProblem {
            field: violation.field,
            description: violation.description,
        })
        .collect();
    pb::RecordInteractionResult {
        interaction_id: String::new(),
        duplicate: false,
        problems,
    }
}

/// The answer to a message: the results of the good ones put where they belong.
pub(crate) fn results(
    sorted: Vec<Option<pb::RecordInteractionResult>>,
    recorded: Vec<Recorded>,
) -> pb::RecordInteractionsResponse {
    let mut recorded = recorded.into_iter();
    let results = sorted.into_iter().filter_map(|refused| {
        refused.or_else(|| {
            let Recorded {
                interaction_id,
                duplicate,
            } = recorded.next()?;
            let interaction_id = interaction_id.to_string();
            Some(pb::RecordInteractionResult {
                interaction_id,
                duplicate,
                problems: Vec::new(),
            })
        })
    });
    pb::RecordInteractionsResponse {
        results: results.collect(),
    }
}

pub(crate) fn close(request: &pb::CloseInteractionRequest) -> Result<Close, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CloseInteraction", &request.request_id, request, &mut violations);
    let interaction_id = violations.id("interaction_id", &request.interaction_id);
    let outcome = violations.optional_slug("outcome", &request.outcome, 64);
    let closed_at = violations.optional_instant("closed_at", request.closed_at);
    let close = || {
        Some(Close {
            interaction_id: interaction_id?,
            outcome: outcome?,
            closed_at: closed_at?,
            key: key?,
        })
    };
    violations.finish(close())
}

pub(crate) fn get(request: &pb::GetInteractionRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("interaction_id", &request.interaction_id);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListInteractionsRequest) -> Result<(Option<Uuid>, Page<Place>), Error> {
    let mut violations = Violations::default();
    let profile_id = violations.optional_id("profile_id", &request.profile_id);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &request.profile_id,
        &mut violations,
    )?;
    violations.finish(profile_id.map(|profile_id| (profile_id, page)))
}

fn draft(interaction: &pb::Interaction, violations: &mut Violations) -> Option<Draft> {
    let profile_id = violations.optional_id("profile_id", &interaction.profile_id);
    let channel = violations.slug("channel", &interaction.channel, 64);
    let direction = violations.choice::<pb::Direction>("direction", interaction.direction);
    let touchpoint = violations.slug("touchpoint", &interaction.touchpoint, 64);
    let stage = match interaction.stage {
        0 => Some(None),
        stage => violations
            .choice::<pb::JourneyStage>("stage", stage)
            .map(stage_from),
    };
    let outcome = violations.optional_slug("outcome", &interaction.outcome, 64);
    let product = violations.text("product", &interaction.product, 0..=100);
    let agent_id = violations.text("agent_id", &interaction.agent_id, 0..=100);
    let text = violations.text("text", &interaction.text, 0..=20_000);
    let occurred_at = violations.instant("occurred_at", interaction.occurred_at);
    let source_id = violations.text("source_id", &interaction.source_id, 0..=200);
    let closed_at = violations.optional_instant("closed_at", interaction.closed_at);
    if let (Some(Some(closed_at)), Some(occurred_at)) = (closed_at, occurred_at)
        && closed_at < occurred_at
    {
        violations.add("closed_at", "must not be before occurred_at");
    }
    let matter_id = violations.text("matter_id", &interaction.matter_id, 0..=200);
    let waited = waited(interaction.waited, violations);
    Some(Draft {
        profile_id: profile_id?,
        channel: channel?,
        direction: direction_from(direction?)?,
        touchpoint: touchpoint?,
        stage: stage?,
        outcome: outcome?.unwrap_or_default(),
        product: product?,
        agent_id: agent_id?,
        text: text?,
        occurred_at: occurred_at?,
        source_id: source_id.map(|id| (!id.is_empty()).then_some(id))?,
        closed_at: closed_at?,
        matter_id: matter_id?,
        waited: waited?,
    })
}

/// A duration that may be left out, in whole milliseconds.
#[allow(clippy::option_option)] // as in `Violations::optional_id`
fn waited(given: Option<Duration>, violations: &mut Violations) -> Option<Option<TimeDelta>> {
    let Some(Duration { seconds, nanos }) = given else {
        return Some(None);
    };
    let nanos = u32::try_from(nanos).ok();
    let waited = nanos
        .and_then(|nanos| TimeDelta::new(seconds, nanos))
        .filter(|waited| (TimeDelta::zero()..=LONGEST_WAIT).contains(waited));
    if waited.is_none() {
        violations.add(
            "waited",
            "must be 0 to 30 days with nanos in 0..=999999999, or left out",
        );
    }
    waited.map(|waited| Some(TimeDelta::milliseconds(waited.num_milliseconds())))
}

fn waited_to_proto(waited: TimeDelta) -> Duration {
    Duration {
        seconds: waited.num_seconds(),
        nanos: waited.subsec_nanos(),
    }
}

fn direction_from(direction: pb::Direction) -> Option<Direction> {
    match direction {
        pb::Direction::Unspecified => None,
        pb::Direction::Inbound => Some(Direction::Inbound),
        pb::Direction::Outbound => Some(Direction::Outbound),
        pb::Direction::SelfService => Some(Direction::SelfService),
    }
}

fn stage_from(stage: pb::JourneyStage) -> Option<Stage> {
    match stage {
        pb::JourneyStage::Unspecified => None,
        pb::JourneyStage::Awareness => Some(Stage::Awareness),
        pb::JourneyStage::Interest => Some(Stage::Interest),
        pb::JourneyStage::Conversion => Some(Stage::Conversion),
        pb::JourneyStage::Retention => Some(Stage::Retention),
        pb::JourneyStage::Loyalty => Some(Stage::Loyalty),
    }
}

pub(crate) fn to_proto(interaction: Interaction) -> pb::Interaction {
    let Interaction {
        interaction_id,
        created_at,
        draft,
    } = interaction;
    let Draft {
        profile_id,
        channel,
        direction,
        touchpoint,
        stage,
        outcome,
        product,
        agent_id,
        text,
        occurred_at,
        source_id,
        closed_at,
        matter_id,
        waited,
    } = draft;
    let direction = match direction {
        Direction::Inbound => pb::Direction::Inbound,
        Direction::Outbound => pb::Direction::Outbound,
        Direction::SelfService => pb::Direction::SelfService,
    };
    let stage = match stage {
        None => pb::JourneyStage::Unspecified,
        Some(Stage::Awareness) => pb::JourneyStage::Awareness,
        Some(Stage::Interest) => pb::JourneyStage::Interest,
        Some(Stage::Conversion) => pb::JourneyStage::Conversion,
        Some(Stage::Retention) => pb::JourneyStage::Retention,
        Some(Stage::Loyalty) => pb::JourneyStage::Loyalty,
    };
    pb::Interaction {
        interaction_id: interaction_id.to_string(),
        profile_id: profile_id.map(|id| id.to_string()).unwrap_or_default(),
        channel,
        direction: direction.into(),
        touchpoint,
        stage: stage.into(),
        outcome,
        product,
        agent_id,
        text,
        occurred_at: Some(timestamp(occurred_at)),
        source_id: source_id.unwrap_or_default(),
        create_time: Some(timestamp(created_at)),
        closed_at: closed_at.map(timestamp),
        matter_id,
        waited: waited.map(waited_to_proto),
    }
}

/// What is told of a closed contact: its text was told when it was recorded.
pub(crate) fn closed(interaction: Interaction) -> pb::InteractionClosed {
    let interaction = pb::Interaction {
        text: String::new(),
        ..to_proto(interaction)
    };
    pb::InteractionClosed {
        interaction: Some(interaction),
    }
}
