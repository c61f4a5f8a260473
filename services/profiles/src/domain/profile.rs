//! A person as far as the company knows them.

use std::collections::BTreeMap;

use attune_rpc::Etag;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Consent, Identity};

/// A stored profile.
#[derive(Clone)]
#[allow(clippy::struct_field_names)] // an id is called what it is called everywhere
pub(crate) struct Profile {
    pub(crate) profile_id: Uuid,
    pub(crate) version: i64,
    pub(crate) display_name: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) identities: Json<Vec<Identity>>,
    pub(crate) attributes: Json<BTreeMap<String, String>>,
    pub(crate) consents: Json<Vec<Consent>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What a caller may say about a person.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) display_name: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) identities: Vec<Identity>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A change of some fields; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub(crate) struct Change {
    pub(crate) display_name: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) identities: Option<Vec<Identity>>,
    pub(crate) attributes: Option<BTreeMap<String, String>>,
}

impl Profile {
    /// The etag of this version.
    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.version)
    }

    /// Applies `change` and tells which fields are different now; with none, the profile is as it was.
    pub(crate) fn apply(&mut self, change: Change, now: DateTime<Utc>) -> Vec<&'static str> {
        let Change {
            display_name,
            language,
            time_zone,
            identities,
            attributes,
        } = change;
        let mut changed = Vec::new();
        replace(&mut self.display_name, display_name, "display_name", &mut changed);
        replace(&mut self.language, language, "language", &mut changed);
        replace(&mut self.time_zone, time_zone, "time_zone", &mut changed);
        replace(&mut self.identities.0, identities, "identities", &mut changed);
        replace(&mut self.attributes.0, attributes, "attributes", &mut changed);
        if !changed.is_empty() {
            self.touched(now);
        }
        changed
    }

    /// Notes a change. Whoever waited for another's change began before it ended: time does not go back.
    pub(crate) fn touched(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.updated_at = self.updated_at.max(now);
    }
}

fn replace<T: PartialEq>(
    field: &mut T,
    value: Option<T>,
    name: &'static str,
    changed: &mut Vec<&'static str>,
) {
    if let Some(value) = value
        && *field != value
    {
        *field = value;
        changed.push(name);
    }
}

/// A BCP 47 tag in its usual spelling (`EN-us` becomes `en-US`), or empty for unknown. Checks the form only:
/// the registry of languages grows.
pub(crate) fn language(tag: &str) -> Result<String, &'static str> {
    const WRONG: &str = "must be a BCP 47 language tag such as en or zh-Hant, or empty";
    if tag.is_empty() {
        return Ok(String::new());
    }
    if tag.len() > 35 {
        return Err(WRONG);
    }
    let mut parts = Vec::new();
    for (place, part) in tag.split('-').enumerate() {
        let fits = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let first = (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
        if !fits || (place == 0 && !first) {
            return Err(WRONG);
        }
        parts.push(match (place, part.len()) {
            (0, _) => part.to_ascii_lowercase(),
            (_, 2) => part.to_ascii_uppercase(),
            (_, 4) => capitalised(part),
            _ => part.to_ascii_lowercase(),
        });
    }
    Ok(parts.join("-"))
}

fn capitalised(part: &str) -> String {
    let (first, rest) = part.split_at(1);
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}

/// An IANA time zone that the zone database knows, or empty for unknown.
pub(crate) fn time_zone(name: &str) -> Result<String, &'static str> {
    if name.is_empty() {
        return Ok(String::new());
    }
    match jiff::tz::TimeZone::get(name) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(name).to_owned()),
        Err(_) => Err("must be an IANA time zone such as Europe/Berlin, or empty"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_get_their_usual_spelling() {
        assert_eq!(language("EN-us").unwrap(), "en-US");
        assert_eq!(language("ZH-hant").unwrap(), "zh-Hant");
        for wrong in ["e", "english", "en_US", "en-", "123", "en-toolongpart"] {
            assert!(language(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_zones_that_exist_are_zones() {
        assert_eq!(time_zone("Europe/Berlin").unwrap(), "Europe/Berlin");
        assert!(time_zone("Europe/Atlantis").is_err());
    }
}
