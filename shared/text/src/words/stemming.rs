//! Stems of words, by language.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

/// Longer words are left as they are: no suffix rule is meant for them.
const LONGEST: usize = 64;

/// Stems the words of texts in one language. Latin words in a text of another alphabet are stemmed as English.
pub(super) struct Stem {
    latin: Stemmer,
    own: Option<Stemmer>,
}

impl Stem {
    /// For a language as a BCP 47 tag.
    pub(super) fn of(tag: &str) -> Stem {
        let latin = match tag {
            "de" => Algorithm::German,
            "es" => Algorithm::Spanish,
            "fr" => Algorithm::French,
            "it" => Algorithm::Italian,
            "nl" => Algorithm::Dutch,
            "pt" => Algorithm::Portuguese,
            "sv" => Algorithm::Swedish,
            "tr" => Algorithm::Turkish,
            _ => Algorithm::English,
        };
        let own = match tag {
            "ru" => Some(Algorithm::Russian),
            "ar" => Some(Algorithm::Arabic),
            "el" => Some(Algorithm::Greek),
            _ => None,
        };
        Stem {
            latin: Stemmer::create(latin),
            own: own.map(Stemmer::create),
        }
    }

    /// The stem of a folded word.
    pub(super) fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let latin = word
            .chars()
            .next()
            .is_some_and(|first| matches!(first, 'a'..='z' | '\u{00C0}'..='\u{024F}'));
        match &self.own {
            _ if word.len() > LONGEST => Cow::Borrowed(word),
            _ if latin => self.latin.stem(word),
            Some(own) => own.stem(word),
            None => Cow::Borrowed(word),
        }
    }
}
