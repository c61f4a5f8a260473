//! What was answered.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::survey_answer::Value;
use attune_rpc::{Error, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use crate::commands::response::Submit;
use crate::domain::survey::{Answer, Given, LONGEST_TEXT};
use crate::store::response::Response;

const MOST_ANSWERS: usize = 50;
const MOST_OPTIONS: usize = 50;
const MOST_ROWS: usize = 20;
/// No scale goes beyond it.
const HIGHEST: i32 = 10;

pub(crate) fn submit(request: &pb::SubmitSurveyResponseRequest) -> Result<Submit, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of(
        "SubmitSurveyResponse",
        &request.request_id,
        request,
        &mut violations,
    );
    let invitation_id = violations.id("invitation_id", &request.invitation_id);
    let given = violations
        .at_most("answers", request.answers.len(), MOST_ANSWERS)
        .and_then(|()| answers(&request.answers, &mut violations));
    let submit = || {
        Some(Submit {
            invitation_id: invitation_id?,
            given: given?,
            complete: request.complete,
            once: false,
            key: key?,
        })
    };
    violations.finish(submit())
}

fn answers(list: &[pb::SurveyAnswer], violations: &mut Violations) -> Option<Given> {
    let mut given = Given::new();
    let mut whole = true;
    for (place, answer) in list.iter().enumerate() {
        let field = format!("answers[{place}]");
        let question = violations.slug(&format!("{field}.question_id"), &answer.question_id, 32);
        let value = match &answer.value {
            None => Some(None),
            Some(value) => parse(&field, value, violations).map(Some),
        };
        match question.zip(value) {
            Some((question, value)) if !given.contains_key(&question) => {
                given.insert(question, value);
            }
            Some(_) => {
                violations.add(format!("{field}.question_id"), "must stand once");
                whole = false;
            }
            None => whole = false,
        }
    }
    whole.then_some(given)
}

/// What can be said of a value without the question.
fn parse(field: &str, value: &Value, violations: &mut Violations) -> Option<Answer> {
    match value {
        Value::Score(score) if (0..=HIGHEST).contains(score) => Some(Answer::Score((*score).into())),
        Value::Score(_) => {
            violations.add(
                format!("{field}.score"),
                format!("must be between 0 and {HIGHEST}"),
            );
            None
        }
        Value::OptionId(id) => violations
            .slug(&format!("{field}.option_id"), id, 32)
            .map(Answer::Option),
        Value::Options(chosen) => {
            let field = format!("{field}.options.option_ids");
            violations.at_most(&field, chosen.option_ids.len(), MOST_OPTIONS)?;
            let ids: Vec<Option<String>> = chosen
                .option_ids
                .iter()
                .map(|id| violations.slug(&field, id, 32))
                .collect();
            ids.into_iter().collect::<Option<_>>().map(Answer::Options)
        }
        Value::Rows(chosen) => {
            let field = format!("{field}.rows.option_ids");
            violations.at_most(&field, chosen.option_ids.len(), MOST_ROWS)?;
            let mut pair = |(row, option): (&String, &String)| {
                let row = violations.slug(&field, row, 32);
                row.zip(violations.slug(&field, option, 32))
            };
            let rows: Vec<Option<(String, String)>> = chosen.option_ids.iter().map(&mut pair).collect();
            rows.into_iter().collect::<Option<_>>().map(Answer::Rows)
        }
        Value::Text(text) => {
            let text = violations.text(&format!("{field}.text"), text, 0..=LONGEST_TEXT);
            text.map(Answer::Text)
        }
    }
}

pub(crate) fn list(request: &pb::ListSurveyResponsesRequest) -> Result<(Uuid, Page<i32>), Error> {
    let mut violations = Violations::default();
    let invitation_id = violations.id("invitation_id", &request.invitation_id);
    let arguments = &request.invitation_id;
    let page = Page::parse(request.page_size, &request.page_token, arguments, &mut violations);
    let invitation_id = violations.finish(invitation_id)?;
    Ok((invitation_id, page?))
}

pub(crate) fn to_proto(response: Response) -> pb::SurveyResponse {
    let Response {
        response_id,
        invitation_id,
        place: _,
        survey_version,
        complete,
        answers,
        created_at,
    } = response;
    let answer = |(question_id, value): (String, Option<Answer>)| pb::SurveyAnswer {
        question_id,
        value: value.map(value_to_proto),
    };
    pb::SurveyResponse {
        response_id: response_id.to_string(),
        invitation_id: invitation_id.to_string(),
        survey_version,
        complete,
        answers: answers.0.into_iter().map(answer).collect(),
        create_time: Some(timestamp(created_at)),
    }
}

fn value_to_proto(answer: Answer) -> Value {
    match answer {
        Answer::Score(score) => Value::Score(i32::try_from(score).unwrap_or_default()),
        Answer::Option(id) => Value::OptionId(id),
        Answer::Options(option_ids) => Value::Options(pb::OptionChoices { option_ids }),
        Answer::Rows(option_ids) => Value::Rows(pb::MatrixChoices { option_ids }),
        Answer::Text(text) => Value::Text(text),
    }
}
