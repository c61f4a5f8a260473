//! In which arm a customer of a pilot is.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Which of the two a customer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Arm {
    /// Without the change.
    Control,
    /// With it.
    Treated,
}

impl Arm {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Treated => "treated",
        }
    }
}

/// A customer who asks for an arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) profile_id: Uuid,
    pub(crate) stratum: String,
}

/// In which arm a customer is, why, and what happened to them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) profile_id: Uuid,
    pub(crate) arm: Arm,
    pub(crate) stratum: String,
    pub(crate) bucket: f64,
    pub(crate) treated_share: f64,
    pub(crate) assigned_at: DateTime<Utc>,
    pub(crate) exposed_at: Option<DateTime<Utc>>,
    /// When they got the change; in the control arm that is contamination.
    pub(crate) treated_at: Option<DateTime<Utc>>,
}

/// A customer met the place where the change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) profile_id: Uuid,
    pub(crate) exposed_at: DateTime<Utc>,
    pub(crate) treated: bool,
}

impl Assignment {
    /// The arm of a customer, by the hash of pilot and customer. The stratum has no part in it: it may be told
    /// differently another time, and the arm must not.
    pub(crate) fn by_hash(
        pilot_id: Uuid,
        candidate: Candidate,
        treated_share: f64,
        now: DateTime<Utc>,
    ) -> Self {
        let Candidate { profile_id, stratum } = candidate;
        let bucket = bucket(pilot_id, profile_id);
        let arm = if bucket < treated_share {
            Arm::Treated
        } else {
            Arm::Control
        };
        Self {
            profile_id,
            arm,
            stratum,
            bucket,
            treated_share,
            assigned_at: now,
            exposed_at: None,
            treated_at: None,
        }
    }

    /// In a sentence: why they are in this arm.
    pub(crate) fn explanation(&self) -> String {
        let (side, arm) = match self.arm {
            Arm::Control => ("not below", "without the change"),
            Arm::Treated => ("below", "with the change"),
        };
        let met = match (self.arm, self.exposed_at, self.treated_at) {
            (_, None, _) => "they have not met the place where the change is",
            (Arm::Control, Some(_), Some(_)) => {
                "they got the change all the same, which is recorded as contamination"
            }
            (Arm::Treated, Some(_), None) => "they met the place where the change is and did not get it",
            _ => "they met the place where the change is as assigned",
        };
        format!(
            "the hash of pilot and customer is {:.6}, {side} the treated share {}: {arm}; {met}",
            self.bucket, self.treated_share
        )
    }
}

/// The first 53 bits of SHA-256 as a number from 0 up to 1: even, and different from pilot to pilot.
fn bucket(pilot_id: Uuid, profile_id: Uuid) -> f64 {
    let digest = Sha256::new()
        .chain_update(pilot_id.as_bytes())
        .chain_update(profile_id.as_bytes())
        .finalize();
    let first = digest
        .iter()
        .take(8)
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (first >> 11) as f64 / (1_u64 << 53) as f64
}
