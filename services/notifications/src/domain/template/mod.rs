//! Messages to be filled in.

mod sandbox;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use attune_rpc::LanguageTag;
use chrono::{DateTime, Utc};
use minijinja::UndefinedBehavior;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::Purpose;
use sandbox::{TemplateError, fill};

/// Characters of a rendered subject line.
const LONGEST_SUBJECT: usize = 1_000;

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
    pub(crate) language: LanguageTag,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// A filled-in template.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) language: LanguageTag,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// Without the texts, which are a person's letter.
impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Template {
    /// The variant for `language`: the same, else its main language, else the first.
    pub(crate) fn variant(&self, language: &str) -> Option<&Variant> {
        let find = |wanted: &str| {
            self.variants
                .iter()
                .find(|variant| variant.language.as_str() == wanted)
        };
        let wanted = LanguageTag::parse(language).ok();
        wanted
            .and_then(|tag| find(tag.as_str()).or_else(|| find(tag.main())))
            .or_else(|| self.variants.first())
    }

    /// Fills in the variant for `language`. A variable that is missing is an error: a letter with a hole in it
    /// is worse than none.
    pub(crate) fn render(
        &self,
        language: &str,
        display_name: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Rendered, TemplateError> {
        let variant = self
            .variant(language)
            .ok_or_else(|| TemplateError::new("has no variant"))?;
        let values = values(display_name, variables);
        let subject = one_line(&fill(&variant.subject, &values, UndefinedBehavior::Strict)?);
        if subject.chars().count() > LONGEST_SUBJECT {
            let rule = format!("must not have a subject line of more than {LONGEST_SUBJECT} characters");
            return Err(TemplateError::new(rule));
        }
        let body = fill(&variant.body, &values, UndefinedBehavior::Strict)?;
        Ok(Rendered {
            language: variant.language.clone(),
            subject,
            body,
        })
    }
}

impl Variant {
    /// Fills in once without values, so that a mistake shows when the template is made.
    pub(crate) fn check(&self) -> [Result<(), TemplateError>; 2] {
        let values = values("", &BTreeMap::new());
        [&self.subject, &self.body].map(|text| fill(text, &values, UndefinedBehavior::Lenient).map(|_| ()))
    }
}

fn values(display_name: &str, variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut values = variables.clone();
    values.insert("display_name".to_owned(), display_name.to_owned());
    values
}

/// A line feed in a subject would be a header of the writer's choice.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
