//! What the story needs of a platform.

use async_trait::async_trait;
use attune_mailbox::Mailbox;
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, Utc};

use super::COMPANY;

/// A platform whose time can be moved.
#[async_trait]
pub trait World: Sync {
    /// Somebody of the company who may do everything.
    fn company(&self) -> Tenant;
    /// The platform's time.
    fn now(&self) -> DateTime<Utc>;
    /// Moves the time and waits until everything that follows is done.
    async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure>;
    /// Waits until everything is done at this instant.
    async fn settle(&self) -> Result<(), Failure>;
    /// Where all mail goes.
    fn mailbox(&self) -> &Mailbox;
}

#[async_trait]
impl World for TestPlatform {
    fn company(&self) -> Tenant {
        self.tenant(COMPANY)
    }
    fn now(&self) -> DateTime<Utc> {
        Self::now(self)
    }
    async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        Self::advance_to(self, instant).await
    }
    async fn settle(&self) -> Result<(), Failure> {
        Self::settle(self).await
    }
    fn mailbox(&self) -> &Mailbox {
        Self::mailbox(self)
    }
}
