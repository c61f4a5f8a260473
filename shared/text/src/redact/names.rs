//! Names of persons, where the words around them or their form leave no doubt.

use std::ops::Range;

use crate::normalize::{Class, classify};

/// Phrases that a name follows; the last word before the name decides, so each is given by its words.
const INTRODUCTIONS: [&[&str]; 22] = [
    &["my", "name", "is"],
    &["my", "name's"],
    &["employee", "named"],
    &["agent", "named"],
    &["manager", "named"],
    &["woman", "named"],
    &["man", "named"],
    &["меня", "зовут"],
    &["мое", "имя"],
    &["его", "зовут"],
    &["ее", "зовут"],
    &["зовут", "меня"],
    &["mein", "name", "ist"],
    &["ich", "heiße"],
    &["je", "m'appelle"],
    &["me", "llamo"],
    &["mi", "nombre", "es"],
    &["me", "chamo"],
    &["meu", "nome", "é"],
    &["mi", "chiamo"],
    &["с", "уважением"],
    &["kind", "regards"],
];
/// Closing words: a name follows them at the end of the text.
const CLOSINGS: [&str; 5] = ["regards", "sincerely", "respectfully", "grüßen", "cordialement"];
/// Titles that a name follows, as written.
const TITLES: [&str; 24] = [
    "Mr",
    "Mrs",
    "Ms",
    "Mx",
    "Dr",
    "Prof",
    "mr",
    "mrs",
    "Mister",
    "Herr",
    "Frau",
    "Mme",
    "Monsieur",
    "Madame",
    "Señor",
    "Señora",
    "Signor",
    "Signora",
    "господин",
    "госпожа",
    "Господин",
    "Госпожа",
    "г-н",
    "г-жа",
];
/// What titles name besides persons.
const NO_PERSONS: [&str; 12] = [
    "Pepper", "Martens", "Scholl", "Clean", "Coffee", "Fields", "Muscle", "Oetker", "Hauschka", "Bean",
    "Team", "Office",
];
/// Endings of Russian patronymics in all their cases.
const PATRONYMICS: [&str; 14] = [
    "ович",
    "овича",
    "овичу",
    "овичем",
    "евич",
    "евича",
    "евичу",
    "евичем",
    "овна",
    "овны",
    "овне",
    "овну",
    "овной",
    "евна",
];
const MORE_PATRONYMICS: [&str; 6] = ["евны", "евне", "евну", "евной", "ична", "ильич"];
/// The hundred commonest Chinese surnames but those that are commoner as other words.
const SURNAMES: &str = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董袁潘蒋蔣蔡\
                        余杜叶葉程苏蘇魏吕呂丁沈任姚卢盧姜崔钟鐘谭譚陆陸汪范廖韦韋贾賈夏傅邹鄒熊孟秦邱侯";
/// Chinese titles that follow a name.
const CHINESE_TITLES: [&str; 4] = ["先生", "女士", "小姐", "太太"];
const CHINESE_INTRODUCTIONS: [&str; 4] = ["我叫", "我名叫", "我的名字是", "我的名字叫"];
/// Most bytes of the last word of an introduction.
const LONGEST_INTRODUCING: usize = 18;
/// Most words of a name.
const LONGEST: usize = 3;

/// The names in a text, in order and without overlaps. `apart` are the ranges that are no words, in order: no
/// name reaches into one.
pub(super) fn names(text: &str, apart: &[Range<usize>]) -> Vec<Range<usize>> {
    let words = words(text, apart);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match name_at(text, &words, at) {
            Some((range, after)) => {
                found.push(range);
                at = after;
            }
            None => at += 1,
        }
    }
    chinese_names(text, &mut found);
    found.retain(|name| {
        let after = apart.partition_point(|range| range.end <= name.start);
        apart.get(after).is_none_or(|range| range.start >= name.end)
    });
    found.sort_by_key(|name| (name.start, std::cmp::Reverse(name.end)));
    found.dedup_by(|next, kept| next.start < kept.end);
    found
}

/// The words of a text that spaces separate, with inner apostrophes and hyphens.
fn words(text: &str, apart: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    let mut apart = apart.iter().peekable();
    for (at, character) in text.char_indices() {
        while apart.next_if(|range| range.end <= at).is_some() {}
        let is_apart = apart.peek().is_some_and(|range| range.start <= at);
        let letter = !is_apart && character.is_alphabetic() && classify(character) != Class::Ideograph;
        let inside = letter || start.is_some() && !is_apart && matches!(character, '\'' | '’' | '-');
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| from..text.len()));
    words
}

