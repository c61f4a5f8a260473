//! The end of an invitation's time.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;

use crate::analysis::{Reader, Understood};
use crate::commands::response;
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::survey::Survey;
use crate::error::Error;
use crate::store;

/// Ends an invitation: what was answered by then counts, though the person was not done.
pub(crate) async fn expire(
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    seen: &Invitation,
    survey: &Survey,
) -> Result<Ending, Error> {
    let understood = response::understand_partial(db, reader, tenant, seen, survey).await?;
    Ok(Ending {
        seen: seen.version,
        understood,
    })
}

/// What is needed to end an invitation, as it was at a version of it.
#[derive(Debug)]
pub(crate) struct Ending {
    seen: i64,
    understood: Vec<Understood>,
}

impl Ending {
    /// Ends `invitation`, which this transaction holds. Answers false when something came in between.
    pub(crate) async fn apply(self, tx: &mut Tx, mut invitation: Invitation) -> Result<bool, Error> {
        if invitation.version != self.seen {
            return Ok(false);
        }
        let started = invitation.state == InvitationState::Started;
        let reached = started || invitation.state == InvitationState::Sent;
        invitation.state = InvitationState::Expired;
        invitation.version += 1;
        if started && !self.understood.is_empty() {
            response::count(tx, &mut invitation, self.understood).await?;
        }
        if reached && invitation.counts {
            store::response_rate::count(tx, &invitation, false).await?;
        }
        store::invitation::update(tx, &invitation).await?;
        Ok(true)
    }
}
