//! Collecting everything that is wrong with a request before refusing it once.

use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

use crate::{Error, LanguageTag, time};

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request, such as `profile.identities[2].value`.
    pub field: String,
    /// What it must be.
    pub description: String,
}

/// A collector of violations. Each parser answers the parsed value, or notes why there is none and answers
/// `None`; at the end [`Violations::finish`] refuses if anything was noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    bytes: usize,
    left_out: usize,
}

/// Bytes of all violations together. They travel in the trailers three times, two of them in base64, and some clients
/// take no more than 8 KiB of trailers; what does not fit ends the whole connection. An attacker decides how many there are.
const MOST_BYTES: usize = 1600;
/// Characters of a field's path and of a description.
const LONGEST: usize = 300;

impl Violations {
    /// Notes a violation. Of more than fit an answer, only the number is kept.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        let (field, description) = (cut(field.into()), cut(description.into()));
        self.bytes += field.len() + description.len();
        if self.list.is_empty() || self.bytes <= MOST_BYTES {
            self.list.push(Violation { field, description });
        } else {
            self.left_out += 1;
        }
    }

    /// How many more were wrong than are listed.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The violations noted so far.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.list.iter()
    }

    /// Takes over the violations of a part of the request, with `prefix` before each field.
    pub fn nest(&mut self, prefix: &str, inner: Violations) {
        self.left_out += inner.left_out;
        for violation in inner {
            self.add(format!("{prefix}.{}", violation.field), violation.description);
        }
    }

    /// `Some` when nothing was noted and all parts are there, else the error with all violations.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            _ if self.list.is_empty() => {
                Err(Error::internal("a request part is missing without a violation"))
            }
            _ => Err(Error::invalid(self)),
        }
    }

    /// Notes the error of a parse.
    pub fn check<T>(&mut self, field: &str, parsed: Result<T, impl Display>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// A message field that must be there.
    pub fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(field, "must be given");
        }
        value
    }

    /// An id of this platform: a UUID in its usual form.
    pub fn id(&mut self, field: &str, text: &str) -> Option<Uuid> {
        let parsed = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
        if parsed.is_none() {
            self.add(
                field,
                "must be an id such as 0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50",
            );
        }
        parsed
    }

    /// An id that may be left out. `Some(None)` when it was; `None` when it is wrong.
    #[allow(clippy::option_option)] // the outer tells right from wrong, the inner given from left out
    pub fn optional_id(&mut self, field: &str, text: &str) -> Option<Option<Uuid>> {
        if text.is_empty() {
            Some(None)
        } else {
            self.id(field, text).map(Some)
        }
    }

    /// A list of ids.
    pub fn ids(&mut self, field: &str, texts: &[String], most: usize) -> Option<Vec<Uuid>> {
        self.at_most(field, texts.len(), most)?;
        let parsed: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| self.id(&format!("{field}[{i}]"), text))
            .collect();
        parsed.into_iter().collect()
    }

    /// A list's length.
    pub fn at_most(&mut self, field: &str, length: usize, most: usize) -> Option<()> {
        if length > most {
            self.add(field, format!("must hold at most {most} entries, not {length}"));
            return None;
        }
        Some(())
    }

    /// A text for people: trimmed, `length` in characters, no control characters but line feed and tab.
    pub fn text(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = text.trim();
        // Bytes first: a 4 MB text is refused without counting its characters.
        let count = if text.len() > length.end() * 4 {
            usize::MAX
        } else {
            text.chars().count()
        };
        if !length.contains(&count) {
            self.add(field, length_message(&length));
            return None;
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.add(
                field,
                "must not hold control characters other than line feed and tab",
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A name for programs, such as a channel or a touchpoint: lower-case letters, digits, `.`, `_` and `-`,
    /// beginning with a letter or digit, 1 to `most` characters.
    pub fn slug(&mut self, field: &str, text: &str, most: usize) -> Option<String> {
        let fits = (1..=most).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        if !fits {
            let rule = "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit";
            self.add(field, format!("must be 1 to {most} characters of {rule}"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A slug that may be left out.
    #[allow(clippy::option_option)] // as in `optional_id`
    pub fn optional_slug(&mut self, field: &str, text: &str, most: usize) -> Option<Option<String>> {
        if text.is_empty() {
            Some(None)
        } else {
            self.slug(field, text, most).map(Some)
        }
    }

    /// A language that must be given.
    pub fn language(&mut self, field: &str, tag: &str) -> Option<LanguageTag> {
        self.check(field, LanguageTag::parse(tag))
    }

    /// A language that may be left out.
    #[allow(clippy::option_option)] // as in `optional_id`
    pub fn optional_language(&mut self, field: &str, tag: &str) -> Option<Option<LanguageTag>> {
        if tag.is_empty() {
            Some(None)
        } else {
            self.language(field, tag).map(Some)
        }
    }

    /// An instant that must be given, between the years 1970 and 2200.
    pub fn instant(&mut self, field: &str, value: Option<Timestamp>) -> Option<DateTime<Utc>> {
        let value = self.required(field, value)?;
        let instant = time::instant(value).filter(|instant| (1970..2200).contains(&instant.year()));
        if instant.is_none() {
            self.add(
                field,
                "must be an instant between the years 1970 and 2200 with nanos in 0..=999999999",
            );
        }
        instant
    }

    /// An instant that may be left out.
    #[allow(clippy::option_option)] // as in `optional_id`
    pub fn optional_instant(
        &mut self,
        field: &str,
        value: Option<Timestamp>,
    ) -> Option<Option<DateTime<Utc>>> {
        match value {
            None => Some(None),
            Some(_) => self.instant(field, value).map(Some),
        }
    }

    /// A finite number within `range`.
    pub fn number(&mut self, field: &str, value: f64, range: RangeInclusive<f64>) -> Option<f64> {
        if range.contains(&value) {
            return Some(value);
        }
        self.add(
            field,
            format!("must be a number between {} and {}", range.start(), range.end()),
        );
        None
    }

    /// An enum value that the server knows and that is not the unspecified zero.
    pub fn choice<E: TryFrom<i32>>(&mut self, field: &str, value: i32) -> Option<E> {
        let parsed = if value == 0 { None } else { E::try_from(value).ok() };
        if parsed.is_none() {
            self.add(
                field,
                "must be one of the values of its enum other than the unspecified one",
            );
        }
        parsed
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

fn length_message(length: &RangeInclusive<usize>) -> String {
    match (length.start(), length.end()) {
        (0, most) => format!("must be at most {most} characters"),
        (least, most) => format!("must be {least} to {most} characters"),
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(check: impl FnOnce(&mut Violations) -> bool) -> Vec<Violation> {
        let mut violations = Violations::default();
        assert!(!check(&mut violations), "it was accepted");
        violations.into_iter().collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut violations = Violations::default();
        let id = violations.id("profile_id", "42");
        let name = violations.text("display_name", "", 1..=200);
        let error = violations.finish(id.zip(name)).unwrap_err();
        assert!(
            error.message().contains("profile_id") && error.message().contains("display_name"),
            "{error}"
        );
    }

    #[test]
    fn of_a_hundred_thousand_the_first_are_told_and_the_rest_are_counted() {
        let mut violations = Violations::default();
        for place in 0..100_000 {
            violations.add(format!("candidates[{place}].profile_id"), "must be given");
        }
        let listed = violations.iter().count();
        assert!(
            listed > 20 && listed + violations.left_out() == 100_000,
            "{listed}"
        );
        let status: tonic::Status = violations.finish::<()>(None).unwrap_err().into();
        assert!(status.details().len() * 4 / 3 + status.message().len() < 7 * 1024);
        assert!(
            status.message().starts_with("100000 fields are wrong"),
            "{status}"
        );
    }

    #[test]
    fn a_key_of_a_megabyte_is_not_repeated() {
        let mut violations = Violations::default();
        violations.add("ё".repeat(1 << 20), "must be shorter");
        assert_eq!(violations.iter().count(), 1);
        assert!(violations.finish::<()>(None).unwrap_err().message().len() < 1024);
    }

    #[test]
    fn four_byte_emoji_count_as_one_character() {
        let mut violations = Violations::default();
        assert_eq!(
            violations.text("text", "😡😡😡", 1..=3).as_deref(),
            Some("😡😡😡")
        );
    }

    #[test]
    fn a_control_character_is_refused() {
        assert_eq!(
            refused(|v| v.text("text", "a\u{0}b", 0..=10).is_some())[0].field,
            "text"
        );
    }

    #[test]
    fn not_a_number_is_not_in_any_range() {
        refused(|v| v.number("target", f64::NAN, 0.0..=1.0).is_some());
    }

    #[test]
    fn the_years_0_and_9999_are_refused() {
        for seconds in [-62_135_596_800, 253_402_300_799] {
            refused(|v| v.instant("at", Some(Timestamp { seconds, nanos: 0 })).is_some());
        }
        refused(|v| {
            v.instant(
                "at",
                Some(Timestamp {
                    seconds: 0,
                    nanos: -5,
                }),
            )
            .is_some()
        });
    }

    #[test]
    fn an_unknown_enum_value_is_refused() {
        refused(|v| v.choice::<crate::Reason>("reason", 0).is_some());
        refused(|v| v.choice::<crate::Reason>("reason", 4711).is_some());
    }
}
