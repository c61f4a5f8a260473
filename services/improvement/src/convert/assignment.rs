//! Assignments and exposures.

use std::collections::HashSet;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Error, RequestKey, Violations, timestamp};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::commands::assignment::{Assign, Record};
use crate::domain::{Arm, Assignment, Candidate, Exposure};

const MOST_PROFILES: usize = 500;

pub(crate) fn assign(request: &pb::AssignProfilesRequest) -> Result<Assign, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("AssignProfiles", &request.request_id, request, &mut violations);
    let pilot_id = violations.id("pilot_id", &request.pilot_id);
    check_length("candidates", request.candidates.len(), &mut violations);
    let mut seen = HashSet::new();
    let candidates: Vec<_> = request
        .candidates
        .iter()
        .take(MOST_PROFILES)
        .enumerate()
        .map(|(place, candidate)| {
            let pb::PilotCandidate { profile_id, stratum } = candidate;
            let field = format!("candidates[{place}]");
            let profile_id = profile(&field, profile_id, &mut seen, &mut violations);
            let stratum = violations.optional_slug(&format!("{field}.stratum"), stratum, 64);
            Some(Candidate {
                profile_id: profile_id?,
                stratum: stratum?.unwrap_or_default(),
            })
        })
        .collect();
    let assign = || {
        Some(Assign {
            pilot_id: pilot_id?,
            candidates: candidates.into_iter().collect::<Option<_>>()?,
            key: key?,
        })
    };
    violations.finish(assign())
}

/// `now` is the platform's time: nobody has met anything in the future.
pub(crate) fn record(request: &pb::RecordExposuresRequest, now: DateTime<Utc>) -> Result<Record, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("RecordExposures", &request.request_id, request, &mut violations);
    let pilot_id = violations.id("pilot_id", &request.pilot_id);
    check_length("exposures", request.exposures.len(), &mut violations);
    let mut seen = HashSet::new();
    let exposures: Vec<_> = request
        .exposures
        .iter()
        .take(MOST_PROFILES)
        .enumerate()
        .map(|(place, exposure)| {
            let field = format!("exposures[{place}]");
            let profile_id = profile(&field, &exposure.profile_id, &mut seen, &mut violations);
            let at = format!("{field}.exposed_at");
            let exposed_at = violations.instant(&at, exposure.exposed_at);
            if exposed_at.is_some_and(|exposed_at| exposed_at > now) {
                violations.add(at, "must not be in the future");
            }
            Some(Exposure {
                profile_id: profile_id?,
                exposed_at: exposed_at?,
                treated: exposure.treated,
            })
        })
        .collect();
    let record = || {
        Some(Record {
            pilot_id: pilot_id?,
            exposures: exposures.into_iter().collect::<Option<_>>()?,
            key: key?,
        })
    };
    violations.finish(record())
}

fn check_length(field: &str, length: usize, violations: &mut Violations) {
    if length == 0 {
        violations.add(field, "must hold at least one entry");
    }
    violations.at_most(field, length, MOST_PROFILES);
}

/// A person, named once in the request.
fn profile(field: &str, id: &str, seen: &mut HashSet<Uuid>, violations: &mut Violations) -> Option<Uuid> {
    let field = format!("{field}.profile_id");
    let profile_id = violations.id(&field, id)?;
    if !seen.insert(profile_id) {
        violations.add(field, "must name each person once");
    }
    Some(profile_id)
}

pub(crate) fn explain(request: &pb::ExplainAssignmentRequest) -> Result<(Uuid, Uuid), Error> {
    let mut violations = Violations::default();
    let pilot_id = violations.id("pilot_id", &request.pilot_id);
    let profile_id = violations.id("profile_id", &request.profile_id);
    violations.finish(pilot_id.zip(profile_id))
}

pub(crate) fn to_proto(assignment: Assignment) -> pb::PilotAssignment {
    let Assignment {
        profile_id,
        arm,
        stratum,
        bucket,
        treated_share,
        assigned_at,
        exposed_at,
        treated_at,
    } = assignment;
    let arm = match arm {
        Arm::Control => pb::Arm::Control,
        Arm::Treated => pb::Arm::Treated,
    };
    pb::PilotAssignment {
        profile_id: profile_id.to_string(),
        arm: arm.into(),
        stratum,
        bucket,
        treated_share,
        assigned_at: Some(timestamp(assigned_at)),
        exposed_at: exposed_at.map(timestamp),
        treated_at: treated_at.map(timestamp),
    }
}
