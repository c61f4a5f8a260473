//! What a browser is shown.

use axum::http::HeaderValue;
use base64::Engine as _;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::form::{Filled, Place, Problem, QUESTION};
use super::words::{Words, direction, words};
use crate::domain::invitation::Invitation;
use crate::domain::survey::{Answer, Choice, Kind, LONGEST_TEXT, Question, Survey};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const NAME: &str = "page.html";

/// A page without questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Thanks,
    Answered,
    Expired,
    Unknown,
    Later,
}

/// Makes pages of a template in which every value is escaped.
pub(super) struct View {
    templates: Environment<'static>,
    policy: HeaderValue,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    kind: &'static str,
    name: String,
    text: &'a str,
    required: bool,
    problem: Option<&'static str>,
    /// How the options stand, and what they are.
    shape: &'static str,
    input: &'static str,
    options: Vec<Offered<'a>>,
    rows: Vec<Row<'a>>,
    answer: &'a str,
    low: &'static str,
    high: &'static str,
    first: String,
    last: String,
}

#[derive(Debug, Serialize)]
struct Offered<'a> {
    id: String,
    label: std::borrow::Cow<'a, str>,
    chosen: bool,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    label: &'a str,
    options: Vec<Offered<'a>>,
}

impl View {
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.add_template(NAME, TEMPLATE)?;
        // The one style that may apply is the page's own, by its hash (CSP Level 3, 6.7.3.3).
        let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        Ok(Self {
            templates,
            policy: HeaderValue::from_str(&policy)?,
        })
    }

    /// What a browser may do with a page.
    pub(super) fn policy(&self) -> &HeaderValue {
        &self.policy
    }

    pub(super) fn notice(&self, notice: Notice, language: &str) -> Result<String, minijinja::Error> {
        let words = words(language);
        let text = match notice {
            Notice::Thanks => words.thanks,
            Notice::Answered => words.answered,
            Notice::Expired => words.expired,
            Notice::Unknown => words.unknown,
            Notice::Later => words.later,
        };
        let (title, rest) = split(text);
        self.templates.get_template(NAME)?.render(context! {
            lang => words.tag(), dir => direction(words.tag()), css => STYLE, title, notice => rest, asks => false,
        })
    }

    pub(super) fn questions(
        &self,
        survey: &Survey,
        invitation: &Invitation,
        place: &Place,
        filled: &Filled,
    ) -> Result<String, minijinja::Error> {
        let titles = &survey.definition.titles;
        let wanted = invitation.language.as_str();
        // One language for the whole page: the one its headline can be read in.
        let lang = titles.language_for(wanted).unwrap_or(titles.first_language());
        let fallback = titles.first_language();
        let words = words(lang);
        let asked = place
            .places()
            .iter()
            .filter_map(|place| survey.definition.questions.get(*place));
        let questions: Vec<Shown<'_>> = asked
            .map(|question| shown(question, filled, lang, fallback, words))
            .collect();
        self.templates.get_template(NAME)?.render(context! {
            lang, dir => direction(lang), css => STYLE, title => titles.read(lang, fallback), asks => true,
            place => place.text(), words => Serde(words), longest => LONGEST_TEXT,
            questions => Serde(questions),
        })
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("View")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The first sentence is the headline.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .find(|(_, c)| matches!(c, '.' | '。' | '！' | '，'));
    match end {
        Some((at, mark)) => {
            let (head, rest) = text.split_at(at);
            (head, rest.trim_start_matches(mark).trim_start())
        }
        None => (text, ""),
    }
}

fn shown<'a>(
    question: &'a Question,
    filled: &'a Filled,
    lang: &str,
    fallback: &str,
    words: &Words,
) -> Shown<'a> {
    let answer = filled.answer(question);
    let (first, last) = question.scores();
    let [low, high] = match question.kind {
        Kind::Csat => words.satisfied,
        Kind::Nps => words.likely,
        Kind::Ces => words.easy,
        _ => ["", ""],
    };
    let problem = filled.problem(question).map(|problem| match problem {
        Problem::Missing => words.missing,
        Problem::Wrong => words.wrong,
    });
    let scored = matches!(question.kind, Kind::Csat | Kind::Nps | Kind::Ces | Kind::Scale);
    let options = if scored {
        (first..=last).map(|score| scores(score, answer)).collect()
    } else {
        offered(&question.options, lang, fallback, |id| is_chosen(answer, id))
    };
    Shown {
        kind: match question.kind {
            Kind::Text => "text",
            Kind::Matrix => "matrix",
            _ => "choice",
        },
        name: format!("{QUESTION}{}", question.id),
        text: question.texts.read(lang, fallback),
        required: question.required,
        problem,
        shape: if scored { "scale" } else { "list" },
        input: if question.kind == Kind::Multiple {
            "checkbox"
        } else {
            "radio"
        },
        options,
        rows: rows(question, answer, lang, fallback),
        answer: match answer {
            Some(Answer::Text(text)) => text,
            _ => "",
        },
        low,
        high,
        first: first.to_string(),
        last: last.to_string(),
    }
}

fn scores<'a>(score: i64, answer: Option<&Answer>) -> Offered<'a> {
    Offered {
        id: score.to_string(),
        label: score.to_string().into(),
        chosen: answer == Some(&Answer::Score(score)),
    }
}

fn offered<'a>(
    choices: &'a [Choice],
    lang: &str,
    fallback: &str,
    chosen: impl Fn(&str) -> bool,
) -> Vec<Offered<'a>> {
    let offer = |choice: &'a Choice| Offered {
        id: choice.id.clone(),
        label: choice.labels.read(lang, fallback).into(),
        chosen: chosen(&choice.id),
    };
    choices.iter().map(offer).collect()
}

fn rows<'a>(question: &'a Question, answer: Option<&Answer>, lang: &str, fallback: &str) -> Vec<Row<'a>> {
    let chosen = |row: &str, id: &str| match answer {
        Some(Answer::Rows(rows)) => rows.get(row).is_some_and(|option| option == id),
        _ => false,
    };
    let row = |row: &'a Choice| Row {
        id: &row.id,
        label: row.labels.read(lang, fallback),
        options: offered(&question.options, lang, fallback, |id| chosen(&row.id, id)),
    };
    question.rows.iter().map(row).collect()
}

fn is_chosen(answer: Option<&Answer>, id: &str) -> bool {
    match answer {
        Some(Answer::Option(chosen)) => chosen == id,
        Some(Answer::Options(chosen)) => chosen.iter().any(|option| option == id),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_can_be_said_in_every_language() {
        let view = View::new().unwrap();
        let notices = [
            Notice::Thanks,
            Notice::Answered,
            Notice::Expired,
            Notice::Unknown,
            Notice::Later,
        ];
        for language in ["en", "de", "fr", "es", "pt", "ar", "he", "zh", "ja", "tlh", ""] {
            for notice in notices {
                let page = view.notice(notice, language).unwrap();
                assert!(
                    page.contains("<h1>") && !page.contains("<p></p>"),
                    "{language} {notice:?}: {page}"
                );
            }
        }
    }

    #[test]
    fn the_policy_allows_the_style_that_the_page_has_and_no_other() {
        let view = View::new().unwrap();
        let page = view.notice(Notice::Thanks, "en").unwrap();
        let style = page
            .split("<style>")
            .nth(1)
            .and_then(|rest| rest.split("</style>").next())
            .unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
        assert!(view.policy().to_str().unwrap().contains(&hash));
    }
}
