//! How the sample is made: sentences of our own, drawn by a seeded generator. The same seed gives the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// The seed of the sample that ships.
pub const SEED: u64 = 7;

const CORPUS: &str = include_str!("../../sample/corpus.tsv");
/// Days of feedback.
const DAYS: u64 = 70;
/// Pieces of feedback on an ordinary day.
const DAILY: f64 = 80.0;
/// Complaints a day about the trouble, on top.
const TROUBLE: f64 = 24.0;
/// How much a day may differ from the rhythm of the week.
const NOISE: f64 = 0.06;
/// Customers, and the part of feedback that nobody known gave.
const CUSTOMERS: u64 = 1_500;
const ANONYMOUS: f64 = 0.12;
/// The part of mobile banking's feedback that is always about signing in.
const USUAL_LOGIN: f64 = 0.035;
/// The part that answers a survey.
const RATED: f64 = 0.35;
const PRODUCTS: [(&str, f64); 5] = [
    ("Mobile banking", 0.36),
    ("Cards", 0.24),
    ("Payments", 0.18),
    ("Branches", 0.12),
    ("Loans", 0.10),
];
const CHANNELS: [(&str, f64); 5] = [
    ("app", 0.34),
    ("chat", 0.24),
    ("email", 0.18),
    ("social", 0.14),
    ("phone", 0.10),
];
/// The volume of each hour of the day.
const HOURS: [f64; 24] = [
    0.6, 0.4, 0.3, 0.2, 0.3, 0.6, 1.5, 3.0, 5.0, 6.5, 7.0, 7.0, 6.5, 6.0, 6.0, 6.0, 6.0, 6.5, 7.0, 7.0, 6.0,
    4.5, 3.0, 1.5,
];

/// A generator of numbers: `SplitMix64` (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators,
/// OOPSLA 2014). Its sequence is fixed by its definition, not by a library's version.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 up to, not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(usize::try_from(self.below(items.len() as u64)).ok()?)
    }

    /// The place of one of these weights.
    fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            last = place;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

/// A sentence with what its writer feels.
#[derive(Clone, Copy, Debug)]
struct Sentence {
    mood: &'static str,
    text: &'static str,
}

/// Sentences by kind, product and language.
struct Corpus(BTreeMap<(&'static str, &'static str, &'static str), Vec<Sentence>>);

impl Corpus {
    fn read() -> Self {
        let mut sentences: BTreeMap<_, Vec<Sentence>> = BTreeMap::new();
        for line in CORPUS.lines().filter(|line| !line.starts_with('#')) {
            if let [kind, product, language, mood, text] = line.split('\t').collect::<Vec<_>>()[..] {
                sentences
                    .entry((kind, product, language))
                    .or_default()
                    .push(Sentence { mood, text });
            }
        }
        Self(sentences)
    }

    fn of(&self, kind: &'static str, product: &'static str, language: &'static str) -> &[Sentence] {
        self.0
            .get(&(kind, product, language))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// One piece of feedback before it is written down.
struct Piece {
    at: DateTime<Utc>,
    kind: &'static str,
    product: &'static str,
}

/// The sample made from a seed: a header and one line for each piece of feedback, in the order of time.
pub fn generate(seed: u64) -> String {
    let mut draw = Draw(seed);
    let corpus = Corpus::read();
    let mut pieces = pieces(&mut draw);
    pieces.sort_by_key(|piece| piece.at);
    let mut text = "at\tsource_id\tcustomer\tchannel\tproduct\ttext\tcsat\tnps\tces\tlanguage\n".to_owned();
    for (place, piece) in pieces.iter().enumerate() {
        line(&mut text, &mut draw, &corpus, place + 1, piece);
    }
    text
}

/// A Monday.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default()
}

/// When the trouble begins, and when the change that helps goes live, the last one in `changes.tsv`.
fn trouble_from() -> DateTime<Utc> {
    (first_day() + Days::new(21)).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(8)
}

fn trouble_until() -> DateTime<Utc> {
    (first_day() + Days::new(50)).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(9)
}

/// The rhythm of the week.
fn rhythm(day: NaiveDate) -> f64 {
    match day.weekday() {
        Weekday::Mon => 1.10,
        Weekday::Tue => 1.08,
        Weekday::Wed | Weekday::Fri => 1.05,
        Weekday::Thu => 1.02,
        Weekday::Sat => 0.88,
        Weekday::Sun => 0.82,
    }
}

fn pieces(draw: &mut Draw) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for day in (0..DAYS).map(|offset| first_day() + Days::new(offset)) {
        for _ in 0..volume(draw, DAILY * rhythm(day)) {
            let at = instant(draw, day);
            let product = PRODUCTS
                .get(draw.weighted(PRODUCTS.iter().map(|(_, weight)| *weight)))
                .map_or("", |p| p.0);
            let login = product == "Mobile banking" && draw.unit() < USUAL_LOGIN;
            pieces.push(Piece {
                at,
                kind: if login { "login" } else { "usual" },
                product,
            });
        }
        for _ in 0..volume(draw, TROUBLE * rhythm(day)) {
            let at = instant(draw, day);
            if at >= trouble_from() && at < trouble_until() {
                pieces.push(Piece {
                    at,
                    kind: "trouble",
                    product: "Mobile banking",
                });
            }
        }
    }
    pieces
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some dozens"
)]
fn volume(draw: &mut Draw, usual: f64) -> u64 {
    (usual * (1.0 + NOISE * (2.0 * draw.unit() - 1.0))).round() as u64
}

fn instant(draw: &mut Draw, day: NaiveDate) -> DateTime<Utc> {
    let hour = i64::try_from(draw.weighted(HOURS.iter().copied())).unwrap_or_default();
    let minute = i64::try_from(draw.below(60)).unwrap_or_default();
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(hour) + TimeDelta::minutes(minute)
}

/// Every eighth customer writes Russian, every twelfth Chinese.
fn language_of(customer: u64) -> &'static str {
    match customer % 24 {
        0 | 8 | 16 => "ru",
        5 | 17 => "zh",
        _ => "en",
    }
}

