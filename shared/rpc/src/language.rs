//! In which language somebody reads and writes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most characters of a tag (RFC 5646, section 4.4.1, recommends to allow for 35).
const LONGEST: usize = 35;

/// A BCP 47 language tag such as `en` or `zh-Hant`, in its usual spelling, so that two tags are the same exactly
/// when their texts are. Only the form is known to be right: the registry of languages grows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Parses a tag in any case: `EN-us` becomes `en-US` (RFC 5646, section 2.1.1).
    pub fn parse(text: &str) -> Result<Self, InvalidLanguageTag> {
        if text.len() > LONGEST {
            return Err(InvalidLanguageTag);
        }
        let mut parts = Vec::new();
        for (place, part) in text.split('-').enumerate() {
            let fits = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
            let names = (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
            if !fits || (place == 0 && !names) {
                return Err(InvalidLanguageTag);
            }
            parts.push(match (place, part.len()) {
                (0, _) => part.to_ascii_lowercase(),
                (_, 2) => part.to_ascii_uppercase(),
                (_, 4) => capitalised(part),
                _ => part.to_ascii_lowercase(),
            });
        }
        Ok(Self(parts.join("-")))
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone, without script and region: `zh` of `zh-Hant`.
    pub fn main(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

fn capitalised(part: &str) -> String {
    let (first, rest) = part.split_at(1);
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = InvalidLanguageTag;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// The text is not a language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a BCP 47 language tag such as en or zh-Hant")]
pub struct InvalidLanguageTag;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_get_their_usual_spelling() {
        for (given, usual) in [
            ("EN-us", "en-US"),
            ("ZH-hant", "zh-Hant"),
            ("zh-hANT-tw", "zh-Hant-TW"),
            ("de-CH-1996", "de-CH-1996"),
        ] {
            assert_eq!(LanguageTag::parse(given).unwrap().as_str(), usual);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let long = ["en", &["-abcdefgh"; 4].concat()].concat();
        for wrong in [
            "",
            "e",
            "english",
            "en_US",
            "en-",
            "123",
            "en-toolongpart",
            "é",
            &long,
        ] {
            assert_eq!(LanguageTag::parse(wrong), Err(InvalidLanguageTag), "{wrong}");
        }
    }

    #[test]
    fn the_main_language_has_neither_script_nor_region() {
        assert_eq!(LanguageTag::parse("zh-Hant-TW").unwrap().main(), "zh");
    }
}
