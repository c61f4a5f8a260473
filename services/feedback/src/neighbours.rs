//! What surveys ask of the other services. Always outside of any transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use attune_api::notifications::v1 as notifications;
use attune_api::notifications::v1::contact_service_client::ContactServiceClient;
use attune_api::notifications::v1::message_service_client::MessageServiceClient;
use attune_api::notifications::v1::template_service_client::TemplateServiceClient;
use attune_api::profiles::v1 as profiles;
use attune_api::profiles::v1::profile_service_client::ProfileServiceClient;
use attune_rpc::TenantId;
use attune_server::Peers;
use tonic::{Code, Request};
use uuid::Uuid;

use crate::convert;
use crate::domain::invitation::{Invitation, Person, Reservation};
use crate::error::Error;

/// How long one answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The kind of origin that surveys' messages have.
pub(crate) const ORIGIN: &str = "survey";

/// The other services.
#[derive(Clone, Debug)]
pub(crate) struct Neighbours {
    peers: Peers,
}

/// A message to be handed over.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) profile_id: Uuid,
    pub(crate) template_id: Uuid,
    pub(crate) survey_id: Uuid,
    /// Nobody gets two messages of one survey and occasion.
    pub(crate) occasion: String,
    pub(crate) variables: BTreeMap<String, String>,
    /// The same each time it is handed over.
    pub(crate) request_id: Uuid,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It is this message now.
    Over(Uuid),
    /// It can never be one.
    Refused,
}

/// Whether a template can invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fitness {
    Fits,
    Missing,
    /// It is for another purpose than surveys, so another consent would be asked for when it is sent.
    OtherPurpose,
}

impl Neighbours {
    pub(crate) fn new(peers: Peers) -> Self {
        Self { peers }
    }

    /// What is known of a person now; none when nobody knows them.
    pub(crate) async fn person(&self, tenant: &TenantId, profile_id: Uuid) -> Result<Option<Person>, Error> {
        let mut client = ProfileServiceClient::new(self.peers.channel("profiles").for_tenant(tenant));
        let profile_ids = vec![profile_id.to_string()];
        let mut request = Request::new(profiles::BatchGetProfilesRequest { profile_ids });
        request.set_timeout(PATIENCE);
        let found = client
            .batch_get_profiles(request)
            .await
            .map_err(Error::peer("profiles"))?;
        let profile = found.into_inner().profiles.into_iter().next();
        Ok(profile.as_ref().map(convert::person::from_profile))
    }

    /// Whether a template of the notifications service can invite.
    pub(crate) async fn template(&self, tenant: &TenantId, template_id: Uuid) -> Result<Fitness, Error> {
        let mut client = TemplateServiceClient::new(self.peers.channel("notifications").for_tenant(tenant));
        let template_id = template_id.to_string();
        let mut request = Request::new(notifications::GetTemplateRequest { template_id });
        request.set_timeout(PATIENCE);
        match client.get_template(request).await {
            Ok(found) => {
                let template = found.into_inner().template.unwrap_or_default();
                let fits = template.purpose() == profiles::Purpose::Survey;
                Ok(if fits {
                    Fitness::Fits
                } else {
                    Fitness::OtherPurpose
                })
            }
            Err(status) if status.code() == Code::NotFound => Ok(Fitness::Missing),
            Err(status) => Err(Error::peer("notifications")(status)),
        }
    }

    /// Hands a letter over to the notifications service. A repetition has no effect.
    pub(crate) async fn send(&self, tenant: &TenantId, letter: Letter) -> Result<Handed, Error> {
        let mut client = MessageServiceClient::new(self.peers.channel("notifications").for_tenant(tenant));
        let mut request = Request::new(convert::letter::to_proto(letter));
        request.set_timeout(PATIENCE);
        match client.send_message(request).await {
            Ok(sent) => convert::letter::message_id(sent.get_ref()).map(Handed::Over),
            Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => {
                Ok(Handed::Refused)
            }
            Err(status) => Err(Error::peer("notifications")(status)),
        }
    }

    /// Reserves the company's contact for the message at `place` of an invitation. A repetition is the same reservation.
    pub(crate) async fn reserve(
        &self,
        tenant: &TenantId,
        invitation: &Invitation,
        place: i32,
    ) -> Result<Reservation, Error> {
        let mut client = ContactServiceClient::new(self.peers.channel("notifications").for_tenant(tenant));
        let mut request = Request::new(convert::letter::reserve(invitation, place));
        request.set_timeout(PATIENCE);
        let answer = client
            .reserve_contact(request)
            .await
            .map_err(Error::peer("notifications"))?;
        convert::letter::reservation(answer.get_ref())
    }

    /// Gives back a contact that is not needed. One that cannot be given back now ends by itself, so that nobody waits
    /// for it.
    pub(crate) async fn release(&self, tenant: &TenantId, contact_id: Uuid) {
        let mut client = ContactServiceClient::new(self.peers.channel("notifications").for_tenant(tenant));
        let mut request = Request::new(notifications::ReleaseContactRequest {
            contact_id: contact_id.to_string(),
            request_id: String::new(),
        });
        request.set_timeout(PATIENCE);
        if let Err(status) = client.release_contact(request).await {
            tracing::warn!(%contact_id, code = ?status.code(), "a contact was not given back; it ends by itself");
        }
    }
}
