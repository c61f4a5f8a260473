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
    fn only_zones_that_exist_are_zones() {
        assert_eq!(time_zone("Europe/Berlin").unwrap(), "Europe/Berlin");
        assert!(time_zone("Europe/Atlantis").is_err());
    }
}
