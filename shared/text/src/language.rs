//! Which language a text is in: its script first, then a detector among languages that share one.

use whichlang::Lang;

use crate::hanzi;
use crate::normalize::{address_length, mention_length};

/// A language as a BCP 47 tag, such as `en`, `ru`, `zh-Hans` or `zh-Hant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(&'static str);

impl Language {
    /// English.
    pub const ENGLISH: Language = Language("en");
    /// Russian.
    pub const RUSSIAN: Language = Language("ru");
    /// Chinese in simplified characters.
    pub const CHINESE_SIMPLIFIED: Language = Language("zh-Hans");
    /// Chinese in traditional characters.
    pub const CHINESE_TRADITIONAL: Language = Language("zh-Hant");

    /// The language that a tag names, if it is one that texts are found to be in.
    pub fn from_tag(tag: &str) -> Option<Language> {
        const OTHERS: [&str; 21] = [
            "en", "ru", "zh-Hans", "zh-Hant", "ja", "de", "fr", "it", "nl", "pt", "es", "sv", "tr", "vi",
            "uk", "be", "sr", "kk", "bg", "ur", "fa",
        ];
        let scripts = OTHER_SCRIPTS.iter().map(|&(_, _, language)| language);
        OTHERS
            .into_iter()
            .chain(scripts)
            .find(|&known| known == tag)
            .map(Language)
    }

    /// The BCP 47 tag.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

/// Under this many letters a Latin text could be in any language.
const SHORTEST_LATIN: usize = 3;
/// A Latin text of fewer letters in plain ASCII is too short for the detector to overrule English.
const SHORT_LATIN: usize = 12;
/// A Han character or kana says about as much as this many letters of an alphabet.
const IDEOGRAPH_WEIGHT: usize = 3;

#[derive(Debug, Default)]
struct Evidence {
    latin: usize,
    latin_beyond_ascii: usize,
    cyrillic: usize,
    han: usize,
    kana: usize,
    traditional: usize,
    simplified: usize,
    others: [usize; OTHER_SCRIPTS.len()],
    cyrillic_hint: Option<&'static str>,
    arabic_hint: Option<&'static str>,
}

/// Scripts that one language writes, or nearly so: first and last character, language.
const OTHER_SCRIPTS: [(char, char, &str); 17] = [
    ('\u{0600}', '\u{06FF}', "ar"),
    ('\u{0900}', '\u{097F}', "hi"),
    ('\u{AC00}', '\u{D7AF}', "ko"),
    ('\u{0E00}', '\u{0E7F}', "th"),
    ('\u{0370}', '\u{03FF}', "el"),
    ('\u{0590}', '\u{05FF}', "he"),
    ('\u{0530}', '\u{058F}', "hy"),
    ('\u{10A0}', '\u{10FF}', "ka"),
    ('\u{0980}', '\u{09FF}', "bn"),
    ('\u{0A00}', '\u{0A7F}', "pa"),
    ('\u{0A80}', '\u{0AFF}', "gu"),
    ('\u{0B80}', '\u{0BFF}', "ta"),
    ('\u{0C00}', '\u{0C7F}', "te"),
    ('\u{0C80}', '\u{0CFF}', "kn"),
    ('\u{0D00}', '\u{0D7F}', "ml"),
    ('\u{1000}', '\u{109F}', "my"),
    ('\u{1780}', '\u{17FF}', "km"),
];

/// The language most of a text is in; `None` when it holds too few letters to tell.
pub(crate) fn detect(text: &str) -> Option<Language> {
    let evidence = Evidence::gather(text);
    let ideographs = (evidence.han + evidence.kana) * IDEOGRAPH_WEIGHT;
    let (other, other_count) = OTHER_SCRIPTS
        .iter()
        .zip(evidence.others)
        .map(|(&(_, _, language), count)| (language, count))
        .fold(("", 0), |best, next| if next.1 > best.1 { next } else { best });
    let most = evidence
        .latin
        .max(evidence.cyrillic)
        .max(ideographs)
        .max(other_count);
    if most == 0 {
        None
    } else if most == ideographs {
        Some(evidence.east_asian())
    } else if most == evidence.cyrillic {
        Some(Language(evidence.cyrillic_hint.unwrap_or("ru")))
    } else if most == other_count {
        Some(Language(
            evidence.arabic_hint.filter(|_| other == "ar").unwrap_or(other),
        ))
    } else {
        evidence.latin_language(text)
    }
}

impl Evidence {
    fn gather(text: &str) -> Evidence {
        let mut evidence = Evidence::default();
        let mut rest = text;
        let mut previous = ' ';
        while let Some(character) = rest.chars().next() {
            let skipped = match character {
                '@' if !previous.is_alphanumeric() => mention_length(rest),
                'h' | 'H' | 'w' | 'W' if !previous.is_alphanumeric() => address_length(rest),
                _ => None,
            };
            if skipped.is_none() {
                evidence.count(character, previous);
            }
            previous = character;
            rest = &rest[skipped.unwrap_or(character.len_utf8())..];
        }
        evidence
    }

