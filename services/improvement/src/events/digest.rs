//! Digests that are to be sent.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use crate::domain::{Digest, Letter, TeamMember};

/// A letter is to be sent.
pub(crate) async fn composed(
    tx: &mut Tx,
    digest: &Digest,
    letter: &Letter,
    member: &TeamMember,
) -> Result<(), sqlx::Error> {
    let event = pb::DigestComposed {
        digest_subscription_id: digest.digest_subscription_id.to_string(),
        number: digest.number,
        member_id: member.member_id.clone(),
        email: member.email.clone(),
        subject: letter.subject.clone(),
        body: letter.body.clone(),
    };
    let number = i64::from(digest.number);
    attune_events::append(tx, digest.digest_subscription_id, number, &event).await?;
    Ok(())
}
