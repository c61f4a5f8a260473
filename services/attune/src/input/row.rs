//! One row of feedback.

use attune_api::interactions::v1::JourneyStage;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Record, Rejection, instant};

const LONGEST_TEXT: usize = 20_000;
const LONGEST_SOURCE_ID: usize = 190;
const LONGEST_CUSTOMER: usize = 320;
const LONGEST_PRODUCT: usize = 100;
const LONGEST_SLUG: usize = 64;
const MOST_SEGMENTS: usize = 10;
const LONGEST_SEGMENT: usize = 64;

/// One thing that somebody said or answered.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Where the row begins in its file.
    pub(crate) line: u64,
    pub(crate) at: DateTime<Utc>,
    /// The source's id, or a hash of the row: the same row is recorded once, however often it is sent.
    pub(crate) source_id: String,
    /// Empty for somebody unknown.
    pub(crate) customer: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) product: String,
    /// Who served, by the company's own id; empty when unknown, like what follows.
    pub(crate) agent: String,
    pub(crate) team: String,
    pub(crate) stage: JourneyStage,
    /// The customer segments that the person was in, each once.
    pub(crate) segments: Vec<String>,
    /// The interaction that a rating is about.
    pub(crate) interaction: Option<Uuid>,
    pub(crate) text: String,
    pub(crate) ratings: Vec<Rating>,
    /// Empty when unknown.
    pub(crate) language: String,
    pub(crate) email: Option<String>,
}

/// How a row that brings no id is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowId {
    /// By what it says: rows that say the same are one.
    Content,
    /// By what it says and its line: each row is one, as long as the lines stay where they are.
    ContentAndLine,
}

/// An answer on a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    pub(crate) scale: Scale,
    pub(crate) value: i32,
}

/// The scale of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Csat,
    Nps,
    Ces,
}

impl Scale {
    const ALL: [Self; 3] = [Self::Csat, Self::Nps, Self::Ces];

    /// The column's name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Ces => "ces",
        }
    }

    const fn range(self) -> std::ops::RangeInclusive<i32> {
        match self {
            Self::Csat => 1..=5,
            Self::Nps => 0..=10,
            Self::Ces => 1..=7,
        }
    }
}

/// Collects what is wrong with a row.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn take<T>(&mut self, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|problem| self.0.push(problem)).ok()
    }

    fn check(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }
}

/// Reads a row, or says everything that is wrong with it.
pub(super) fn parse(record: &Record, id: RowId) -> Result<Row, Rejection> {
    let mut problems = Problems::default();
    let at = problems.take(instant::parse(record.get("at")));
    let ratings = ratings(record, &mut problems);
    let text = record.get("text");
    let length = text.chars().count();
    problems.check(length <= LONGEST_TEXT, || {
        format!("text has {length} characters; at most {LONGEST_TEXT} fit")
    });
    problems.check(
        !text.is_empty()
            || Scale::ALL
                .iter()
                .any(|scale| !record.get(scale.as_str()).is_empty()),
        || "has neither a text nor a rating".to_owned(),
    );
    let channel = slug(record, "channel", &mut problems).unwrap_or_else(|| "other".to_owned());
    let touchpoint =
        slug(record, "touchpoint", &mut problems).unwrap_or_else(|| default_touchpoint(&channel));
    for (name, longest) in [
        ("customer", LONGEST_CUSTOMER),
        ("product", LONGEST_PRODUCT),
        ("agent", LONGEST_PRODUCT),
        ("team", LONGEST_PRODUCT),
        ("source_id", LONGEST_SOURCE_ID),
    ] {
        let value = record.get(name);
        problems.check(
            value.chars().count() <= longest && !value.chars().any(char::is_control),
            || format!("{name} must have at most {longest} characters and no control characters"),
        );
    }
    let stage = stage(record, &mut problems);
    let segments = segments(record, &mut problems);
    let interaction = interaction(record, &mut problems);
    let language = language(record, &mut problems);
    let email = email(record, &mut problems);
    match at {
        Some(at) if problems.0.is_empty() => Ok(Row {
            line: record.line,
            at,
            source_id: source_id(record, at, id),
            customer: record.get("customer").to_owned(),
            channel,
            touchpoint,
            product: record.get("product").to_owned(),
            agent: record.get("agent").to_owned(),
            team: record.get("team").to_owned(),
            stage: stage.unwrap_or_default(),
            segments,
            interaction,
            text: text.to_owned(),
            ratings,
            language,
            email,
        }),
        _ => Err(Rejection {
            line: record.line,
            reason: problems.0.join("; "),
        }),
    }
}