fn line(out: &mut String, draw: &mut Draw, corpus: &Corpus, number: usize, piece: &Piece) {
    let anonymous = draw.unit() < ANONYMOUS;
    let person = draw.below(CUSTOMERS);
    let language = language_of(person);
    let Some(sentence) = draw
        .one_of(corpus.of(piece.kind, piece.product, language))
        .copied()
    else {
        return;
    };
    let mut text = sentence.text.to_owned();
    if sentence.mood == "neg"
        && draw.unit() < 0.25
        && let Some(tail) = draw.one_of(corpus.of("tail", "", language))
    {
        let space = if language == "zh" { "" } else { " " };
        text = format!("{text}{space}{}", tail.text);
    }
    let rated = draw.unit() < RATED;
    let channel = CHANNELS
        .get(draw.weighted(CHANNELS.iter().map(|(_, weight)| *weight)))
        .map_or("", |c| c.0);
    let channel = if rated { "survey" } else { channel };
    let [csat, nps, ces] = if rated {
        ratings(draw, sentence.mood)
    } else {
        [None; 3]
    };
    let customer = if anonymous {
        String::new()
    } else {
        format!("q{person:04}")
    };
    let score = |score: Option<u64>| score.map_or_else(String::new, |score| score.to_string());
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "{}\tf{number:04}\t{customer}\t{channel}\t{}\t{text}\t{}\t{}\t{}\t{language}",
        piece.at.format("%Y-%m-%d %H:%M"),
        piece.product,
        score(csat),
        score(nps),
        score(ces),
    );
}

/// One answer that fits the mood: CSAT, NPS or CES.
fn ratings(draw: &mut Draw, mood: &str) -> [Option<u64>; 3] {
    let (csat, nps, ces) = match mood {
        "pos" => (4 + draw.below(2), 8 + draw.below(3), 5 + draw.below(3)),
        "neg" => (1 + draw.below(2), draw.below(7), 1 + draw.below(3)),
        _ => (3 + draw.below(2), 6 + draw.below(3), 4 + draw.below(2)),
    };
    match draw.weighted([0.6, 0.25, 0.15].into_iter()) {
        0 => [Some(csat), None, None],
        1 => [None, Some(nps), None],
        _ => [None, None, Some(ces)],
    }
}

#[cfg(test)]
mod tests;
