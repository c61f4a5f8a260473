//! The people in a file, as profiles.

use std::collections::{BTreeMap, HashMap};

use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
    ResolveProfileRequest,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tonic::Code;
use uuid::Uuid;

use crate::input::Row;
use crate::platform::{Platform, ask, failed};

/// Customers that are remembered at most; who is forgotten is found again by asking.
const MOST_KNOWN: usize = 200_000;
/// Profiles created at the same time.
const CONCURRENCY: usize = 16;

/// Finds or makes the profile of every customer that appears.
#[derive(Debug)]
pub(crate) struct Customers {
    platform: Platform,
    /// The system whose ids the customers' ids are.
    system: String,
    part: Part,
    known: HashMap<String, String>,
    decisions: Decisions,
}

/// Whether customers play a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// They have what the input says and nothing else.
    None,
    /// They have an address under a reserved domain where the input has none, and have decided about follow-up.
    Played,
}

/// What the customers of a replay decided about being told what changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Decisions {
    /// How many profiles were made.
    pub(crate) profiles: u64,
    /// They allow follow-up by mail and have an address.
    pub(crate) granted: u64,
    /// They refused.
    pub(crate) refused: u64,
    /// They never decided.
    pub(crate) never_decided: u64,
    /// They allow it, and nobody knows an address.
    pub(crate) no_address: u64,
}

/// What a customer decided, by a hash of their id: the same customer, the same decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Granted,
    Refused,
    NeverDecided,
    NoAddress,
}

impl Decision {
    /// 70 % allow it, 12 % refused, 10 % never decided, 8 % have no address.
    fn of(customer: &str) -> Self {
        match hash(customer) % 100 {
            0..70 => Self::Granted,
            70..82 => Self::Refused,
            82..92 => Self::NeverDecided,
            _ => Self::NoAddress,
        }
    }
}

impl Customers {
    pub(crate) fn new(platform: Platform, system: impl Into<String>, part: Part) -> Self {
        Self {
            platform,
            system: system.into(),
            part,
            known: HashMap::new(),
            decisions: Decisions::default(),
        }
    }

    /// The profile of a customer; empty for nobody.
    pub(crate) fn profile_of(&self, customer: &str) -> String {
        self.known.get(customer).cloned().unwrap_or_default()
    }

    /// What they decided.
    pub(crate) fn decisions(&self) -> Decisions {
        self.decisions
    }

    /// Makes the profiles of those in `rows` who have none yet.
    pub(crate) async fn admit(&mut self, rows: &[Row]) -> anyhow::Result<()> {
        // Whoever plays a part is counted once, and a replay's input is in memory with them.
        if self.part == Part::None && self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        let mut new: BTreeMap<&str, &Row> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.customer.is_empty()) {
            if !self.known.contains_key(&row.customer) {
                new.entry(&row.customer).or_insert(row);
            }
        }
        let requests: Vec<_> = new
            .values()
            .map(|row| (row.customer.clone(), self.request(row)))
            .collect();
        let platform = &self.platform;
        let made: Vec<(String, String)> = stream::iter(requests)
            .map(async |(customer, request)| {
                let profile_id = create(platform, request).await?;
                anyhow::Ok((customer, profile_id))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        for (customer, _) in &made {
            self.count(customer);
        }
        self.known.extend(made);
        Ok(())
    }

    fn count(&mut self, customer: &str) {
        self.decisions.profiles += 1;
        let count = match Decision::of(customer) {
            _ if self.part == Part::None => return,
            Decision::Granted => &mut self.decisions.granted,
            Decision::Refused => &mut self.decisions.refused,
            Decision::NeverDecided => &mut self.decisions.never_decided,
            Decision::NoAddress => &mut self.decisions.no_address,
        };
        *count += 1;
    }

    fn request(&self, row: &Row) -> CreateProfileRequest {
        let external = Identity {
            kind: IdentityKind::External.into(),
            system: self.system.clone(),
            value: row.customer.clone(),
        };
        let address = self.address(row).map(|value| Identity {
            kind: IdentityKind::Email.into(),
            system: String::new(),
            value,
        });
        CreateProfileRequest {
            profile: Some(Profile {
                language: row.language.clone(),
                identities: std::iter::once(external).chain(address).collect(),
                ..Profile::default()
            }),
            consents: self.consent(&row.customer).into_iter().collect(),
            request_id: Uuid::now_v7().to_string(),
        }
    }

    fn address(&self, row: &Row) -> Option<String> {
        let played = self.part == Part::Played;
        if played && Decision::of(&row.customer) == Decision::NoAddress {
            return None;
        }
        let made_up = || {
            format!(
                "customer-{:012x}@example.com",
                hash(&row.customer) & 0xffff_ffff_ffff
            )
        };
        row.email.clone().or_else(|| played.then(made_up))
    }

    fn consent(&self, customer: &str) -> Option<Consent> {
        if self.part == Part::None {
            return None;
        }
        let state = match Decision::of(customer) {
            Decision::Granted | Decision::NoAddress => ConsentState::Granted,
            Decision::Refused => ConsentState::Denied,
            Decision::NeverDecided => return None,
        };
        Some(Consent {
            channel: MessageChannel::Email.into(),
            purpose: Purpose::FollowUp.into(),
            state: state.into(),
            source: "demo".to_owned(),
            decided_at: None,
        })
    }
}

/// Makes the profile, or finds the one that has the identity.
async fn create(platform: &Platform, request: CreateProfileRequest) -> anyhow::Result<String> {
    let external = request
        .profile
        .as_ref()
        .and_then(|profile| profile.identities.first().cloned());
    let client = platform.profiles();
    let retry = attune_server::Retry::default();
    let created = retry.run(|| {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.create_profile(request).await }
    });
    let profile = match created.await {
        Ok(response) => response.into_inner().profile,
        Err(status) if status.code() == Code::AlreadyExists => {
            let request = ResolveProfileRequest { identity: external };
            let found = ask("ResolveProfile", || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.resolve_profile(request).await }
            });
            found.await?.profile
        }
        Err(status) => return Err(failed("CreateProfile", &status)),
    };
    Ok(profile.unwrap_or_default().profile_id)
}

fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_customers_allow_it_and_every_other_answer_occurs() {
        let decisions: Vec<Decision> = (0..2_000)
            .map(|n| Decision::of(&format!("customer {n}")))
            .collect();
        let share =
            |wanted| decisions.iter().filter(|decision| **decision == wanted).count() as f64 / 2_000.0;
        for (decision, wanted) in [
            (Decision::Granted, 0.70),
            (Decision::Refused, 0.12),
            (Decision::NeverDecided, 0.10),
            (Decision::NoAddress, 0.08),
        ] {
            assert!(
                (share(decision) - wanted).abs() < 0.03,
                "{decision:?}: {}",
                share(decision)
            );
        }
        assert_eq!(Decision::of("ana"), Decision::of("ana"));
    }
}