fn ratings(record: &Record, problems: &mut Problems) -> Vec<Rating> {
    let mut ratings = Vec::new();
    for scale in Scale::ALL {
        let (name, given, range) = (scale.as_str(), record.get(scale.as_str()), scale.range());
        if given.is_empty() {
            continue;
        }
        // Spreadsheets like to write 4 as 4.0.
        let value = given
            .strip_suffix(".0")
            .unwrap_or(given)
            .parse()
            .ok()
            .filter(|value| range.contains(value));
        let parsed = value.ok_or_else(|| {
            format!(
                "{name} is {:?}; it must be a whole number from {} to {}",
                shortened(given),
                range.start(),
                range.end()
            )
        });
        ratings.extend(problems.take(parsed).map(|value| Rating { scale, value }));
    }
    ratings
}

fn slug(record: &Record, name: &str, problems: &mut Problems) -> Option<String> {
    let given = record.get(name);
    if given.is_empty() {
        return None;
    }
    let value = given.to_lowercase().replace(' ', "_");
    let fits = value.len() <= LONGEST_SLUG
        && value.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    problems.check(fits, || {
        format!(
            "{name} is {:?}; use letters a to z, digits, '.', '_' and '-', at most {LONGEST_SLUG}",
            shortened(given)
        )
    });
    Some(value)
}

fn default_touchpoint(channel: &str) -> String {
    let channel: String = channel.chars().take(LONGEST_SLUG - ".message".len()).collect();
    format!("{channel}.message")
}

/// A part of the journey by its name, such as `retention`.
fn stage(record: &Record, problems: &mut Problems) -> Option<JourneyStage> {
    let given = record.get("stage");
    if given.is_empty() {
        return None;
    }
    let name = given.to_uppercase().replace([' ', '-'], "_");
    let stage = JourneyStage::from_str_name(&format!("JOURNEY_STAGE_{name}"))
        .filter(|stage| *stage != JourneyStage::Unspecified);
    problems.take(stage.ok_or_else(|| {
        format!(
            "stage is {:?}; it must be one of {}",
            shortened(given),
            stage_names().join(", ")
        )
    }))
}

fn stage_names() -> Vec<String> {
    let known = (1..).map_while(|number| JourneyStage::try_from(number).ok());
    let names = known.map(|stage| {
        let name = stage.as_str_name();
        name.strip_prefix("JOURNEY_STAGE_").unwrap_or(name).to_lowercase()
    });
    names.collect()
}

/// Names parted by semicolons, as most exports write a field of several values; one that is there twice counts once.
fn segments(record: &Record, problems: &mut Problems) -> Vec<String> {
    let given = record.get("segment").split(';').map(str::trim);
    let mut segments: Vec<String> = Vec::new();
    for name in given.filter(|name| !name.is_empty()) {
        problems.check(
            name.chars().count() <= LONGEST_SEGMENT && !name.chars().any(char::is_control),
            || {
                format!(
                    "segment has {:?}; each must have at most {LONGEST_SEGMENT} characters and no control characters",
                    shortened(name)
                )
            },
        );
        if !segments.iter().any(|known| known == name) {
            segments.push(name.to_owned());
        }
    }
    problems.check(segments.len() <= MOST_SEGMENTS, || {
        format!(
            "segment names {} segments; at most {MOST_SEGMENTS} fit, parted by semicolons",
            segments.len()
        )
    });
    segments
}

fn interaction(record: &Record, problems: &mut Problems) -> Option<Uuid> {
    let given = record.get("interaction");
    if given.is_empty() {
        return None;
    }
    let parsed = Uuid::try_parse(given).map_err(|_| {
        format!(
            "interaction is {:?}; write the id of a recorded interaction, a UUID",
            shortened(given)
        )
    });
    problems.take(parsed)
}

/// A BCP 47 tag (RFC 5646), as far as its form goes.
fn language(record: &Record, problems: &mut Problems) -> String {
    let tag = record.get("language");
    let mut parts = tag.split('-');
    let main = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&main.len())
        && main.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    problems.check(tag.is_empty() || fits, || {
        format!(
            "language is {:?}; write a tag like en, ru or zh-Hant",
            shortened(tag)
        )
    });
    tag.to_owned()
}

fn email(record: &Record, problems: &mut Problems) -> Option<String> {
    let address = record.get("email");
    if address.is_empty() {
        return None;
    }
    let fits = address.len() <= LONGEST_CUSTOMER
        && address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        })
        && !address.contains(|c: char| c.is_whitespace() || "<>,;\"".contains(c));
    problems.check(fits, || {
        "email must be a mail address such as ana@example.com".to_owned()
    });
    Some(address.to_owned())
}

fn source_id(record: &Record, at: DateTime<Utc>, id: RowId) -> String {
    match record.get("source_id") {
        "" => {
            let mut hash = Sha256::new();
            hash.update(at.timestamp_micros().to_be_bytes());
            for name in ["customer", "channel", "product", "text", "csat", "nps", "ces"] {
                hash.update(record.get(name).as_bytes());
                hash.update([0]);
            }
            if id == RowId::ContentAndLine {
                hash.update(record.line.to_be_bytes());
            }
            let digest = hash.finalize();
            let hex: Vec<String> = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
            format!("row-{}", hex.concat())
        }
        given => given.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
