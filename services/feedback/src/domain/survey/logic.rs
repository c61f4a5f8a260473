//! Which questions are asked of whom, given what was answered so far.

use std::collections::BTreeMap;

use attune_rules::{Problems, Rule, Schema, Type, Value, Values};

use super::{Answer, Answers, Definition, Question};
use crate::domain::Rating;

/// What the answers come to as feedback: one score each, and the texts.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Outcome {
    /// The question and its score, in the order of the questions.
    pub(crate) ratings: Vec<(String, Rating)>,
    /// What was written, one text a paragraph.
    pub(crate) text: String,
}

/// What conditions of the question at `place` may speak of: the answers to the questions before it.
fn schema(questions: &[Question], place: usize) -> Schema {
    let before = questions.iter().take(place);
    let fields = before.map(|question| (question.id.clone(), question.kind.value()));
    Schema::default()
        .with("answers", Type::Record(fields.collect()))
        .with("language", Type::String)
}

/// The condition of the question at `place`; none when it is always asked.
pub(crate) fn condition(questions: &[Question], place: usize) -> Result<Option<Rule>, Problems> {
    match questions.get(place) {
        Some(question) if !question.condition.is_empty() => {
            Rule::compile(&question.condition, &schema(questions, place)).map(Some)
        }
        _ => Ok(None),
    }
}

impl Definition {
    /// The places of the questions that are asked of a person who answered `answers`. Answers to questions that are
    /// not asked, because an earlier answer changed, count for nothing.
    pub(crate) fn asked(&self, answers: &Answers, language: &str) -> Vec<usize> {
        let mut asked = Vec::with_capacity(self.questions.len());
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        for (place, question) in self.questions.iter().enumerate() {
            if !self.is_asked(place, &seen, language) {
                continue;
            }
            asked.push(place);
            if let Some(answer) = answers.get(&question.id) {
                seen.insert(question.id.clone(), answer.value());
            }
        }
        asked
    }

    /// A condition that cannot be answered, because it reads what is not there, is false.
    fn is_asked(&self, place: usize, seen: &BTreeMap<String, Value>, language: &str) -> bool {
        let rule = match condition(&self.questions, place) {
            Ok(None) => return true,
            Ok(Some(rule)) => rule,
            Err(problems) => {
                // It was checked when the version was made; only another checker since then leads here.
                tracing::error!(%problems, "a stored condition is refused; its question is not asked");
                return false;
            }
        };
        let mut values = Values::default();
        let set = values
            .set("answers", Value::Map(seen.clone()))
            .and_then(|()| values.set("language", Value::String(language.to_owned())));
        set.is_ok() && rule.holds(&values).unwrap_or(false)
    }

    /// The required questions that are asked and not answered.
    pub(crate) fn missing(&self, answers: &Answers, language: &str) -> Vec<&Question> {
        let asked = self.asked(answers, language).into_iter();
        asked
            .filter_map(|place| self.questions.get(place))
            .filter(|question| question.required && !question.is_answered_by(answers.get(&question.id)))
            .collect()
    }

    /// The places of the questions of the page that begins at `from`: up to the next condition, because what it reads
    /// must be answered first.
    pub(crate) fn page(&self, answers: &Answers, language: &str, from: usize) -> Vec<usize> {
        let mut page = Vec::new();
        for place in self
            .asked(answers, language)
            .into_iter()
            .filter(|place| *place >= from)
        {
            let conditional = |question: &Question| !question.condition.is_empty();
            let first = page.first().copied().unwrap_or(place);
            let between = self.questions.get(first + 1..=place).unwrap_or_default();
            if !page.is_empty() && between.iter().any(conditional) {
                break;
            }
            page.push(place);
        }
        page
    }

    /// Where a person goes on: the first question that is asked and has no answer.
    pub(crate) fn next_open(&self, answers: &Answers, language: &str) -> Option<usize> {
        let unanswered = |place: &usize| {
            let question = self.questions.get(*place);
            question.is_some_and(|question| !question.is_answered_by(answers.get(&question.id)))
        };
        self.asked(answers, language).into_iter().find(unanswered)
    }

    /// What the answers come to as feedback.
    pub(crate) fn outcome(&self, answers: &Answers, language: &str) -> Outcome {
        let (mut ratings, mut texts) = (Vec::new(), Vec::new());
        for place in self.asked(answers, language) {
            let Some(question) = self.questions.get(place) else {
                continue;
            };
            match answers.get(&question.id) {
                Some(Answer::Score(score)) => {
                    let scale = question.kind.scale();
                    let rating = scale.and_then(|scale| Rating::parse(scale, *score).ok());
                    ratings.extend(rating.map(|rating| (question.id.clone(), rating)));
                }
                Some(Answer::Text(text)) if !text.trim().is_empty() => texts.push(text.trim()),
                _ => {}
            }
        }
        Outcome {
            ratings,
            // As long as a piece of feedback may be; the whole answers are kept with the response.
            text: texts.join("\n\n").chars().take(20_000).collect(),
        }
    }
}
