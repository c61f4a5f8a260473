//! Texts in several languages.

use serde::{Deserialize, Serialize};

/// A text once a language, in the order they were written; each language once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Texts(pub(crate) Vec<(String, String)>);

impl Texts {
    /// The text for who speaks `language`: in it, else in its main language (`zh` for `zh-Hant`).
    pub(crate) fn find(&self, language: &str) -> Option<&str> {
        self.entry(language).map(|(_, text)| text.as_str())
    }

    /// The language of [`find`](Self::find).
    pub(crate) fn language_for(&self, language: &str) -> Option<&str> {
        self.entry(language).map(|(language, _)| language.as_str())
    }

    /// The language that was written first.
    pub(crate) fn first_language(&self) -> &str {
        self.0.first().map_or("", |(language, _)| language)
    }

    /// The text for `language`, else for `fallback`, else the first one.
    pub(crate) fn read(&self, language: &str, fallback: &str) -> &str {
        self.find(language)
            .or_else(|| self.find(fallback))
            .or_else(|| self.0.first().map(|(_, text)| text.as_str()))
            .unwrap_or_default()
    }

    /// Tags are compared without regard to case (RFC 5646, 2.1.1).
    fn entry(&self, language: &str) -> Option<&(String, String)> {
        let main = language.split('-').next().unwrap_or_default();
        let find = |wanted: &str| self.0.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted));
        find(language).or_else(|| find(main))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_their_language_else_its_main_one_else_the_surveys() {
        let texts = [("en", "How?"), ("de", "Wie?"), ("ZH", "如何?")];
        let texts = Texts(texts.map(|(tag, text)| (tag.to_owned(), text.to_owned())).into());
        for (language, read) in [
            ("de-CH", "Wie?"),
            ("zh-Hant", "如何?"),
            ("fr", "Wie?"),
            ("EN", "How?"),
        ] {
            assert_eq!(texts.read(language, "de"), read, "{language}");
        }
        assert_eq!(texts.read("fr", "it"), "How?");
    }
}
