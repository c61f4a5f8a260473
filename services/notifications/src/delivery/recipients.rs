//! Asking profiles about the persons that messages go to.

use std::collections::HashMap;
use std::time::Duration;

use attune_api::profiles::v1 as profiles;
use attune_api::profiles::v1::profile_service_client::ProfileServiceClient;
use attune_rpc::TenantId;
use attune_server::Peers;
use uuid::Uuid;

use crate::convert;
use crate::domain::{Message, Purpose, Recipient};

/// How long profiles may take; a batch's lease counts on it.
pub(super) const LONGEST_ANSWER: Duration = Duration::from_secs(15);
/// A profile with every field filled has about 150 KB, and a batch holds at most 100.
const LARGEST_ANSWER: usize = 16 << 20;

/// What is known now of the persons the messages go to, by profile and purpose. Asked on delivery and not
/// before, because a consent may be withdrawn in between. Persons who do not exist are left out.
pub(super) async fn ask(
    peers: &Peers,
    tenant: &TenantId,
    messages: impl Iterator<Item = &Message>,
) -> anyhow::Result<Recipients> {
    let mut ids: Vec<Uuid> = messages.filter_map(|message| message.profile_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Recipients::default());
    }
    let mut client = ProfileServiceClient::new(peers.channel("profiles").for_tenant(tenant))
        .max_decoding_message_size(LARGEST_ANSWER);
    let profile_ids = ids.iter().map(Uuid::to_string).collect();
    let mut request = tonic::Request::new(profiles::BatchGetProfilesRequest { profile_ids });
    request.set_timeout(LONGEST_ANSWER);
    let found = client.batch_get_profiles(request).await?;
    let known = found.into_inner().profiles.into_iter();
    Ok(Recipients {
        profiles: known
            .map(|profile| (profile.profile_id.clone(), profile))
            .collect(),
    })
}

/// The answer of profiles.
#[derive(Default)]
pub(super) struct Recipients {
    profiles: HashMap<String, profiles::Profile>,
}

impl Recipients {
    /// A person, with the consent in force for mail and `purpose`.
    pub(super) fn find(&self, profile_id: Uuid, purpose: Purpose) -> Option<Recipient> {
        let profile = self.profiles.get(&profile_id.to_string())?;
        Some(convert::recipient::from_profile(profile, purpose))
    }
}
