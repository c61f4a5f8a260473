//! Which column of a file is which field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::InputError;

/// The fields that a row of feedback may have.
pub(crate) const FIELDS: [&str; 17] = [
    "at",
    "text",
    "csat",
    "nps",
    "ces",
    "source_id",
    "customer",
    "channel",
    "touchpoint",
    "product",
    "agent",
    "team",
    "stage",
    "segment",
    "interaction",
    "language",
    "email",
];

/// Fields by the columns that hold them; a column that is not named is the field of its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// By lower-case name.
    columns: BTreeMap<String, String>,
    fields: BTreeSet<String>,
}

impl Mapping {
    /// Reads pairs such as `Comment=text`; the last `=` of each parts column and field.
    pub(crate) fn of_pairs(pairs: &[String]) -> Result<Self, String> {
        let pairs: Result<Vec<(&str, &str)>, String> = pairs
            .iter()
            .map(|pair| {
                pair.rsplit_once('=')
                    .ok_or_else(|| format!("{pair:?} is no pair; write it like Comment=text"))
            })
            .collect();
        Self::of(pairs?.into_iter())
    }

    /// Reads a file of one JSON object with the columns' names and their fields.
    pub(crate) fn of_file(path: &Path) -> Result<Self, InputError> {
        let text = std::fs::read_to_string(path).map_err(|source| InputError::File {
            path: path.to_owned(),
            source,
        })?;
        let refuse = |problem: String| InputError::Mapping {
            path: path.to_owned(),
            problem,
        };
        let pairs: BTreeMap<String, String> = serde_json::from_str(&text)
            .map_err(|error| refuse(format!("{error}; write it like {{\"Comment\": \"text\"}}")))?;
        Self::of(
            pairs
                .iter()
                .map(|(column, field)| (column.as_str(), field.as_str())),
        )
        .map_err(refuse)
    }

    fn of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut mapping = Self::default();
        for (column, field) in pairs {
            let (column, field) = (plain(column), plain(field));
            if !FIELDS.contains(&field.as_str()) {
                return Err(format!("{field:?} is no field; there are {}", FIELDS.join(", ")));
            }
            if column.is_empty() {
                return Err(format!("the column of {field} has no name"));
            }
            if !mapping.fields.insert(field.clone()) {
                return Err(format!("{field} is taken from two columns; choose one"));
            }
            if mapping.columns.insert(column.clone(), field).is_some() {
                return Err(format!("the column {column:?} is named twice"));
            }
        }
        Ok(mapping)
    }

    /// What a column holds, by lower-case name: its field, else what its own name says; nothing when another column
    /// was named for that.
    pub(super) fn field<'a>(&'a self, column: &'a str) -> Option<&'a str> {
        match self.columns.get(column) {
            Some(field) => Some(field),
            None => Some(column).filter(|column| !self.fields.contains(*column)),
        }
    }

    /// The columns that it names and that are not among `columns`.
    pub(super) fn missing(&self, columns: &[String]) -> Vec<&str> {
        let named = self.columns.keys().map(String::as_str);
        named
            .filter(|named| !columns.iter().any(|column| column == named))
            .collect()
    }
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[&str]) -> Result<Mapping, String> {
        let owned: Vec<String> = list.iter().map(|pair| (*pair).to_owned()).collect();
        Mapping::of_pairs(&owned)
    }

    #[test]
    fn a_named_column_is_its_field_and_nothing_else_is() {
        let mapping = pairs(&["Created At=at", "NPS = 10=nps"]).unwrap();
        assert_eq!(mapping.field("created at"), Some("at"));
        assert_eq!(mapping.field("nps = 10"), Some("nps"));
        assert_eq!(mapping.field("at"), None, "another column was named for it");
        assert_eq!(mapping.field("text"), Some("text"));
        assert_eq!(mapping.missing(&["created at".to_owned()]), ["nps = 10"]);
    }

    #[test]
    fn a_mapping_that_cannot_be_meant_is_refused_with_the_reason() {
        for (list, wanted) in [
            (&["Comment"][..], "is no pair"),
            (&["Comment=words"], "is no field; there are at, text"),
            (&["=text"], "has no name"),
            (&["One=text", "Other=text"], "taken from two columns"),
            (&["One=text", "one=at"], "named twice"),
        ] {
            let problem = pairs(list).unwrap_err();
            assert!(problem.contains(wanted), "{problem}");
        }
    }
}
