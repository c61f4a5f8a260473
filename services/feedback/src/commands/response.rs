//! What persons answer.
//!
//! Every response is kept as it came. What counts is all that was answered up to the last complete response, later
//! answers to a question in the place of earlier ones; it becomes feedback by the one path that all feedback takes, in
//! the transaction of the response. A further complete response takes that feedback back and puts its own in its place.

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::record::record;
use crate::analysis::{Reader, Understood};
use crate::commands::invitation;
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::survey::{Answers, CHANNEL, Given, Survey, merge, source_id};
use crate::domain::{Draft, Origin, QuoteDigest, Tally, digests};
use crate::error::Error;
use crate::store::response::Response;
use crate::timers::invite;
use crate::{events, store};

/// The most responses to one invitation.
const MOST: i32 = 200;
/// How often a response is tried again after another one that came at the same time.
const TRIES: usize = 3;

/// Answers to be kept.
#[derive(Clone, Debug)]
pub(crate) struct Submit {
    pub(crate) invitation_id: Uuid,
    pub(crate) given: Given,
    pub(crate) complete: bool,
    /// Whether an invitation that was answered takes no more: a link is used once.
    pub(crate) once: bool,
    pub(crate) key: RequestKey,
}

/// A response, ready to be written down for the invitation as it was at a version of it.
struct Prepared {
    seen: i64,
    place: i32,
    survey_version: i32,
    understood: Vec<Understood>,
}

/// Keeps a response; a complete one counts.
pub(crate) async fn submit(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: Submit,
) -> Result<(Response, Invitation), Error> {
    for _ in 1..TRIES {
        match try_once(db, reader, tenant, &submit).await {
            Err(Error::Overtaken) => {}
            other => return other,
        }
    }
    try_once(db, reader, tenant, &submit).await
}

async fn try_once(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: &Submit,
) -> Result<(Response, Invitation), Error> {
    let prepared = prepare(db, reader, tenant, submit).await;
    let response_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &submit.key, response_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return made_before(db, tenant, submit.invitation_id, id).await,
    };
    let prepared = prepared?;
    let invitation = store::invitation::lock(&mut tx, submit.invitation_id).await?;
    let mut invitation = invitation.ok_or(Error::NoInvitation(submit.invitation_id))?;
    if invitation.version != prepared.seen {
        return Err(Error::Overtaken);
    }
    let response = Response {
        response_id,
        invitation_id: invitation.invitation_id,
        place: prepared.place,
        survey_version: prepared.survey_version,
        complete: submit.complete,
        answers: Json(submit.given.clone()),
        created_at: tx.now(),
    };
    store::response::insert(&mut tx, &response).await?;
    if submit.complete {
        count(&mut tx, &mut invitation, prepared.understood).await?;
        let first = invitation.state != InvitationState::Answered;
        invitation.state = InvitationState::Answered;
        if first && invitation.counts {
            store::response_rate::count(&mut tx, &invitation, true).await?;
        }
        attune_timers::cancel(&mut tx, invite::KIND, invitation.invitation_id).await?;
    } else if invitation.state != InvitationState::Answered {
        invitation.state = InvitationState::Started;
    }
    invitation.version += 1;
    store::invitation::update(&mut tx, &invitation).await?;
    if submit.complete {
        events::survey_answered(&mut tx, &invitation).await?;
    }
    tx.commit().await?;
    Ok((response, invitation))
}

/// Checks the answers against the version they are given to, and understands what they come to, before anything is
/// locked.
async fn prepare(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: &Submit,
) -> Result<Prepared, Error> {
    let now = db.clock().now();
    let (invitation, survey, before) = load(db, tenant, submit.invitation_id).await?;
    let survey = check_open(&invitation, survey, submit.once, now)?;
    if before.len() >= usize::try_from(MOST).unwrap_or_default() {
        return Err(Error::TooMany {
            resource: "survey response",
            limit: MOST,
        });
    }
    check_answers(&survey, &submit.given)?;
    let place = before.last().map_or(1, |last| last.place + 1);
    let given = before.into_iter().map(|response| response.answers.0);
    let answers = merge(given.chain([submit.given.clone()]));
    let mut understood = Vec::new();
    if submit.complete {
        check_complete(&survey, &answers, &invitation.language)?;
        let drafts = drafts(&invitation, &survey, &answers, now);
        understood = super::feedback::understand(db, reader, tenant, drafts).await?;
    }
    Ok(Prepared {
        seen: invitation.version,
        place,
        survey_version: survey.number,
        understood,
    })
}

/// An invitation, the version it asks, and what was answered so far.
pub(crate) async fn load(
    db: &Database,
    tenant: &TenantId,
    invitation_id: Uuid,
) -> Result<(Invitation, Option<Survey>, Vec<Response>), Error> {
    let mut tx = db.read(tenant).await?;
    let found = invitation::with_version(&mut tx, invitation_id).await?;
    let responses = store::response::page(&mut tx, invitation_id, 0, MOST.into()).await?;
    tx.commit().await?;
    let (invitation, survey) = found.ok_or(Error::NoInvitation(invitation_id))?;
    Ok((invitation, survey, responses))
}

/// The version an open invitation asks.
fn check_open(
    invitation: &Invitation,
    survey: Option<Survey>,
    once: bool,
    now: DateTime<Utc>,
) -> Result<Survey, Error> {
    let answered = invitation.state == InvitationState::Answered;
    match survey {
        Some(survey) if invitation.is_open(now) && !(once && answered) => Ok(survey),
        _ => {
            let state = match invitation.state {
                InvitationState::Scheduled => "not yet decided",
                InvitationState::Declined => "declined",
                InvitationState::Answered if once => "answered",
                _ => "expired",
            };
            Err(Error::NotOpen { state })
        }
    }
}

