//! How feedback that answers a survey is known by its source.

use uuid::Uuid;

/// The channel of feedback that answers a survey.
pub(crate) const CHANNEL: &str = "survey";

/// The source of what one question of an invitation was answered with.
pub(crate) fn source_id(invitation_id: Uuid, question: &str) -> String {
    format!("{invitation_id}/{question}")
}

/// The invitation that feedback of this channel and source answers; none when it answers none.
pub(crate) fn answered_invitation(channel: &str, source_id: &str) -> Option<Uuid> {
    let (invitation_id, _) = source_id.split_once('/').filter(|_| channel == CHANNEL)?;
    Uuid::try_parse(invitation_id).ok()
}
