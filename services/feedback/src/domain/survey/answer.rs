//! What a person answered.

use std::collections::BTreeMap;

use attune_rules::Value;
use serde::{Deserialize, Serialize};

use super::{Kind, Question};

/// Characters of an answer in words.
pub(crate) const LONGEST_TEXT: usize = 5000;

/// The answer to one question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Score(i64),
    Option(String),
    Options(Vec<String>),
    /// Options by rows.
    Rows(BTreeMap<String, String>),
    Text(String),
}

/// Without what a person wrote.
impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Score(score) => formatter.debug_tuple("Score").field(score).finish(),
            Self::Option(id) => formatter.debug_tuple("Option").field(id).finish(),
            Self::Options(ids) => formatter.debug_tuple("Options").field(ids).finish(),
            Self::Rows(rows) => formatter.debug_tuple("Rows").field(rows).finish(),
            Self::Text(_) => formatter.write_str("Text"),
        }
    }
}

/// Answers by question.
pub(crate) type Answers = BTreeMap<String, Answer>;
/// What came at one time; nothing takes an earlier answer back.
pub(crate) type Given = BTreeMap<String, Option<Answer>>;

/// All that was given, in its order: the last answer to a question stands.
pub(crate) fn merge(given: impl IntoIterator<Item = Given>) -> Answers {
    let mut answers = Answers::new();
    for (question_id, answer) in given.into_iter().flatten() {
        match answer {
            Some(answer) => answers.insert(question_id, answer),
            None => answers.remove(&question_id),
        };
    }
    answers
}

impl Question {
    /// Whether `answer` is one to this question.
    pub(crate) fn takes(&self, answer: &Answer) -> Result<(), String> {
        let known = |id: &String| self.options.iter().any(|option| option.id == *id);
        let unknown = || "must name options of the question".to_owned();
        match (self.kind, answer) {
            (Kind::Csat | Kind::Nps | Kind::Ces | Kind::Scale, Answer::Score(score)) => {
                let (least, most) = self.scores();
                let fits = (least..=most).contains(score);
                fits.then_some(())
                    .ok_or_else(|| format!("must be a score from {least} to {most}"))
            }
            (Kind::Single, Answer::Option(id)) => known(id).then_some(()).ok_or_else(unknown),
            (Kind::Multiple, Answer::Options(ids)) => {
                let once = ids
                    .iter()
                    .enumerate()
                    .all(|(place, id)| !ids[..place].contains(id));
                (once && ids.iter().all(known)).then_some(()).ok_or_else(unknown)
            }
            (Kind::Matrix, Answer::Rows(rows)) => {
                let row_known = |id: &String| self.rows.iter().any(|row| row.id == *id);
                let fits = rows.iter().all(|(row, option)| row_known(row) && known(option));
                fits.then_some(())
                    .ok_or_else(|| "must name rows and options of the question".to_owned())
            }
            (Kind::Text, Answer::Text(text)) if text.chars().count() <= LONGEST_TEXT => Ok(()),
            (Kind::Text, Answer::Text(_)) => Err(format!("must be at most {LONGEST_TEXT} characters")),
            (kind, _) => Err(format!("must be {}", kind.answer())),
        }
    }

    /// Whether `answer` says all that a required question asks for.
    pub(crate) fn is_answered_by(&self, answer: Option<&Answer>) -> bool {
        match answer {
            None => false,
            Some(Answer::Options(ids)) => !ids.is_empty(),
            Some(Answer::Rows(rows)) => rows.len() == self.rows.len(),
            Some(Answer::Text(text)) => !text.trim().is_empty(),
            Some(Answer::Score(_) | Answer::Option(_)) => true,
        }
    }
}

impl Answer {
    /// As conditions read it.
    pub(crate) fn value(&self) -> Value {
        let text = |text: &String| Value::String(text.clone());
        match self {
            Self::Score(score) => Value::Int(*score),
            Self::Option(id) => text(id),
            Self::Text(words) => text(words),
            Self::Options(ids) => Value::List(ids.iter().map(text).collect()),
            Self::Rows(rows) => Value::Map(
                rows.iter()
                    .map(|(row, option)| (row.clone(), text(option)))
                    .collect(),
            ),
        }
    }
}