fn check_answers(survey: &Survey, given: &Given) -> Result<(), Error> {
    let mut violations = Violations::default();
    for (question_id, answer) in given {
        let field = format!("answers.{question_id}");
        match (survey.definition.question(question_id), answer) {
            (None, _) => violations.add(field, "must answer a question of the survey"),
            (Some(question), Some(answer)) => {
                violations.check(&field, question.takes(answer));
            }
            (Some(_), None) => {}
        }
    }
    Ok(violations.finish(Some(()))?)
}

fn check_complete(survey: &Survey, answers: &Answers, language: &str) -> Result<(), Error> {
    let mut violations = Violations::default();
    for question in survey.definition.missing(answers, language) {
        violations.add(
            format!("answers.{}", question.id),
            "must be given where the answer is complete",
        );
    }
    Ok(violations.finish(Some(()))?)
}

/// One piece of feedback for each score, the first with the texts; one with the texts where there is no score.
fn drafts(invitation: &Invitation, survey: &Survey, answers: &Answers, now: DateTime<Utc>) -> Vec<Draft> {
    let outcome = survey.definition.outcome(answers, &invitation.language);
    let draft = |question: &str| Draft {
        origin: Origin::Submitted,
        profile_id: Some(invitation.profile_id),
        interaction_id: invitation.interaction_id,
        channel: CHANNEL.to_owned(),
        touchpoint: invitation.touchpoint.clone(),
        product: invitation.product.clone(),
        agent_id: invitation.agent_id.clone(),
        team: invitation.team.clone(),
        stage: invitation.stage.clone(),
        segments: invitation.segments.clone(),
        rating: None,
        text: String::new(),
        occurred_at: now,
        source_id: Some(source_id(invitation.invitation_id, question)),
    };
    let rated = outcome.ratings.iter().map(|(question, rating)| Draft {
        rating: Some(*rating),
        ..draft(question)
    });
    let mut drafts: Vec<Draft> = rated.collect();
    if drafts.is_empty() && !outcome.text.is_empty() {
        drafts.push(draft("text"));
    }
    if let Some(first) = drafts.first_mut() {
        first.text = outcome.text;
    }
    drafts
}

/// What the answers so far come to, for an invitation whose time is over.
pub(crate) async fn understand_partial(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    seen: &Invitation,
    survey: &Survey,
) -> Result<Vec<Understood>, Error> {
    let (.., responses) = load(db, tenant, seen.invitation_id).await?;
    // They were said when the last of them came, not when the time was over.
    let said_at = responses.last().map_or(seen.created_at, |last| last.created_at);
    let answers = merge(responses.into_iter().map(|response| response.answers.0));
    let drafts = drafts(seen, survey, &answers, said_at);
    super::feedback::understand(db, reader, tenant, drafts).await
}

/// Lets answers count, in the place of those that counted before. Comes last: it locks the rows of the counts.
pub(crate) async fn count(
    tx: &mut Tx,
    invitation: &mut Invitation,
    understood: Vec<Understood>,
) -> Result<(), Error> {
    let beside = withdraw(tx, &invitation.feedback_ids).await?;
    let recorded = record(tx, understood).await?;
    store::coded_counts::subtract(tx, &beside).await?;
    invitation.feedback_ids = recorded.iter().map(|piece| piece.feedback_id).collect();
    invitation.answered_at = Some(tx.now());
    Ok(())
}

/// Takes feedback back with every quote of it, and answers what its codings beside those that stood have to be subtracted by.
pub(crate) async fn withdraw(tx: &mut Tx, feedback_ids: &[Uuid]) -> Result<Tally, Error> {
    if feedback_ids.is_empty() {
        return Ok(Tally::default());
    }
    // A recoding of the same feedback goes first or finds nothing.
    store::coding::lock(tx, feedback_ids).await?;
    let earlier = store::feedback::by_ids(tx, feedback_ids).await?;
    let beside = super::recoding::tally_beside(tx, &earlier).await?;
    let said = earlier.iter().map(|item| item.draft.text.as_str());
    let quotes: Vec<QuoteDigest> = said.filter(|text| !text.is_empty()).flat_map(digests).collect();
    store::quote::forget(tx, &quotes).await?;
    store::quote::note(tx, &quotes).await?;
    store::withdrawal::remove(tx, feedback_ids).await?;
    store::withdrawal::subtract(tx, &Tally::of(&earlier)).await?;
    Ok(beside)
}

async fn made_before(
    db: &Database,
    tenant: &TenantId,
    invitation_id: Uuid,
    response_id: Uuid,
) -> Result<(Response, Invitation), Error> {
    let mut tx = db.read(tenant).await?;
    let response = store::response::find(&mut tx, response_id).await?;
    let invitation = store::invitation::find(&mut tx, invitation_id).await?;
    tx.commit().await?;
    response.zip(invitation).ok_or(Error::NoInvitation(invitation_id))
}

/// Reads a page of responses to an invitation, first one first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    invitation_id: Uuid,
    page: &Page<i32>,
) -> Result<(Vec<Response>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let known = store::invitation::find(&mut tx, invitation_id).await?;
    known.ok_or(Error::NoInvitation(invitation_id))?;
    let after = page.after().copied().unwrap_or_default();
    let mut responses = store::response::page(&mut tx, invitation_id, after, page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut responses, |response| response.place)?;
    Ok((responses, next))
}
