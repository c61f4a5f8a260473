//! The page on which customers answer, for browsers without a script.
//!
//! The address holds a token and nothing else says who answers: there is no cookie. Reading the page changes nothing,
//! whoever reads it; programs that look at the links in a mail before its reader does record no score. What is answered
//! comes by a form, page by page, and is kept page by page. A link is used up by the answer that is complete.

mod form;
mod view;
mod words;

use std::sync::Arc;

use attune_database::Database;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};

use crate::analysis::Reader;
use crate::commands::invitation::Links;
use crate::commands::response::{self, Submit};
use crate::domain::invitation::{Invitation, InvitationState, Ticket};
use crate::domain::survey::{Answers, Survey, merge};
use crate::error::Error;
use form::{Filled, Place};
use view::{Notice, View};

/// What answer pages are under.
pub(crate) const PREFIX: &str = "/s/";

/// Serves answer pages.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    db: Database,
    reader: Reader,
    links: Links,
    view: Arc<View>,
}

/// Who answers what, and what they answered so far.
struct Sitting {
    ticket: Ticket,
    invitation: Invitation,
    survey: Survey,
    answers: Answers,
    now: DateTime<Utc>,
}

/// Names and values, as they stand in a form or behind the question mark of an address.
type Fields = Vec<(String, String)>;

impl Pages {
    /// Fails when the page's own template is wrong.
    pub(crate) fn new(db: Database, reader: Reader, links: Links) -> anyhow::Result<Self> {
        Ok(Self {
            db,
            reader,
            links,
            view: Arc::new(View::new()?),
        })
    }

    /// The routes under [`PREFIX`].
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/s/{token}", get(show).post(answer))
            .fallback(|State(pages): State<Self>| async move { pages.notice(Notice::Unknown, "") })
            .with_state(self)
    }

    /// What a token leads to.
    async fn sit(&self, token: &str) -> Result<Sitting, Error> {
        let ticket = self.links.read(token)?;
        let (invitation, survey, responses) =
            response::load(&self.db, &ticket.tenant, ticket.invitation_id).await?;
        let (Some(survey), Some(kept)) = (survey, invitation.token_hash.as_deref()) else {
            return Err(Error::NoInvitation(ticket.invitation_id));
        };
        if kept != ticket.hash() {
            return Err(Error::NoInvitation(ticket.invitation_id));
        }
        Ok(Sitting {
            answers: merge(responses.into_iter().map(|response| response.answers.0)),
            now: self.db.clock().now(),
            ticket,
            invitation,
            survey,
        })
    }

    fn notice(&self, notice: Notice, language: &str) -> Response {
        let status = match notice {
            Notice::Thanks | Notice::Answered => StatusCode::OK,
            Notice::Unknown => StatusCode::NOT_FOUND,
            Notice::Expired => StatusCode::GONE,
            Notice::Later => StatusCode::SERVICE_UNAVAILABLE,
        };
        html(status, &self.view, self.view.notice(notice, language))
    }

    /// The page for what went wrong. What it was stays here, but for whether it was the link or us.
    fn refusal(&self, error: Error, language: &str) -> Response {
        match error {
            Error::Token(_) | Error::NoInvitation(_) => self.notice(Notice::Unknown, language),
            Error::NotOpen { state: "answered" } => self.notice(Notice::Answered, language),
            Error::NotOpen { .. } => self.notice(Notice::Expired, language),
            other => {
                let error = attune_rpc::Error::from(other);
                tracing::warn!(%error, "an answer page cannot be shown");
                self.notice(Notice::Later, language)
            }
        }
    }

    fn questions(&self, sitting: &Sitting, place: &Place, filled: &Filled, status: StatusCode) -> Response {
        html(
            status,
            &self.view,
            self.view
                .questions(&sitting.survey, &sitting.invitation, place, filled),
        )
    }
}

impl Sitting {
    fn language(&self) -> &str {
        &self.invitation.language
    }