/// The name that begins at a word, and the word after it.
fn name_at(text: &str, words: &[Range<usize>], at: usize) -> Option<(Range<usize>, usize)> {
    let length = introduced(text, words, at)
        .or_else(|| titled(text, words, at))
        .or_else(|| patronymic(text, words, at))
        .or_else(|| with_initials(text, words, at))
        .or_else(|| closing(text, words, at))?;
    let last = words.get(at + length - 1)?;
    Some((words[at].start..last.end, at + length))
}

/// After "my name is": names in capitals, or one word that the clause ends with.
fn introduced(text: &str, words: &[Range<usize>], at: usize) -> Option<usize> {
    let before = &text[words[at.checked_sub(1)?].clone()];
    if before.len() > LONGEST_INTRODUCING {
        return None;
    }
    let before = before.to_lowercase();
    let follows = INTRODUCTIONS
        .iter()
        .filter(|words| words.last() == Some(&before.as_str()) || before.contains('’'))
        .any(|introduction| {
            let Some(from) = at.checked_sub(introduction.len()) else {
                return false;
            };
            introduction.iter().zip(&words[from..at]).all(|(expected, word)| {
                text[word.clone()]
                    .to_lowercase()
                    .replace('ё', "е")
                    .replace('’', "'")
                    == *expected
            }) && (from..at).all(|word| is_near(text, &words[word], &words[word + 1]))
        });
    if !follows {
        return None;
    }
    let length = capitalised(text, words, at);
    if length > 0 {
        return Some(length);
    }
    let word = &text[words[at].clone()];
    let clause_ends = text[words[at].end..]
        .chars()
        .next()
        .is_none_or(|next| matches!(next, ',' | '.' | '!' | '\n'));
    let participle = word.ends_with("ed") || word.ends_with("ing") || word.ends_with("ong");
    (clause_ends && !participle && (2..=12).contains(&word.chars().count()) && word != "not").then_some(1)
}

fn titled(text: &str, words: &[Range<usize>], at: usize) -> Option<usize> {
    let before = words.get(at.checked_sub(1)?)?;
    let title = &text[before.clone()];
    let between = &text[before.end..words[at].start];
    if !(TITLES.contains(&title) && matches!(between, " " | ". " | ".")) {
        return None;
    }
    let length = capitalised(text, words, at).min(2);
    (length > 0 && !NO_PERSONS.contains(&&text[words[at].clone()])).then_some(length)
}

/// "Иван Петрович", with a surname before or after it.
fn patronymic(text: &str, words: &[Range<usize>], at: usize) -> Option<usize> {
    let length = capitalised(text, words, at);
    let place = (1..length).find(|&offset| {
        let word = text[words[at + offset].clone()].to_lowercase();
        let long = word.chars().count() >= 6;
        long && PATRONYMICS
            .iter()
            .chain(&MORE_PATRONYMICS)
            .any(|ending| word.ends_with(ending))
            || word == "ильич"
    })?;
    Some(if place == 1 { length } else { place + 1 })
}

/// "Иванов И. П." or "И. П. Иванов".
fn with_initials(text: &str, words: &[Range<usize>], at: usize) -> Option<usize> {
    let is_initial = |index: usize| {
        words.get(index).is_some_and(|word| {
            let letters = &text[word.clone()];
            let single = letters.chars().count() == 1;
            single && letters.starts_with(|c| matches!(c, 'А'..='Я')) && text[word.end..].starts_with('.')
        })
    };
    let is_surname = |index: usize| {
        words.get(index).is_some_and(|word| {
            let letters = &text[word.clone()];
            letters.chars().count() >= 3
                && letters.starts_with(|c| matches!(c, 'А'..='Я'))
                && letters.chars().skip(1).all(char::is_lowercase)
        })
    };
    let near = |index: usize| {
        let between = &text[words[index].end..words[index + 1].start];
        matches!(between, " " | "." | ". ")
    };
    let first = is_surname(at) && is_initial(at + 1) && is_initial(at + 2);
    let last = is_initial(at) && is_initial(at + 1) && is_surname(at + 2);
    ((first || last) && near(at) && near(at + 1)).then_some(3)
}