    fn count(&mut self, character: char, previous: char) {
        match character {
            'a'..='z' | 'A'..='Z' => self.latin += 1,
            _ if character.is_ascii() => {}
            '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}' if character.is_alphabetic() => {
                self.latin += 1;
                self.latin_beyond_ascii += 1;
            }
            '\u{0400}'..='\u{052F}' => {
                self.cyrillic += 1;
                if let Some(hint) = cyrillic_hint(character, previous) {
                    self.cyrillic_hint.get_or_insert(hint);
                }
            }
            '\u{3041}'..='\u{30FF}' if character.is_alphabetic() => self.kana += 1,
            '\u{3400}'..='\u{9FFF}' => {
                self.han += 1;
                match hanzi::script(character) {
                    hanzi::Script::Traditional => self.traditional += 1,
                    hanzi::Script::Simplified => self.simplified += 1,
                    hanzi::Script::Shared => {}
                }
            }
            _ if character.is_alphabetic() => self.count_other(character),
            _ => {}
        }
    }

    fn count_other(&mut self, character: char) {
        let found = OTHER_SCRIPTS
            .iter()
            .position(|&(first, last, _)| (first..=last).contains(&character));
        if let Some(index) = found {
            self.others[index] += 1;
        }
        let hint = match character {
            '\u{0679}' | '\u{0688}' | '\u{0691}' | '\u{06BA}' | '\u{06D2}' => "ur",
            '\u{067E}' | '\u{0686}' | '\u{0698}' | '\u{06AF}' => "fa",
            _ => return,
        };
        // Urdu also uses the Persian letters, Persian never the Urdu ones.
        if hint == "ur" || self.arabic_hint.is_none() {
            self.arabic_hint = Some(hint);
        }
    }

    /// Japanese mixes Han characters with kana; a few kana do not make a long Chinese text Japanese.
    fn east_asian(&self) -> Language {
        if self.kana * 8 > self.han {
            Language("ja")
        } else if self.traditional > self.simplified {
            Language::CHINESE_TRADITIONAL
        } else {
            Language::CHINESE_SIMPLIFIED
        }
    }

    fn latin_language(&self, text: &str) -> Option<Language> {
        if self.latin < SHORTEST_LATIN {
            return None;
        }
        let letters = letters_only(text);
        let detected = match whichlang::detect_language(&letters) {
            Lang::Deu => "de",
            Lang::Fra => "fr",
            Lang::Ita => "it",
            Lang::Nld => "nl",
            Lang::Por => "pt",
            Lang::Spa => "es",
            Lang::Swe => "sv",
            Lang::Tur => "tr",
            Lang::Vie => "vi",
            _ => "en",
        };
        let unsure = self.latin < SHORT_LATIN && self.latin_beyond_ascii == 0 && detected != "en";
        (!unsure).then_some(Language(detected))
    }
}

/// The text without what is of no language: mentions, addresses, hash signs and other scripts.
fn letters_only(text: &str) -> String {
    let mut letters = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let of_no_language = word.starts_with('@') || address_length(word).is_some();
        if !of_no_language {
            letters.push_str(word.trim_start_matches('#'));
            letters.push(' ');
        }
    }
    letters
}

/// The language that a Cyrillic letter betrays, where it is not Russian.
fn cyrillic_hint(character: char, previous: char) -> Option<&'static str> {
    match character {
        'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' | 'Ґ' => Some("uk"),
        'ў' | 'Ў' => Some("be"),
        'ђ' | 'ћ' | 'џ' | 'љ' | 'њ' | 'ј' | 'Ђ' | 'Ћ' | 'Џ' | 'Љ' | 'Њ' | 'Ј' => Some("sr"),
        'ә' | 'ғ' | 'қ' | 'ң' | 'ұ' | 'һ' | 'Ә' | 'Ғ' | 'Қ' | 'Ң' | 'Ұ' | 'Һ' => Some("kk"),
        // Russian writes the hard sign only before е, ё, ю and я.
        'а'..='я' if previous == 'ъ' && !matches!(character, 'е' | 'ю' | 'я') => Some("bg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Option<&'static str> {
        detect(text).map(Language::as_str)
    }

    #[test]
    fn scripts_decide_where_they_can() {
        assert_eq!(tag("Банк опять не отвечает"), Some("ru"));
        assert_eq!(tag("服务很差，等了两个小时"), Some("zh-Hans"));
        assert_eq!(tag("服務很差，等了兩個小時"), Some("zh-Hant"));
        assert_eq!(tag("サービスが悪い"), Some("ja"));
        assert_eq!(tag("서비스가 나빠요"), Some("ko"));
        assert_eq!(tag("الخدمة سيئة"), Some("ar"));
        assert_eq!(tag("Дуже погано, ніхто не відповідає"), Some("uk"));
    }

    #[test]
    fn latin_languages_are_told_apart() {
        assert_eq!(tag("The service was terrible and slow"), Some("en"));
        assert_eq!(tag("El servicio es muy malo y lento"), Some("es"));
        assert_eq!(tag("Der Service war sehr schlecht und langsam"), Some("de"));
    }

    #[test]
    fn unknown_is_an_answer() {
        for text in [
            "",
            " ",
            "12345",
            "😡😡😡",
            "!!!",
            "@united",
            "https://t.co/abcdef",
            "ok",
        ] {
            assert_eq!(tag(text), None, "{text:?}");
        }
    }

    #[test]
    fn handles_and_addresses_do_not_hide_the_language() {
        assert_eq!(
            tag("@sberbank_russia @alfabank банк лежит https://t.co/abcdefghij"),
            Some("ru")
        );
    }
}
