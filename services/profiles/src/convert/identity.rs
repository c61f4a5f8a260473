//! Identities.

use attune_api::profiles::v1 as pb;
use attune_rpc::Violations;

use crate::domain::{Identity, IdentityKind};

const MOST: usize = 20;

/// One identity, its violations under `field`.
pub(crate) fn parse(identity: &pb::Identity, field: &str, violations: &mut Violations) -> Option<Identity> {
    let kind = violations.choice::<pb::IdentityKind>(&format!("{field}.kind"), identity.kind)?;
    let value_field = format!("{field}.value");
    if kind != pb::IdentityKind::External && !identity.system.is_empty() {
        violations.add(
            format!("{field}.system"),
            "must be empty unless the kind is IDENTITY_KIND_EXTERNAL",
        );
        return None;
    }
    match kind {
        pb::IdentityKind::Unspecified => None,
        pb::IdentityKind::Email => violations.check(&value_field, Identity::email(&identity.value)),
        pb::IdentityKind::Phone => violations.check(&value_field, Identity::phone(&identity.value)),
        pb::IdentityKind::External => {
            let system = violations.slug(&format!("{field}.system"), &identity.system, 64)?;
            violations.check(&value_field, Identity::external(system, &identity.value))
        }
    }
}

/// The identities of a profile; the same one twice is a violation.
pub(crate) fn parse_all(list: &[pb::Identity], violations: &mut Violations) -> Option<Vec<Identity>> {
    violations.at_most("profile.identities", list.len(), MOST)?;
    let mut identities = Vec::with_capacity(list.len());
    let mut complete = true;
    for (place, identity) in list.iter().enumerate() {
        let field = format!("profile.identities[{place}]");
        match parse(identity, &field, violations) {
            Some(identity) if identities.contains(&identity) => {
                violations.add(field, "must not be given twice");
            }
            Some(identity) => identities.push(identity),
            None => complete = false,
        }
    }
    complete.then_some(identities)
}

pub(crate) fn to_proto(identity: Identity) -> pb::Identity {
    let Identity { kind, system, value } = identity;
    let kind = match kind {
        IdentityKind::Email => pb::IdentityKind::Email,
        IdentityKind::Phone => pb::IdentityKind::Phone,
        IdentityKind::External => pb::IdentityKind::External,
    };
    pb::Identity {
        kind: kind.into(),
        system,
        value,
    }
}
