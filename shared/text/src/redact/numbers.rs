//! Mail addresses, handles, bank accounts, phone and card numbers.

use super::PersonalDataKind::{self, Account, Card, Handle, Mail, Phone};
use super::is_ideograph;

/// Fewest digits of a phone number; shorter numbers are order, flight and seat numbers, amounts and dates.
const SHORTEST_PHONE: usize = 9;
/// Most digits of a phone number (ITU-T E.164).
const LONGEST_PHONE: usize = 15;
/// Digits of payment card numbers (ISO/IEC 7812).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Most characters before the @ sign and after it (RFC 5321, 4.5.3.1); they also bound the work.
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// Characters of an international bank account number (ISO 13616-1).
const IBAN_LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// Words after which a number names an order, a booking or a ticket and not a telephone.
const REFERENCES: [&str; 22] = [
    "order",
    "booking",
    "reservation",
    "ticket",
    "tracking",
    "reference",
    "ref",
    "confirmation",
    "case",
    "invoice",
    "id",
    "number",
    "no",
    "заказ",
    "заказа",
    "бронь",
    "бронирования",
    "билет",
    "билета",
    "заявка",
    "обращение",
    "обращения",
];
const CHINESE_REFERENCES: [&str; 6] = ["单号", "订单", "訂單", "单号是", "编号", "單號"];

/// What personal datum `text` holds at `at`, where a word begins: its length in bytes and kind.
pub(super) fn personal(text: &str, at: usize) -> Option<(usize, PersonalDataKind)> {
    let rest = &text[at..];
    mail_length(rest)
        .map(|length| (length, Mail))
        .or_else(|| handle_length(rest).map(|length| (length, Handle)))
        .or_else(|| iban_length(rest).map(|length| (length, Account)))
        .or_else(|| number(rest, || follows_reference(&text[..at])))
}

/// Whether the words before a number say that it is one of an order: the last word, or the one before a
/// "number", "no." or "№".
fn follows_reference(before: &str) -> bool {
    let trimmed =
        before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '№' | ':' | '：' | '.'));
    if CHINESE_REFERENCES.into_iter().any(|word| trimmed.ends_with(word)) {
        return true;
    }
    let mut words = trimmed.rsplit(|c: char| !c.is_alphanumeric()).take(2);
    let mut is_reference = || {
        words
            .next()
            .is_some_and(|word| word.len() <= 32 && REFERENCES.contains(&word.to_lowercase().as_str()))
    };
    match is_reference() {
        true if trimmed.ends_with("number") || trimmed.ends_with("no") => is_reference(),
        found => found,
    }
}

fn handle_length(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix(['@', '＠'])?;
    let sign = rest.len() - name.len();
    let length = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    (length > 0).then_some(sign + length)
}

/// Length of a mail address, by the characters in use rather than all that RFC 5322 allows.
fn mail_length(rest: &str) -> Option<usize> {
    let is_local =
        |c: char| c.is_alphanumeric() && !is_ideograph(c) || matches!(c, '.' | '_' | '%' | '+' | '-');
    let (local, _) = rest
        .char_indices()
        .take(LONGEST_LOCAL_PART + 1)
        .find(|&(_, c)| !is_local(c))?;
    let domain = rest[local..].strip_prefix('@')?;
    let is_domain = |c: char| c.is_alphanumeric() && !is_ideograph(c) || matches!(c, '.' | '-');
    let mut characters = domain.char_indices().take(LONGEST_DOMAIN);
    let end = characters
        .by_ref()
        .take_while(|&(_, c)| is_domain(c))
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    let domain = domain[..end].trim_end_matches(['.', '-']);
    let (name, top) = domain.rsplit_once('.')?;
    let valid =
        local > 0 && !name.is_empty() && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    valid.then(|| local + 1 + domain.len())
}

/// Length of an international bank account number, with or without the spaces between its groups of four.
fn iban_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let start = bytes.get(..4)?;
    if !(start[..2].iter().all(u8::is_ascii_uppercase) && start[2..].iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let mut symbols = Vec::new();
    let mut accepted = None;
    for (at, &byte) in bytes.iter().enumerate() {
        let grouped =
            symbols.len().is_multiple_of(4) && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' if symbols.len() < *IBAN_LENGTH.end() => symbols.push(byte),
            b' ' if grouped => continue,
            _ => break,
        }
        let word_ends = !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if word_ends && IBAN_LENGTH.contains(&symbols.len()) && passes_mod_97(&symbols) {
            accepted = Some(at + 1);
        }
    }
    accepted
}

/// The check of ISO 13616-1: with the first four characters at the end and letters as 10 to 35, the number
/// leaves 1 when divided by 97.
fn passes_mod_97(symbols: &[u8]) -> bool {
    let rotated = symbols.iter().cycle().skip(4).take(symbols.len());
    let remainder = rotated.fold(0_u32, |remainder, &symbol| match symbol {
        b'0'..=b'9' => (remainder * 10 + u32::from(symbol - b'0')) % 97,
        _ => (remainder * 100 + u32::from(symbol - b'A') + 10) % 97,
    });
    remainder == 1
}

/// A phone, card or account number: digits with the signs that group them.
fn number(rest: &str, is_reference: impl Fn() -> bool) -> Option<(usize, PersonalDataKind)> {
    let first = rest.chars().next()?;
    if !(first.is_ascii_digit() || first == '+' || first == '(') {
        return None;
    }
    let mut digits = Vec::new();
    let mut end = 0;
    let mut gap = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                end = at + 1;
                gap = 0;
            }
            b'+' if at == 0 => {}
            b' ' | b'-' | b'.' | b'(' | b')' if gap < 2 => gap += 1,
            _ => break,
        }
    }
    let kind = if CARD_DIGITS.contains(&digits.len()) && passes_luhn(&digits) {
        Card
    } else if (SHORTEST_PHONE..=LONGEST_PHONE).contains(&digits.len())
        && !is_date_and_time(&rest[..end])
        && !(first.is_ascii_digit() && is_reference())
    {
        Phone
    } else if digits.len() > LONGEST_PHONE {
        Account
    } else {
        return None;
    };
    Some((end, kind))
}

/// A date followed by a time has as many digits as a phone number: `2015-02-22 14:45`.
fn is_date_and_time(number: &str) -> bool {
    let mut groups = number.split(['-', '.', ' ']);
    let lengths = [(); 3].map(|()| groups.next().map_or(0, str::len));
    matches!(lengths, [4, 2, 2] | [2, 2, 4])
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
