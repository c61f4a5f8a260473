//! What the story needs of a platform.

use async_trait::async_trait;
use attune_mailbox::Mailbox;
use attune_testkit::{Failure, ProcessPlatform, Tenant, TestPlatform};
use chrono::{DateTime, Utc};

use super::COMPANY;

/// A moment of the story at which a platform may be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Feedback was sent and answered; nothing that follows from it has been waited for.
    Said,
    /// The time moved, and what is due then begins.
    Moved,
    /// A change was rolled out; nobody has been waited for to be told.
    RolledOut,
}

/// A platform whose time can be moved.
#[async_trait]
pub trait World: Sync {
    /// Somebody of the company who may do everything.
    fn company(&self) -> Result<Tenant, Failure>;
    /// The platform's time.
    fn now(&self) -> DateTime<Utc>;
    /// Moves the time and waits until everything that follows is done.
    async fn advance_to(&self, instant: DateTime<Utc>) -> Result<(), Failure>;
    /// Waits until everything is done at this instant.
    async fn settle(&self) -> Result<(), Failure>;
    /// Where all mail goes.
    fn mailbox(&self) -> &Mailbox;
    /// The story has come to this moment.
    async fn reached(&self, _moment: Moment) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl World for TestPlatform {
    fn company(&self) -> Result<Tenant, Failure> {
        self.user(COMPANY, "*")
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

#[async_trait]
impl World for ProcessPlatform {
    fn company(&self) -> Result<Tenant, Failure> {
        self.user(COMPANY, "*")
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