/// A name after closing words that ends the text.
fn closing(text: &str, words: &[Range<usize>], at: usize) -> Option<usize> {
    let before = words.get(at.checked_sub(1)?)?;
    let closes = CLOSINGS.contains(&text[before.clone()].to_lowercase().as_str());
    let between = &text[before.end..words[at].start];
    let apart = between
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, ',' | '-' | '—'));
    let length = capitalised(text, words, at);
    let ends = length > 0
        && text[words[at + length - 1].end..]
            .trim_matches(['.', ' ', '\n', '\r', '\t'])
            .is_empty();
    let person = !text[words[at].clone()].to_lowercase().starts_with("the")
        && !NO_PERSONS.contains(&&text[words[at].clone()]);
    (closes && apart && ends && person).then_some(length)
}

/// How many words from `at` on begin with a capital, with a space between: at most [`LONGEST`].
fn capitalised(text: &str, words: &[Range<usize>], at: usize) -> usize {
    let mut length = 0;
    while length < LONGEST {
        let Some(word) = words.get(at + length) else { break };
        let mut characters = text[word.clone()].chars();
        let capital = characters.next().is_some_and(char::is_uppercase);
        let adjacent = length == 0 || &text[words[at + length - 1].end..word.start] == " ";
        let long = word.len() > 1 && text[word.clone()].chars().count() > 1;
        if !(capital && adjacent && long) {
            break;
        }
        length += 1;
    }
    length
}

/// Whether only spaces, a colon or a comma stand between two words.
fn is_near(text: &str, left: &Range<usize>, right: &Range<usize>) -> bool {
    let between = &text[left.end..right.start];
    between.len() <= 3
        && between
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, ':' | ',' | '—' | '-'))
}

/// Chinese names: before 先生 and its like, and after 我叫.
fn chinese_names(text: &str, found: &mut Vec<Range<usize>>) {
    for title in CHINESE_TITLES {
        for (at, _) in text.match_indices(title) {
            let mut start = None;
            for (place, character) in text[..at].char_indices().rev().take(LONGEST) {
                if classify(character) != Class::Ideograph {
                    break;
                }
                if SURNAMES.contains(character) {
                    start = Some(place);
                }
            }
            found.extend(start.map(|start| start..at));
        }
    }
    for introduction in CHINESE_INTRODUCTIONS {
        for (at, _) in text.match_indices(introduction) {
            let start = at + introduction.len();
            let rest = &text[start..];
            let length = rest
                .find(|c| classify(c) != Class::Ideograph)
                .unwrap_or(rest.len());
            let name = &rest[..length];
            let surname = name.chars().next().is_some_and(|first| SURNAMES.contains(first));
            if surname && (2..=LONGEST).contains(&name.chars().count()) {
                found.push(start..start + length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        names(text, &[]).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn names_are_found_where_they_are_certain() {
        for (text, name) in [
            ("Hi, my name is John Smith and I want a refund", "John Smith"),
            ("my name is john, call me", "john"),
            ("Spoke to Mrs. Garcia about it", "Garcia"),
            ("I complained to Dr Miller", "Miller"),
            ("Меня зовут Анна, карту не выдали", "Анна"),
            ("Менеджер Иван Петрович помог", "Иван Петрович"),
            ("Жалоба на Иванова И. П. из отделения", "Иванова И. П"),
            ("Ich heiße Petra Schulz.", "Petra Schulz"),
            ("Never again.\nRegards,\nJane Doe", "Jane Doe"),
            ("С уважением, Ольга", "Ольга"),
            ("感谢王小明先生的帮助", "王小明"),
            ("我叫张伟，我的订单没到", "张伟"),
        ] {
            assert!(
                found(text).iter().any(|found| found.contains(name)),
                "{text}: {:?}",
                found(text)
            );
        }
    }

    #[test]
    fn companies_products_and_places_are_no_names() {
        for text in [
            "My name is misspelled on the ticket",
            "United flight UA1234 to Virginia was late, JetBlue is better",
            "Dr. Pepper and Dr. Martens",
            "MS Word crashed, Mr. Clean works",
            "Southwest Airlines, 22 February 2015, $120.50",
            "Сбербанк Онлайн не работает, Альфа Банк лучше",
            "Москва, ул. Ленина, дом 5",
            "有位先生很好，小姐态度差",
            "我叫了外卖",
            "Thanks, Delta",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
