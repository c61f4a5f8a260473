//! Handing invitations and reminders over to the notifications service, and hearing what became of them.

use std::collections::BTreeMap;

use attune_database::Tx;
use attune_rpc::TenantId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::convert::letter::{Told, occasion};
use crate::domain::invitation::{Invitation, InvitationState, Reservation, Signer, Ticket, TokenError};
use crate::domain::survey::{Definition, Survey};
use crate::error::Error;
use crate::neighbours::{Handed, Letter};
use crate::store;
use crate::timers::invite;

/// Addresses of answer pages.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    signer: Signer,
    base: String,
}

impl Links {
    /// Pages under `base`, such as `https://ask.example.com`.
    pub(crate) fn new(signer: Signer, base: String) -> Self {
        Self { signer, base }
    }

    /// What a token says.
    pub(crate) fn read(&self, token: &str) -> Result<Ticket, TokenError> {
        self.signer.read(token)
    }

    fn to(&self, tenant: &TenantId, invitation: &Invitation) -> Option<String> {
        let ticket = Ticket {
            tenant: tenant.clone(),
            invitation_id: invitation.invitation_id,
            expires_at: invitation.expires_at?,
        };
        Some(format!("{}/s/{}", self.base, self.signer.sign(&ticket)))
    }

    /// The message at `place` of an invitation: 0 is the invitation itself, the others are reminders.
    pub(crate) fn letter(
        &self,
        tenant: &TenantId,
        invitation: &Invitation,
        survey: &Survey,
        place: i32,
    ) -> Option<Letter> {
        let number = if place == 0 {
            String::new()
        } else {
            place.to_string()
        };
        let variables = [
            ("link".to_owned(), self.to(tenant, invitation)?),
            ("reminder".to_owned(), number),
        ];
        let occasion = occasion(invitation.invitation_id, place);
        Some(Letter {
            profile_id: invitation.profile_id,
            template_id: survey.definition.template_id,
            survey_id: invitation.survey_id,
            request_id: request_id(&occasion),
            occasion,
            variables: BTreeMap::from(variables),
        })
    }
}

/// The same for the same occasion, so that a repetition is known as one.
fn request_id(occasion: &str) -> Uuid {
    let digest = Sha256::digest(occasion.as_bytes());
    digest.first_chunk::<16>().map_or(Uuid::nil(), |bytes| {
        uuid::Builder::from_random_bytes(*bytes).into_uuid()
    })
}

/// Notes what became of the message at `place` of `invitation`, which this transaction holds, when it was handed over.
pub(crate) async fn hand_over(
    tx: &mut Tx,
    mut invitation: Invitation,
    definition: &Definition,
    place: i32,
    handed: Handed,
) -> Result<(), Error> {
    let id = invitation.invitation_id;
    match handed {
        Handed::Over(message_id) => {
            store::contact::handed_over(tx, id, place, message_id).await?;
            if place == 0 {
                invitation.message_id = Some(message_id);
            }
        }
        Handed::Refused => {
            store::contact::remove(tx, id, place).await?;
            if place == 0 && invitation.state == InvitationState::Invited {
                invitation.state = InvitationState::Undelivered;
                "message_refused".clone_into(&mut invitation.reason);
            }
        }
    }
    save(tx, invitation, definition).await
}

/// Notes that a reminder of `invitation`, which this transaction holds, is due: it is handed over next where the survey's
/// contact budget and the company's allow it, and left out otherwise. Answers whether it is.
pub(crate) async fn remind(
    tx: &mut Tx,
    mut invitation: Invitation,
    definition: &Definition,
    reservation: &Reservation,
) -> Result<bool, Error> {
    store::contact::hold_person(tx, invitation.profile_id).await?;
    let past = store::contact::past(tx, invitation.profile_id).await?;
    let budget = i64::from(definition.eligibility.contact_budget);
    invitation.reminders += 1;
    if reservation.contact_id.is_some() && (budget == 0 || past.contacts < budget) {
        store::contact::insert(tx, &invitation, invitation.reminders).await?;
        invitation.version += 1;
        store::invitation::update(tx, &invitation).await?;
        let now = tx.now();
        invite::schedule(tx, invitation.invitation_id, now).await?;
        return Ok(true);
    }
    save(tx, invitation, definition).await?;
    Ok(false)
}

/// Takes in what the notifications service tells of a message. It may tell it before this service has noted that it
/// handed the message over.
pub(crate) async fn take_outcome(tx: &mut Tx, told: Told) -> Result<(), Error> {
    let Told {
        invitation_id,
        place,
        reason,
    } = told;
    let Some(mut invitation) = store::invitation::lock(tx, invitation_id).await? else {
        // Erased since.
        return Ok(());
    };
    if !reason.is_empty() {
        store::contact::remove(tx, invitation_id, place).await?;
    }
    if place != 0 || invitation.state != InvitationState::Invited {
        return Ok(());
    }
    invitation.state = if reason.is_empty() {
        InvitationState::Sent
    } else {
        InvitationState::Undelivered
    };
    invitation.reason = reason;
    if store::contact::waiting(tx, invitation_id).await?.is_some() {
        // Whoever handed it over is about to note it, and sets the timer then.
        invitation.version += 1;
        return Ok(store::invitation::update(tx, &invitation).await?);
    }
    let number = invitation.survey_version;
    let survey = store::survey::find(tx, invitation.survey_id, number).await?;
    match survey {
        Some(survey) => save(tx, invitation, &survey.definition).await,
        None => Err(Error::NoSurvey(invitation.survey_id)),
    }
}

/// Stores an invitation and sets its timer to what is due next. A message that waits to be handed over goes first.
async fn save(tx: &mut Tx, mut invitation: Invitation, definition: &Definition) -> Result<(), Error> {
    let id = invitation.invitation_id;
    invitation.version += 1;
    store::invitation::update(tx, &invitation).await?;
    let waiting = store::contact::waiting(tx, id).await?;
    let due = waiting
        .map(|_| tx.now())
        .or_else(|| invitation.next_due(definition));
    if let Some(due) = due {
        invite::schedule(tx, id, due).await?;
    }
    Ok(())
}
