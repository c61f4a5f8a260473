//! What really changed, and when: the manager of a replay declares a rollout when a change went live.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::input::{Format, InputError, Mapping, Rejection, bytes, parse_instant, records};

/// A change that went live.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: DateTime<Utc>,
    /// What it was about; empty for everything.
    pub(crate) product: String,
    pub(crate) topic: String,
    /// In words for customers.
    pub(crate) words: String,
}

impl Change {
    /// Whether it was made for issues of this product and topic.
    pub(crate) fn concerns(&self, product: &str, topic: &str) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(&self.product, product) && fits(&self.topic, topic)
    }
}

/// Why a file of changes cannot be used. Unlike feedback it is small and made by hand: nothing is skipped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangesError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("line {line} of the changes: {reason}")]
    Row { line: u64, reason: String },
}

impl From<Rejection> for ChangesError {
    fn from(rejection: Rejection) -> Self {
        let Rejection { line, reason } = rejection;
        Self::Row { line, reason }
    }
}

/// Reads a file with the columns at, change and, where wanted, product and topic.
pub(crate) fn read_file(path: &Path) -> Result<Vec<Change>, ChangesError> {
    let bytes = bytes(path)?;
    read(&bytes, Format::of(path, &bytes))
}

/// Reads changes, in the order of their time.
pub(crate) fn read(bytes: &[u8], format: Format) -> Result<Vec<Change>, ChangesError> {
    let mut changes = Vec::new();
    let required: [&[&str]; 2] = [&["at"], &["change"]];
    let mut records = records(Box::new(bytes), format, &required, Mapping::default())?;
    while let Some(record) = records.next()? {
        let record = record?;
        let refuse = |reason| ChangesError::Row {
            line: record.line,
            reason,
        };
        let at = parse_instant(record.get("at")).map_err(refuse)?;
        if !(1..=2_000).contains(&record.get("change").chars().count()) {
            return Err(refuse(
                "change must say in 1 to 2000 characters what went live".to_owned(),
            ));
        }
        changes.push(Change {
            at,
            product: record.get("product").to_owned(),
            topic: record.get("topic").to_owned(),
            words: record.get("change").to_owned(),
        });
    }
    changes.sort_by_key(|change| change.at);
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_in_the_order_of_their_time() {
        let text = "at\tproduct\tchange\n2026-02-02\tApp\tsecond\n2026-02-01\t\tfirst\n";
        let changes = read(text.as_bytes(), Format::Tsv).unwrap();
        assert_eq!(changes[0].words, "first");
        assert!(changes[0].concerns("anything", "delay"));
        assert!(!changes[1].concerns("Card", "delay") && changes[1].concerns("App", "delay"));
    }

    #[test]
    fn a_change_that_cannot_be_read_stops_with_its_line() {
        let error = read(b"at,change\n2026-02-01,\n", Format::Csv)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("line 2 of the changes: change must say"),
            "{error}"
        );
    }
}
