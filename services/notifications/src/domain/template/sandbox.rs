//! Filling in a text that a tenant wrote, without trusting it.
//!
//! What a template costs is bounded by what it may hold: values, a few filters and `if`. There is no loop, no
//! assignment and no operator that makes a longer text of a shorter one, so that the cost of a rendering grows
//! with the length of the template and no faster; fuel and the length of the result are bounded besides.

use std::collections::BTreeMap;
use std::io;

use minijinja::{Environment, ErrorKind, Template, UndefinedBehavior, Value, filters, tests};

/// Instructions one rendering may take: many times what a letter needs, and a few milliseconds.
const FUEL: u64 = 50_000;
/// Bytes of a rendered text.
const LONGEST: usize = 400_000;
/// What may stand first in `{% %}`.
const STATEMENTS: [&str; 4] = ["if", "elif", "else", "endif"];

/// The template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}{detail}")]
pub(crate) struct TemplateError {
    rule: String,
    detail: String,
}

impl TemplateError {
    pub(super) fn new(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            detail: String::new(),
        }
    }

    /// What is wrong, in the words of the template alone: nothing of the values it was filled in with.
    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }
}

/// Fills in `text`.
pub(super) fn fill(
    text: &str,
    values: &BTreeMap<String, String>,
    undefined: UndefinedBehavior,
) -> Result<String, TemplateError> {
    check(text)?;
    let environment = environment(undefined);
    let template = environment
        .template_from_str(text)
        .map_err(|error| explain(&error))?;
    let mut filled = Bounded::default();
    match template.render_captured_to(
        Value::from_pairs(values.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
        &mut filled,
    ) {
        Ok(_) => {}
        Err(_) if filled.full => {
            return Err(TemplateError::new(format!(
                "must not become longer than {LONGEST} bytes"
            )));
        }
        Err(error) if error.kind() == ErrorKind::UndefinedError => {
            return Err(missing(&template, values).unwrap_or_else(|| explain(&error)));
        }
        Err(error) => return Err(explain(&error)),
    }
    String::from_utf8(filled.bytes).map_err(|_| TemplateError::new("must render to UTF-8"))
}

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

fn missing(template: &Template<'_, '_>, values: &BTreeMap<String, String>) -> Option<TemplateError> {
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.retain(|name| !values.contains_key(name));
    names.sort_unstable();
    (!names.is_empty()).then(|| TemplateError::new(format!("has no value for {}", names.join(", "))))
}

/// The detail may quote a value.
fn explain(error: &minijinja::Error) -> TemplateError {
    let place = error
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    let detail = error
        .detail()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    TemplateError {
        rule: format!("{}{place}", error.kind()),
        detail,
    }
}

/// Refuses what makes a rendering cost more than its text is long.
fn check(text: &str) -> Result<(), TemplateError> {
    let mut rest = text;
    while let Some(start) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        let (opening, inside) = rest[start..].split_at(2);
        rest = match opening {
            "{#" => inside.split_once("#}").map_or("", |(_, after)| after),
            "{%" => {
                let tag = inside.trim_start_matches('-').trim_start();
                let word: String = tag
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .take(20)
                    .collect();
                if !STATEMENTS.contains(&word.as_str()) {
                    let allowed = STATEMENTS.join(", ");
                    let rule = format!("must not use '{word}' in {{% %}}, only {allowed}");
                    return Err(TemplateError::new(rule));
                }
                code(inside, "%}")?
            }
            _ => code(inside, "}}")?,
        };
    }
    Ok(())
}

/// What comes after the code that `text` begins with, up to `end` outside of strings and brackets, which is
/// where the template engine sees its end.
fn code<'t>(text: &'t str, end: &str) -> Result<&'t str, TemplateError> {
    let mut open = 0_i32;
    let mut quote = None;
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) if c == mark => quote = None,
            (None, _) if open == 0 && text[place..].starts_with(end) => return Ok(&text[place + 2..]),
            (None, '\'' | '"') => quote = Some(c),
            (None, '*' | '+' | '~') => {
                let rule = format!(
                    "must not use '{c}' inside {{{{ }}}} and {{% %}}: texts cannot be multiplied or joined"
                );
                return Err(TemplateError::new(rule));
            }
            (None, '(' | '[' | '{') => open += 1,
            (None, ')' | ']' | '}') => open -= 1,
            _ => {}
        }
    }
    // Without an end it is a mistake that the template engine explains better.
    Ok("")
}

/// A text that does not grow for ever.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > LONGEST {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
