//! Deciding whether a person is asked, once an occasion.
//!
//! What profiles knows of the person is asked for before the transaction, so it may be a moment old. That is why
//! consent is looked at twice: here, so that nobody uses up a budget in vain and the reason is on record, and again
//! by the notifications service when the message is delivered, with the consent in force then.
//!
//! The company's contact budget counts all that is sent to the person, and only the notifications service knows that. So
//! a contact is reserved there before the transaction, for those whom the rest of the rule would ask: an invitation that
//! was decided for has its place in the budget.

use attune_database::Tx;
use chrono::TimeDelta;
use sqlx::types::Json;

use crate::domain::invitation::{
    Check, Facts, Invitation, InvitationState, Person, RULE, Record, Reservation, Ticket, decide as rule,
};
use crate::domain::survey::{Eligibility, Survey};
use crate::error::Error;
use crate::timers::invite;
use crate::{events, store};

/// What is decided by for a survey that is not asked: its own rules do not matter.
const NONE: Eligibility = Eligibility {
    cool_down_days: 0,
    contact_budget: 0,
    sampling_share: 1.0,
    daily_quota: 0,
};

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    Asked,
    Declined,
    /// The rest of the rule allows it by now, and no contact is reserved: nothing was decided.
    Unreserved,
}

/// Whether a contact is to be reserved for `invitation`: the rest of the rule allows it at this moment.
pub(crate) async fn would_ask(
    tx: &mut Tx,
    invitation: &Invitation,
    person: Option<&Person>,
) -> Result<bool, Error> {
    let survey = store::survey::asked(tx, invitation.survey_id).await?;
    let (refused, _) = judge(tx, invitation, survey.as_ref(), person, None).await?;
    Ok(refused.is_none())
}

/// Decides about `invitation`, which this transaction holds, with what is known of the person, and the contact that was
/// reserved for it where [`would_ask`] said so.
pub(crate) async fn decide(
    tx: &mut Tx,
    mut invitation: Invitation,
    person: Option<&Person>,
    reservation: Option<&Reservation>,
) -> Result<Decided, Error> {
    // Person before survey, in every transaction.
    store::contact::hold_person(tx, invitation.profile_id).await?;
    let survey = hold_survey(tx, &invitation).await?;
    let (refused, checks) = judge(tx, &invitation, survey.as_ref(), person, reservation).await?;
    if refused.is_none() && reservation.is_none() {
        return Ok(Decided::Unreserved);
    }
    invitation.decided_at = Some(tx.now());
    invitation.decision = Some(Json(Record {
        rule: RULE.to_owned(),
        checks,
    }));
    invitation.version += 1;
    let decided = match (refused, survey) {
        (None, Some(survey)) => {
            let language = person.map(|person| person.language.clone());
            invitation.language = language.unwrap_or_default();
            ask(tx, &mut invitation, &survey);
            store::contact::insert(tx, &invitation, 0).await?;
            let now = tx.now();
            invite::schedule(tx, invitation.invitation_id, now).await?;
            Decided::Asked
        }
        (refused, _) => {
            invitation.state = InvitationState::Declined;
            invitation.reason = refused.unwrap_or_default();
            Decided::Declined
        }
    };
    store::invitation::update(tx, &invitation).await?;
    events::invitation_decided(tx, &invitation).await?;
    Ok(decided)
}

/// The rule's answer at this moment.
async fn judge(
    tx: &mut Tx,
    invitation: &Invitation,
    survey: Option<&Survey>,
    person: Option<&Person>,
    reservation: Option<&Reservation>,
) -> Result<(Option<String>, Vec<Check>), Error> {
    let rules = survey.map_or(NONE, |survey| survey.definition.eligibility);
    let past = store::contact::past(tx, invitation.profile_id).await?;
    let day_ago = tx.now() - TimeDelta::hours(24);
    let facts = Facts {
        survey_id: invitation.survey_id,
        profile_id: invitation.profile_id,
        occasion: &invitation.occasion,
        published: survey.is_some(),
        person,
        last_invited_at: past.last_invited_at,
        contacts: past.contacts,
        invited_today: store::contact::invited_since(tx, invitation.survey_id, day_ago).await?,
        reservation,
        now: tx.now(),
    };
    Ok(rule(rules, &facts))
}

/// The survey with the version that is asked now. Where it has a quota, one decision at a time counts it.
async fn hold_survey(tx: &mut Tx, invitation: &Invitation) -> Result<Option<Survey>, sqlx::Error> {
    let asked = store::survey::asked(tx, invitation.survey_id).await?;
    if asked
        .as_ref()
        .is_some_and(|survey| survey.definition.eligibility.daily_quota > 0)
    {
        store::survey::lock(tx, invitation.survey_id).await?;
    }
    Ok(asked)
}

fn ask(tx: &Tx, invitation: &mut Invitation, survey: &Survey) {
    let expires_at = tx.now() + survey.definition.expiry();
    let ticket = Ticket {
        tenant: tx.tenant().clone(),
        invitation_id: invitation.invitation_id,
        expires_at,
    };
    invitation.state = InvitationState::Invited;
    invitation.survey_version = Some(survey.number);
    invitation.expires_at = Some(expires_at);
    invitation.token_hash = Some(ticket.hash());
}
