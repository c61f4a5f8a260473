//! Finds personal data in texts, so that quotes, keywords and themes never show them.

mod names;
mod numbers;

use std::ops::Range;

use crate::normalize::address_length;

/// Most times a text is gone over.
const MOST_ROUNDS: usize = 4;

/// What kind of personal datum was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PersonalDataKind {
    /// A mail address.
    Mail,
    /// A telephone number of nine to fifteen digits.
    Phone,
    /// A payment card number: thirteen to nineteen digits that pass the Luhn check of ISO/IEC 7812.
    Card,
    /// A bank account: an IBAN that passes the check of ISO 13616, or a longer number.
    Account,
    /// A handle such as `@name`.
    Handle,
    /// The name of a person, where the words around it or its form leave no doubt.
    Name,
}

impl PersonalDataKind {
    /// What stands in a redacted text instead.
    pub fn placeholder(self) -> &'static str {
        match self {
            PersonalDataKind::Mail => "[email]",
            PersonalDataKind::Phone => "[phone]",
            PersonalDataKind::Card => "[card]",
            PersonalDataKind::Account => "[account]",
            PersonalDataKind::Handle => "[handle]",
            PersonalDataKind::Name => "[name]",
        }
    }
}

/// A personal datum in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalData {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: PersonalDataKind,
}

/// The personal data in a text, in order and without overlaps.
///
/// Numbers of nine to fifteen digits count as phone numbers however they are grouped, unless a word before
/// them calls them an order, a booking or the like. Names of persons are found where it is certain: after "my
/// name is", "меня зовут", "我叫" and their like, after or before titles, as Russian first name with patronymic
/// or surname with initials, and in salutations and signatures. Web addresses are left whole.
pub fn personal_data(text: &str) -> Vec<PersonalData> {
    let mut found: Vec<PersonalData> = Vec::new();
    // What is no writing of words: names are looked for between.
    let mut apart: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let datum_before = found.last().is_some_and(|datum| datum.end == at);
        let datum = (datum_before || begins_word(text, at))
            .then(|| numbers::personal(text, at))
            .flatten();
        let length = match datum {
            Some((length, _)) => Some(length),
            None => address_length(&text[at..]),
        };
        let end = at + length.unwrap_or(first.len_utf8());
        apart.extend(length.map(|_| at..end));
        found.extend(datum.map(|(_, kind)| PersonalData { start: at, end, kind }));
        at = end;
    }
    for name in names::names(text, &apart) {
        found.push(PersonalData {
            start: name.start,
            end: name.end,
            kind: PersonalDataKind::Name,
        });
        // What follows a name without a space was taken for a part of its word above.
        let mut at = name.end;
        while let Some((length, kind)) = numbers::personal(text, at) {
            let end = at + length;
            found.push(PersonalData { start: at, end, kind });
            at = end;
        }
    }
    found.sort_by_key(|datum| (datum.start, datum.end));
    found.dedup_by(|next, kept| {
        let overlaps = next.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
    found
}

/// The text with each personal datum replaced by its kind: `[email]`, `[phone]`, `[card]`, `[account]`, `[handle]`
/// or `[name]`.
pub fn redact(text: &str) -> String {
    let mut redacted = replace(text, &personal_data(text));
    // What stood against a datum without a space may be seen for what it is only once that is gone.
    for _ in 1..MOST_ROUNDS {
        let left = personal_data(&redacted);
        if left.is_empty() {
            break;
        }
        redacted = replace(&redacted, &left);
    }
    redacted
}

fn replace(text: &str, data: &[PersonalData]) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    for datum in data {
        replaced.push_str(&text[from..datum.start]);
        replaced.push_str(datum.kind.placeholder());
        from = datum.end;
    }
    replaced.push_str(&text[from..]);
    replaced
}

/// Whether no letter, digit or underscore stands before; Chinese is written without spaces, so that a
/// number or address may follow a character.
fn begins_word(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .next_back()
        .is_none_or(|before| !(before.is_alphanumeric() || before == '_') || is_ideograph(before))
}

fn is_ideograph(character: char) -> bool {
    crate::normalize::classify(character) == crate::normalize::Class::Ideograph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_replaced_by_kind() {
        assert_eq!(
            redact("write to Jane.Doe+x@mail.example.com."),
            "write to [email]."
        );
        assert_eq!(redact("call +1 (212) 555-0147 now"), "call [phone] now");
        assert_eq!(redact("звоните 8 (495) 123-45-67"), "звоните [phone]");
        assert_eq!(redact("我的电话13800138000请回电"), "我的电话[phone]请回电");
        assert_eq!(redact("card 4111 1111 1111 1111!"), "card [card]!");
        assert_eq!(redact("счет 40817810099910004312"), "счет [account]");
        assert_eq!(
            redact("IBAN GB82 WEST 1234 5698 7654 32 please"),
            "IBAN [account] please"
        );
        assert_eq!(redact("DE89370400440532013000."), "[account].");
        assert_eq!(redact("@united thanks, .@JetBlue"), "[handle] thanks, .[handle]");
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "flight 1234 on 2015-02-22 at seat 12A",
            "paid $1,200.50 for 2 tickets",
            "2015-02-22 14:45",
            "https://example.com/@name/1234567890123",
            "a @ b",
            "GB82 WEST is no account",
            "",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
