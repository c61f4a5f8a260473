//! Messages to be filled in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use minijinja::{Environment, UndefinedBehavior, filters, tests};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::Purpose;

/// Instructions one rendering may take: thousands of times what a letter needs, and a few milliseconds.
const FUEL: u64 = 50_000;
/// Characters of a rendered text.
const LONGEST: usize = 100_000;

/// A stored template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) template_id: Uuid,
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) variants: Json<Vec<Variant>>,
    pub(crate) created_at: DateTime<Utc>,
}

/// What a caller says of a template.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) variants: Vec<Variant>,
}

/// One language of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variant {
    pub(crate) language: String,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// A filled-in template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) language: String,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// The template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TemplateError(String);

impl Template {
    /// The variant for `language`: the same, else its main language, else the first.
    pub(crate) fn variant(&self, language: &str) -> Option<&Variant> {
        let main = language.split('-').next().unwrap_or_default();
        let find = |wanted: &str| self.variants.iter().find(|variant| variant.language == wanted);
        find(language).or_else(|| find(main)).or_else(|| self.variants.first())
    }

    /// Fills in the variant for `language`. A variable that is missing is an error: a letter with a hole in it
    /// is worse than none.
    pub(crate) fn render(
        &self,
        language: &str,
        display_name: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Rendered, TemplateError> {
        let variant = self.variant(language).ok_or_else(|| TemplateError("there is no variant".into()))?;
        let values = values(display_name, variables);
        let environment = environment(UndefinedBehavior::Strict);
        Ok(Rendered {
            language: variant.language.clone(),
            subject: one_line(&fill(&environment, &variant.subject, &values)?),
            body: fill(&environment, &variant.body, &values)?,
        })
    }
}

impl Variant {
    /// Fills in once without values, so that a mistake shows when the template is made.
    pub(crate) fn check(&self) -> [Result<(), TemplateError>; 2] {
        let environment = environment(UndefinedBehavior::Lenient);
        let values = values("", &BTreeMap::new());
        [&self.subject, &self.body].map(|text| fill(&environment, text, &values).map(|_| ()))
    }
}

fn values(display_name: &str, variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut values = variables.clone();
    values.insert("display_name".to_owned(), display_name.to_owned());
    values
}

/// Nothing but what a letter needs: whatever is not here cannot be used to burn time or memory.
fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(20);
    environment.add_filter("default", filters::default);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_test("defined", tests::is_defined);
    environment
}

fn fill(
    environment: &Environment<'_>,
    text: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, TemplateError> {
    if multiplies(text) {
        return Err(TemplateError("must not multiply: '*' cannot be used inside {{ }} and {% %}".into()));
    }
    let filled = environment.render_str(text, values).map_err(|error| TemplateError(explain(&error)))?;
    if filled.chars().count() > LONGEST {
        return Err(TemplateError(format!("must not become longer than {LONGEST} characters")));
    }
    Ok(filled)
}

/// A text times a number is the one operation whose cost fuel does not count.
fn multiplies(text: &str) -> bool {
    text.split("{{").skip(1).chain(text.split("{%").skip(1)).any(|part| {
        let end = part.find("}}").into_iter().chain(part.find("%}")).min().unwrap_or(part.len());
        part[..end].contains('*')
    })
}

fn explain(error: &minijinja::Error) -> String {
    let place = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    format!("{}{place}: {detail}", error.kind()).trim_end_matches([':', ' ']).to_owned()
}

/// A line feed in a subject would be a header of the writer's choice.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod checks {
    use super::*;

    fn template(body: &str) -> Template {
        let variant = |language: &str, subject: &str| Variant {
            language: language.into(),
            subject: subject.into(),
            body: body.into(),
        };
        Template {
            template_id: Uuid::nil(),
            name: "n".into(),
            purpose: Purpose::FollowUp,
            variants: Json(vec![variant("en", "About {{ issue }}"), variant("zh", "关于 {{ issue }}")]),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn render(body: &str) -> Result<Rendered, TemplateError> {
        let variables = BTreeMap::from([("issue".to_owned(), "late\r\nBcc: all@example.com".to_owned())]);
        template(body).render("zh-Hant", "Ana", &variables)
    }

    #[test]
    fn a_person_is_written_to_in_their_main_language_else_the_first() {
        assert_eq!(template("").variant("zh-Hant").unwrap().language, "zh");
        assert_eq!(template("").variant("ru").unwrap().language, "en");
    }

    #[test]
    fn a_line_feed_in_a_value_does_not_become_a_header() {
        assert_eq!(render("Hi").unwrap().subject, "关于 late Bcc: all@example.com");
    }

    #[test]
    fn a_missing_value_is_an_error_and_not_a_hole() {
        assert!(render("Dear {{ nobody }}").is_err());
        assert_eq!(render("Dear {{ nobody|default('friend') }}").unwrap().body, "Dear friend");
    }

    #[test]
    fn a_template_written_to_burn_time_or_memory_is_refused() {
        let nested = "{% for a in x %}".repeat(60) + &"{% endfor %}".repeat(60);
        let bombs =
            ["{{ 'a' * 1000000000 }}", "{% for a in range(100000000) %}x{% endfor %}", nested.as_str(), "{{ '"];
        for bomb in bombs {
            assert!(render(bomb).is_err(), "{bomb:.60}");
        }
    }

    #[test]
    fn stars_outside_of_expressions_are_text() {
        assert_eq!(render("5 * stars").unwrap().body, "5 * stars");
    }
}
