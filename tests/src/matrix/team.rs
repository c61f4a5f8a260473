//! The people of a tenant who improve things.

use attune_testkit::Failure;

use super::World;
use super::world::text;

impl World {
    /// Three of them, of whom one has subscribed to what changes; a digest is due when the next hour is full.
    pub(super) async fn gather(&mut self) -> Result<(), Failure> {
        for name in ["spare_member_id", "other_member_id", "member_id"] {
            let member = self.call("SetTeamMember", &[]).await?;
            self.keep(name, &text(&member, "member.member_id")?);
        }
        for name in ["spare_digest_subscription_id", "digest_subscription_id"] {
            let made = self.call("CreateDigestSubscription", &[]).await?;
            self.keep(name, &text(&made, "subscription.digest_subscription_id")?);
        }
        Ok(())
    }

    /// An initiative was the idea of two of them.
    pub(super) async fn credit(&self) -> Result<(), Failure> {
        let other = self.known("other_member_id")?;
        self.call("CreditMember", &[("member_id", other)]).await?;
        self.call("CreditMember", &[]).await?;
        Ok(())
    }
}
