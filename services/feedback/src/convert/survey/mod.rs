//! Surveys.

mod definition;
mod question;
pub(crate) mod trigger;

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Etag, Page, RequestKey, Violations, timestamp};
use prost::Message;
use uuid::Uuid;

use crate::commands::survey::{Create, Transition, Update};
use crate::domain::survey::{Definition, Survey, SurveyState, Texts};

/// The most languages of a text.
const MOST_LANGUAGES: usize = 50;

pub(crate) fn create(request: &pb::CreateSurveyRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateSurvey", &request.request_id, request, &mut violations);
    let parsed = parse(request.survey.as_ref(), &mut violations);
    let create = || {
        let (name, definition) = parsed?;
        Some(Create {
            name,
            definition,
            key: key?,
        })
    };
    violations.finish(create())
}

pub(crate) fn update(request: &pb::UpdateSurveyRequest) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdateSurvey", &request.request_id, request, &mut violations);
    let survey = request.survey.as_ref();
    let id = survey.map_or("", |survey| survey.survey_id.as_str());
    let survey_id = violations.id("survey.survey_id", id);
    let etag = survey.map(|survey| survey.etag.clone());
    let parsed = parse(survey, &mut violations);
    let update = || {
        let (name, definition) = parsed?;
        Some(Update {
            survey_id: survey_id?,
            name,
            definition,
            etag: etag?,
            key: key?,
        })
    };
    violations.finish(update())
}

fn parse(survey: Option<&pb::Survey>, violations: &mut Violations) -> Option<(String, Definition)> {
    let survey = violations.required("survey", survey)?;
    let name = violations.text("survey.name", &survey.name, 1..=100);
    let definition = violations.required("survey.definition", survey.definition.as_ref());
    let mut inner = Violations::default();
    let definition = definition.and_then(|definition| definition::parse(definition, &mut inner));
    violations.nest("survey.definition", inner);
    name.zip(definition)
}

pub(crate) fn publish(request: &pb::PublishSurveyRequest) -> Result<Transition, Error> {
    let pb::PublishSurveyRequest {
        survey_id,
        etag,
        request_id,
    } = request;
    transition("PublishSurvey", survey_id, etag, request_id, request)
}

pub(crate) fn archive(request: &pb::ArchiveSurveyRequest) -> Result<Transition, Error> {
    let pb::ArchiveSurveyRequest {
        survey_id,
        etag,
        request_id,
    } = request;
    transition("ArchiveSurvey", survey_id, etag, request_id, request)
}

fn transition(
    method: &'static str,
    survey_id: &str,
    etag: &str,
    request_id: &str,
    request: &impl Message,
) -> Result<Transition, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of(method, request_id, request, &mut violations);
    let survey_id = violations.id("survey_id", survey_id);
    let transition = || {
        Some(Transition {
            survey_id: survey_id?,
            etag: etag.to_owned(),
            key: key?,
        })
    };
    violations.finish(transition())
}

pub(crate) fn get(request: &pb::GetSurveyRequest) -> Result<(Uuid, Option<i32>), Error> {
    let mut violations = Violations::default();
    let survey_id = violations.id("survey_id", &request.survey_id);
    if request.version < 0 {
        violations.add("version", "must not be negative");
    }
    let number = Some(request.version).filter(|number| *number != 0);
    Ok((violations.finish(survey_id)?, number))
}

pub(crate) fn list(request: &pb::ListSurveysRequest) -> Result<Page<Uuid>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"surveys",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn to_proto(survey: Survey) -> pb::Survey {
    let Survey {
        survey_id,
        name,
        state,
        number,
        published,
        definition,
        version,
        created_at,
        updated_at,
    } = survey;
    let state = match state {
        SurveyState::Draft => pb::SurveyState::Draft,
        SurveyState::Published => pb::SurveyState::Published,
        SurveyState::Archived => pb::SurveyState::Archived,
    };
    pb::Survey {
        survey_id: survey_id.to_string(),
        name,
        definition: Some(definition::to_proto(definition.0)),
        state: state.into(),
        version: number,
        published_version: published
            .filter(|_| state == pb::SurveyState::Published)
            .unwrap_or_default(),
        etag: Etag::of(version).to_string(),
        create_time: Some(timestamp(created_at)),
        update_time: Some(timestamp(updated_at)),
    }
}

/// A text in at least one language, each once.
fn texts(field: &str, list: &[pb::LocalText], most: usize, violations: &mut Violations) -> Option<Texts> {
    violations.at_most(field, list.len(), MOST_LANGUAGES)?;
    if list.is_empty() {
        violations.add(field, "must hold a text in at least one language");
        return None;
    }
    let mut parsed: Vec<(String, String)> = Vec::with_capacity(list.len());
    let mut whole = true;
    for (place, local) in list.iter().enumerate() {
        let tag = violations.language(&format!("{field}[{place}].language"), &local.language);
        let text = violations.text(&format!("{field}[{place}].text"), &local.text, 1..=most);
        match tag.map(|tag| tag.to_string()).zip(text) {
            Some((tag, _)) if parsed.iter().any(|(known, _)| *known == tag) => {
                violations.add(format!("{field}[{place}].language"), "must stand once");
                whole = false;
            }
            Some(local) => parsed.push(local),
            None => whole = false,
        }
    }
    whole.then_some(Texts(parsed))
}

fn texts_to_proto(texts: Texts) -> Vec<pb::LocalText> {
    let local = |(language, text)| pb::LocalText { language, text };
    texts.0.into_iter().map(local).collect()
}
