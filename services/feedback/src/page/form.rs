//! What a browser sends.

use std::collections::BTreeMap;

use attune_rpc::RequestKey;

use crate::domain::survey::{Answer, Answers, Definition, Given, Kind, Question};

/// The field that names the questions of a page.
pub(super) const PLACE: &str = "place";
/// What stands before a question's name in the name of its field.
pub(super) const QUESTION: &str = "q.";

/// Which questions are on a page, by their places in the survey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<usize>);

impl Place {
    pub(super) fn of(places: Vec<usize>) -> Self {
        Self(places)
    }

    /// The page that was filled in. What a browser was not sent is not on it.
    pub(super) fn read(fields: &[(String, String)], questions: usize) -> Self {
        let named = fields.iter().find(|(name, _)| name == PLACE);
        let places = named.map_or("", |(_, value)| value.as_str());
        let mut places: Vec<usize> = places
            .split(',')
            .take(questions)
            .filter_map(|place| place.parse().ok())
            .filter(|place| *place < questions)
            .collect();
        places.sort_unstable();
        places.dedup();
        Self(places)
    }

    pub(super) fn places(&self) -> &[usize] {
        &self.0
    }

    pub(super) fn text(&self) -> String {
        self.0
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The place after the last of the page.
    pub(super) fn end(&self) -> usize {
        self.0.last().map_or(0, |last| last + 1)
    }

    pub(super) fn starts_the_survey(&self) -> bool {
        self.0.first() == Some(&0)
    }

    pub(super) fn first_only(mut self) -> Self {
        self.0.truncate(1);
        self
    }
}

/// What stands in the fields of a page, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filled {
    answers: Answers,
    problems: BTreeMap<String, Problem>,
}

/// What is wrong with a question's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is required and empty.
    Missing,
    /// It holds what cannot be.
    Wrong,
}

impl Filled {
    pub(super) fn of(answers: &Answers) -> Self {
        Self {
            answers: answers.clone(),
            problems: BTreeMap::new(),
        }
    }

    pub(super) fn choose(&mut self, question: &Question, score: i64) {
        self.answers.insert(question.id.clone(), Answer::Score(score));
    }

    pub(super) fn answer(&self, question: &Question) -> Option<&Answer> {
        self.answers.get(&question.id)
    }

    pub(super) fn problem(&self, question: &Question) -> Option<Problem> {
        self.problems.get(&question.id).copied()
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.problems.is_empty()
    }
}

/// The score that a link in a mail offers for the first question.
pub(super) fn offered_score(query: &[(String, String)], question: &Question) -> Option<i64> {
    let (_, value) = query.iter().find(|(name, _)| name == "score")?;
    let score: i64 = value.parse().ok()?;
    question.takes(&Answer::Score(score)).ok().map(|()| score)
}

/// The answers of a page, and the page as it was filled in.
pub(super) fn read(definition: &Definition, page: &Place, fields: &[(String, String)]) -> (Given, Filled) {
    let (mut given, mut filled) = (Given::new(), Filled::default());
    for question in page
        .places()
        .iter()
        .filter_map(|place| definition.questions.get(*place))
    {
        let answer = match value(question, fields) {
            Ok(answer) => answer,
            Err(problem) => {
                filled.problems.insert(question.id.clone(), problem);
                continue;
            }
        };
        if question.required && !question.is_answered_by(answer.as_ref()) {
            filled.problems.insert(question.id.clone(), Problem::Missing);
        }
        if let Some(answer) = &answer {
            filled.answers.insert(question.id.clone(), answer.clone());
        }
        given.insert(question.id.clone(), answer);
    }
    (given, filled)
}

/// The answer in a question's fields; none where they are empty.
fn value(question: &Question, fields: &[(String, String)]) -> Result<Option<Answer>, Problem> {
    let name = format!("{QUESTION}{}", question.id);
    let mut values = fields
        .iter()
        .filter(|(field, _)| *field == name)
        .map(|(_, value)| value);
    let answer = match question.kind {
        Kind::Csat | Kind::Nps | Kind::Ces | Kind::Scale => {
            let score = values.next().filter(|score| !score.is_empty());
            let score = score.map(|score| score.parse::<i64>().map_err(|_| Problem::Wrong));
            score.transpose()?.map(Answer::Score)
        }
        Kind::Single => values
            .next()
            .filter(|id| !id.is_empty())
            .cloned()
            .map(Answer::Option),
        Kind::Multiple => {
            let ids: Vec<String> = values.take(question.options.len()).cloned().collect();
            (!ids.is_empty()).then_some(Answer::Options(ids))
        }
        Kind::Matrix => {
            let rows: BTreeMap<String, String> = fields
                .iter()
                .filter_map(|(field, option)| {
                    let row = field.strip_prefix(&name)?.strip_prefix('.')?;
                    Some((row.to_owned(), option.clone()))
                })
                .take(question.rows.len() + 1)
                .collect();
            (!rows.is_empty()).then_some(Answer::Rows(rows))
        }
        Kind::Text => values
            .next()
            .map(|text| clean(text))
            .filter(|text| !text.is_empty())
            .map(Answer::Text),
    };
    match &answer {
        Some(answer) if question.takes(answer).is_err() => Err(Problem::Wrong),
        _ => Ok(answer),
    }
}

/// Browsers end lines with CR LF. No other control character has a place in a text.
fn clean(text: &str) -> String {
    let kept = text.replace("\r\n", "\n");
    kept.trim()
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// A form has no request id: sent twice it is kept twice, and counts once.
pub(super) fn key() -> RequestKey {
    RequestKey {
        method: "AnswerPage",
        request_id: None,
        hash: [0; 32],
    }
}