    /// The page that says that nothing can be answered any more, where that is so.
    fn over(&self) -> Option<Notice> {
        if self.invitation.state == InvitationState::Answered {
            return Some(Notice::Answered);
        }
        (!self.invitation.is_open(self.now)).then_some(Notice::Expired)
    }

    /// The questions from `from` on that are on one page.
    fn page(&self, from: usize) -> Vec<usize> {
        self.survey.definition.page(&self.answers, self.language(), from)
    }

    /// The page that follows on the one that ends at `end`; one that somebody left out comes last. None left: done.
    fn next_page(&self, end: usize) -> Vec<usize> {
        let next = self.page(end);
        let definition = &self.survey.definition;
        let missing = definition.missing(&self.answers, self.language());
        match missing.first() {
            Some(missing) if next.is_empty() => {
                let at = definition
                    .questions
                    .iter()
                    .position(|question| question.id == missing.id);
                self.page(at.unwrap_or_default())
            }
            _ => next,
        }
    }
}

/// Shows the questions; changes nothing.
async fn show(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<Fields>,
) -> Response {
    let sitting = match pages.sit(&token).await {
        Ok(sitting) => sitting,
        Err(error) => return pages.refusal(error, ""),
    };
    if let Some(notice) = sitting.over() {
        return pages.notice(notice, sitting.language());
    }
    let definition = &sitting.survey.definition;
    let from = definition
        .next_open(&sitting.answers, sitting.language())
        .unwrap_or_default();
    let mut place = Place::of(sitting.page(from));
    let mut filled = Filled::of(&sitting.answers);
    let first = definition.questions.first();
    if let Some(question) = first.filter(|_| place.starts_the_survey())
        && let Some(score) = form::offered_score(&query, question)
    {
        // One tap in the mail: the score alone, chosen, with one button to record it.
        place = place.first_only();
        filled.choose(question, score);
    }
    pages.questions(&sitting, &place, &filled, StatusCode::OK)
}

/// Takes the answers of one page, and shows the next or says thanks.
async fn answer(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let mut sitting = match pages.sit(&token).await {
        Ok(sitting) => sitting,
        Err(error) => return pages.refusal(error, ""),
    };
    if let Some(notice) = sitting.over() {
        return pages.notice(notice, sitting.language());
    }
    let place = Place::read(&fields, sitting.survey.definition.questions.len());
    let (given, filled) = form::read(&sitting.survey.definition, &place, &fields);
    if filled.is_wrong() {
        return pages.questions(&sitting, &place, &filled, StatusCode::UNPROCESSABLE_ENTITY);
    }
    sitting.answers = merge([
        sitting
            .answers
            .into_iter()
            .map(|(id, answer)| (id, Some(answer)))
            .collect(),
        given.clone(),
    ]);
    let language = sitting.invitation.language.clone();
    let next = sitting.next_page(place.end());
    let submit = Submit {
        invitation_id: sitting.ticket.invitation_id,
        given,
        complete: next.is_empty(),
        once: true,
        key: form::key(),
    };
    let tenant = sitting.ticket.tenant.clone();
    match response::submit(&pages.db, &pages.reader, &tenant, submit).await {
        Err(error) => pages.refusal(error, &language),
        Ok(_) if next.is_empty() => pages.notice(Notice::Thanks, &language),
        Ok(_) => {
            let filled = Filled::of(&sitting.answers);
            pages.questions(&sitting, &Place::of(next), &filled, StatusCode::OK)
        }
    }
}

/// A page that loads nothing, runs nothing, is shown in no frame, kept by nobody, and tells no other site its address.
fn html(status: StatusCode, view: &View, page: Result<String, minijinja::Error>) -> Response {
    let page = match page {
        Ok(page) => page,
        Err(error) => {
            tracing::error!(%error, "an answer page cannot be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let fixed = |value| HeaderValue::from_static(value);
    let headers = [
        (header::CONTENT_TYPE, fixed("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, view.policy().clone()),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (
            header::HeaderName::from_static("x-robots-tag"),
            fixed("noindex, nofollow"),
        ),
    ];
    (status, headers, page).into_response()
}
