//! Profiles.

use std::collections::BTreeMap;

use attune_api::profiles::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::{consent, identity};
use crate::commands::profile::{Create, Update};
use crate::domain::{self, Change, Draft, Identity, Profile};

const UPDATABLE: &[&str] = &[
    "display_name",
    "language",
    "time_zone",
    "identities",
    "attributes",
];
const MOST_ATTRIBUTES: usize = 50;
const MOST_IDS: usize = 500;

pub(crate) fn create(request: &pb::CreateProfileRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateProfile", &request.request_id, request, &mut violations);
    let draft = violations.required("profile", request.profile.as_ref());
    let draft = draft.and_then(|profile| {
        let all = Mask::parse(None, UPDATABLE, UPDATABLE, &mut violations)?;
        change_of(profile, &all, &mut violations)
    });
    let consents = consent::parse_all(&request.consents, &mut violations);
    let create = || {
        let Change {
            display_name,
            language,
            time_zone,
            identities,
            attributes,
        } = draft?;
        let draft = Draft {
            display_name: display_name?,
            language: language?,
            time_zone: time_zone?,
            identities: identities?,
            attributes: attributes?,
        };
        Some(Create {
            draft,
            consents: consents?,
            key: key?,
        })
    };
    violations.finish(create())
}

pub(crate) fn update(request: &pb::UpdateProfileRequest) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdateProfile", &request.request_id, request, &mut violations);
    let profile = violations.required("profile", request.profile.as_ref());
    let parsed = profile.and_then(|profile| {
        let mask = Mask::parse(
            request.update_mask.as_ref(),
            UPDATABLE,
            &populated(profile),
            &mut violations,
        );
        let profile_id = violations.id("profile.profile_id", &profile.profile_id);
        let change = mask.and_then(|mask| change_of(profile, &mask, &mut violations));
        Some((profile_id?, profile.etag.clone(), change?))
    });
    let update = || {
        let (profile_id, etag, change) = parsed?;
        Some(Update {
            profile_id,
            etag,
            change,
            key: key?,
        })
    };
    violations.finish(update())
}

pub(crate) fn get(request: &pb::GetProfileRequest) -> Result<Uuid, Error> {
    let mut violations = Violations::default();
    let id = violations.id("profile_id", &request.profile_id);
    violations.finish(id)
}

pub(crate) fn batch_get(request: &pb::BatchGetProfilesRequest) -> Result<Vec<Uuid>, Error> {
    let mut violations = Violations::default();
    let ids = violations.ids("profile_ids", &request.profile_ids, MOST_IDS);
    violations.finish(ids)
}

pub(crate) fn resolve(request: &pb::ResolveProfileRequest) -> Result<Identity, Error> {
    let mut violations = Violations::default();
    let given = violations.required("identity", request.identity.as_ref());
    let parsed = given.and_then(|given| identity::parse(given, "identity", &mut violations));
    violations.finish(parsed)
}

pub(crate) fn list(request: &pb::ListProfilesRequest) -> Result<Page<Uuid>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"profiles",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

/// The fields of `mask`; the others are not looked at.
fn change_of(profile: &pb::Profile, mask: &Mask, violations: &mut Violations) -> Option<Change> {
    let display_name = mask.read("display_name", || {
        violations.text("profile.display_name", &profile.display_name, 0..=200)
    });
    let language = mask.read("language", || {
        let language = violations.optional_language("profile.language", &profile.language)?;
        Some(language.map_or_else(String::new, String::from))
    });
    let time_zone = mask.read("time_zone", || {
        violations.check("profile.time_zone", domain::time_zone(&profile.time_zone))
    });
    let identities = mask.read("identities", || {
        identity::parse_all(&profile.identities, violations)
    });
    let attributes = mask.read("attributes", || parse_attributes(&profile.attributes, violations));
    Some(Change {
        display_name: display_name?,
        language: language?,
        time_zone: time_zone?,
        identities: identities?,
        attributes: attributes?,
    })
}

fn parse_attributes(
    map: &BTreeMap<String, String>,
    violations: &mut Violations,
) -> Option<BTreeMap<String, String>> {
    violations.at_most("profile.attributes", map.len(), MOST_ATTRIBUTES)?;
    let mut attributes = BTreeMap::new();
    for (place, (key, value)) in map.iter().enumerate() {
        // The key is not repeated in the field's path: it is what may be wrong.
        let key = violations.slug(&format!("profile.attributes[{place}].key"), key, 64);
        let value = violations.text(&format!("profile.attributes[{place}].value"), value, 0..=500);
        if let (Some(key), Some(value)) = (key, value) {
            attributes.insert(key, value);
        }
    }
    (attributes.len() == map.len()).then_some(attributes)
}

fn populated(profile: &pb::Profile) -> Vec<&'static str> {
    let given = [
        !profile.display_name.is_empty(),
        !profile.language.is_empty(),
        !profile.time_zone.is_empty(),
        !profile.identities.is_empty(),
        !profile.attributes.is_empty(),
    ];
    UPDATABLE
        .iter()
        .zip(given)
        .filter(|(_, given)| *given)
        .map(|(field, _)| *field)
        .collect()
}

pub(crate) fn to_proto(profile: Profile) -> pb::Profile {
    let etag = profile.etag().to_string();
    let Profile {
        profile_id,
        version: _,
        display_name,
        language,
        time_zone,
        identities,
        attributes,
        consents,
        created_at,
        updated_at,
    } = profile;
    pb::Profile {
        profile_id: profile_id.to_string(),
        display_name,
        language,
        time_zone,
        identities: identities.0.into_iter().map(identity::to_proto).collect(),
        attributes: attributes.0,
        consents: consents.0.into_iter().map(consent::to_proto).collect(),
        etag,
        create_time: Some(timestamp(created_at)),
        update_time: Some(timestamp(updated_at)),
    }
}
