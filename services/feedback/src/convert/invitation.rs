//! Invitations, and the interactions they follow from.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1 as interactions;
use attune_events::{ConsumeError, Event};
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::invitation::{Explained, Invite};
use crate::convert::interaction::{parse_stage, stage_name};
use crate::convert::slice::parse_segments;
use crate::convert::survey::trigger;
use crate::domain::invitation::{Cause, Invitation, InvitationState, Occasion};
use crate::domain::survey::{Happening, Told, Trigger};
use crate::store::invitation::Filter;

/// What an event about an interaction is to surveys; none when it is of another kind, or nobody knows whose the
/// interaction is.
pub(crate) fn heard(event: &Event) -> Result<Option<Happening>, ConsumeError> {
    let (told, interaction) = if event.is::<interactions::InteractionRecorded>() {
        let recorded: interactions::InteractionRecorded = event.decode()?;
        (Told::Recorded, recorded.interaction)
    } else if event.is::<interactions::InteractionClosed>() {
        let closed: interactions::InteractionClosed = event.decode()?;
        (Told::Closed, closed.interaction)
    } else {
        return Ok(None);
    };
    Ok(happening(told, interaction, event)?)
}

fn happening(
    told: Told,
    interaction: Option<interactions::Interaction>,
    event: &Event,
) -> Result<Option<Happening>, Error> {
    let mut violations = Violations::default();
    let Some(interaction) = violations.required("interaction", interaction) else {
        return violations.finish(None);
    };
    let profile_id = violations.optional_id("profile_id", &interaction.profile_id);
    if profile_id == Some(None) {
        return Ok(None);
    }
    let interaction_id = violations.id("interaction_id", &interaction.interaction_id);
    let occurred_at = violations.instant("occurred_at", interaction.occurred_at);
    let closed_at = violations.optional_instant("closed_at", interaction.closed_at);
    let direction = interaction.direction().as_str_name().to_owned();
    let stage = stage_name(interaction.stage());
    let happening = || {
        Some(Happening {
            told,
            event_id: event.id,
            event_type: event.type_name.clone(),
            told_at: event.time,
            interaction_id: interaction_id?,
            profile_id: profile_id??,
            channel: interaction.channel,
            direction,
            touchpoint: interaction.touchpoint,
            stage,
            outcome: interaction.outcome,
            product: interaction.product,
            agent_id: interaction.agent_id,
            occurred_at: occurred_at?,
            closed_at: closed_at?,
        })
    };
    violations.finish(happening()).map(Some)
}

pub(crate) fn invite(request: &pb::InviteRequest) -> Result<Invite, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("Invite", &request.request_id, request, &mut violations);
    let survey_id = violations.id("survey_id", &request.survey_id);
    let profile_id = violations.id("profile_id", &request.profile_id);
    let occasion = violations.text("occasion", &request.occasion, 1..=200);
    let interaction_id = violations.optional_id("interaction_id", &request.interaction_id);
    let touchpoint = violations.optional_slug("touchpoint", &request.touchpoint, 64);
    let product = violations.text("product", &request.product, 0..=100);
    let agent_id = violations.text("agent_id", &request.agent_id, 0..=100);
    let team = violations.text("team", &request.team, 0..=100);
    let stage = parse_stage("stage", request.stage, &mut violations);
    let segments = parse_segments("segments", &request.segments, &mut violations);
    let invite = || {
        Some(Invite {
            occasion: Occasion {
                survey_id: survey_id?,
                profile_id: profile_id?,
                occasion: occasion?,
                interaction_id: interaction_id?,
                touchpoint: touchpoint?.unwrap_or_default(),
                product: product?,
                agent_id: agent_id?,
                team: team?,
                stage: stage?,
                segments: segments?,
                cause: None,
            },
            key: key?,
        })
    };
    violations.finish(invite())
}

pub(crate) fn id(text: &str) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("invitation_id", text);
    violations.finish(id)
}

pub(crate) fn list(request: &pb::ListInvitationsRequest) -> Result<(Filter, Page<Uuid>), Error> {
    let mut violations = Violations::default();
    let pb::ListInvitationsRequest {
        survey_id,
        profile_id,
        page_size,
        page_token,
    } = request;
    let arguments = (survey_id, profile_id);
    let survey_id = violations.optional_id("survey_id", survey_id);
    let profile_id = violations.optional_id("profile_id", profile_id);
    let page = Page::parse(*page_size, page_token, &arguments, &mut violations);
    let filter = survey_id.zip(profile_id).map(|(survey_id, profile_id)| Filter {
        survey_id,
        profile_id,
    });
    let filter = violations.finish(filter)?;
    Ok((filter, page?))
}

pub(crate) fn explain(explained: Explained) -> pb::ExplainInvitationResponse {
    let Explained { invitation, cause } = explained;
    let record = invitation.decision.as_ref();
    let checks = record.map(|record| record.checks.as_slice()).unwrap_or_default();
    let check = |check: &crate::domain::invitation::Check| pb::EligibilityCheck {
        name: check.name.clone(),
        passed: check.passed,
        description: check.description.clone(),
    };
    pb::ExplainInvitationResponse {
        cause: cause.map(|(cause, trigger)| cause_to_proto(cause, trigger)),
        invitation: Some(to_proto(&invitation)),
        rule: record.map(|record| record.rule.clone()).unwrap_or_default(),
        checks: checks.iter().map(check).collect(),
        decided_at: invitation.decided_at.map(timestamp),
    }
}

fn cause_to_proto(cause: Cause, trigger: Option<Trigger>) -> pb::InvitationCause {
    let Cause {
        event_type,
        event_id,
        event_time,
        survey_version,
        trigger: index,
    } = cause;
    pb::InvitationCause {
        event_type,
        event_id: event_id.to_string(),
        event_time: Some(timestamp(event_time)),
        survey_version,
        trigger_index: i32::try_from(index).unwrap_or(i32::MAX),
        trigger: trigger.map(trigger::to_proto),
    }
}

/// Without the token's hash: nobody needs it.
pub(crate) fn to_proto(invitation: &Invitation) -> pb::Invitation {
    let optional = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::Invitation {
        invitation_id: invitation.invitation_id.to_string(),
        survey_id: invitation.survey_id.to_string(),
        survey_version: invitation.survey_version.unwrap_or_default(),
        profile_id: invitation.profile_id.to_string(),
        occasion: invitation.occasion.clone(),
        interaction_id: optional(invitation.interaction_id),
        state: state(invitation.state).into(),
        reason: invitation.reason.clone(),
        message_id: optional(invitation.message_id),
        reminders: invitation.reminders,
        create_time: Some(timestamp(invitation.created_at)),
        decided_at: invitation.decided_at.map(timestamp),
        expires_at: invitation.expires_at.map(timestamp),
        answered_at: invitation.answered_at.map(timestamp),
        feedback_ids: invitation.feedback_ids.iter().map(Uuid::to_string).collect(),
    }
}

fn state(state: InvitationState) -> pb::InvitationState {
    match state {
        InvitationState::Scheduled => pb::InvitationState::Scheduled,
        InvitationState::Declined => pb::InvitationState::Declined,
        InvitationState::Invited => pb::InvitationState::Invited,
        InvitationState::Sent => pb::InvitationState::Sent,
        InvitationState::Undelivered => pb::InvitationState::Undelivered,
        InvitationState::Started => pb::InvitationState::Started,
        InvitationState::Answered => pb::InvitationState::Answered,
        InvitationState::Expired => pb::InvitationState::Expired,
    }
}
