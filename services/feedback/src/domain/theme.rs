//! What people talk about, found without a taxonomy.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// What the engine has learnt of a tenant's themes, as it writes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Learnt {
    /// The themes.
    pub(crate) state: Vec<u8>,
    /// What their texts mean; none where only a release before has written.
    pub(crate) meanings: Option<Vec<u8>>,
}

/// A theme as it is kept.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct Theme {
    pub(crate) theme_id: Uuid,
    /// The text engine's own number of it.
    pub(crate) number: i64,
    pub(crate) label: String,
    /// The phrases that tell it apart, the most telling first.
    pub(crate) phrases: Vec<String>,
    /// The languages of its texts, the commonest first.
    pub(crate) languages: Vec<String>,
    /// Texts that stand for it, personal data removed.
    pub(crate) quotes: Vec<String>,
    /// Texts since it was first seen.
    pub(crate) texts: i64,
    pub(crate) first_said_at: DateTime<Utc>,
    pub(crate) last_said_at: DateTime<Utc>,
    /// The topic it was promoted to.
    pub(crate) topic_id: Option<String>,
}

impl Theme {
    /// A theme of fewer texts is not shown: it may be one person's.
    pub(crate) const FEWEST_TEXTS: i64 = 3;
}

/// A theme in a period.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ThemeInPeriod {
    pub(crate) theme: Theme,
    pub(crate) texts: i64,
    /// In the period of the same length before.
    pub(crate) texts_before: i64,
}

impl ThemeInPeriod {
    /// How many times as many texts as before; none when there was none before.
    pub(crate) fn growth(&self) -> Option<f64> {
        (self.texts_before > 0).then(|| self.texts as f64 / self.texts_before as f64)
    }
}

/// A redacted text without what stands there instead of personal data, which is no word of anybody's.
pub(crate) fn without_placeholders(text: &str) -> String {
    let without = ["[email]", "[phone]", "[card]", "[account]", "[handle]", "[name]"]
        .iter()
        .fold(text.to_owned(), |text, placeholder| {
            text.replace(placeholder, " ")
        });
    without.trim().to_owned()
}

/// Whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

impl Period {
    /// The longest, in days.
    pub(crate) const LONGEST: i32 = 366;

    /// `days` days that end with `end`, a midnight.
    pub(crate) fn until(end: DateTime<Utc>, days: i32) -> Self {
        Self {
            start: end - TimeDelta::days(days.into()),
            end,
        }
    }

    /// Where the period of the same length before begins.
    pub(crate) fn before(self) -> DateTime<Utc> {
        self.start - (self.end - self.start)
    }
}
