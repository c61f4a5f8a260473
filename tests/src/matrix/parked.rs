//! Events of a tenant that a subscription set aside.

use attune_api::events::v1::{Event, SubscribeRequest};
use attune_testkit::{Failure, TestPlatform};
use prost::Message as _;

use super::World;

/// The subscription that is made to have set events aside.
pub const SUBSCRIPTION: &str = "feedback.interactions";

impl World {
    /// Sets the event of the world's known interaction aside, as the feedback service does when it cannot take
    /// an event in: nothing that comes through the API is such an event.
    pub async fn park(&self, platform: &TestPlatform) -> Result<(), Failure> {
        let event = self.told_interaction().await?;
        sqlx::query(
            "INSERT INTO feedback.parked (position, parked_at, subject, attempts, name, source, tenant_id, event,
                 error)
             VALUES ($1, $2, $3::text::uuid, 5, $4, 'interactions', $5, $6, $7)",
        )
        .bind(event.position)
        .bind(platform.now())
        .bind(&event.subject)
        .bind(SUBSCRIPTION)
        .bind(&self.name)
        .bind(event.encode_to_vec())
        .bind(format!("cannot digest {}", self.marker))
        .execute(platform.admin())
        .await?;
        Ok(())
    }

    /// The event of the known interaction, from the feed.
    async fn told_interaction(&self) -> Result<Event, Failure> {
        let wanted = self.known("interaction_id")?;
        let from_the_start = SubscribeRequest {
            source: "interactions".to_owned(),
            ..Default::default()
        };
        let mut feed = self.tenant.events(&self.tenant.channels().interactions);
        let mut responses = feed.subscribe(from_the_start).await?.into_inner();
        while let Some(response) = responses.message().await? {
            if let Some(event) = response.events.into_iter().find(|event| event.subject == wanted) {
                return Ok(event);
            }
            if response.caught_up {
                break;
            }
        }
        Err(format!("no event tells of the interaction {wanted}").into())
    }
}
