//! Charging the contact budget for messages that would go now.

use attune_database::Database;
use attune_rpc::TenantId;
use attune_timers::Leased;
use uuid::Uuid;

use super::attempt::Attempt;
use crate::commands::contact;
use crate::domain::{Message, Wish};

/// A message that is due, and what is to be done with it.
type Ready<'a> = (&'a Leased, Message, Attempt);

/// Decides who may be written to now, in one transaction, before any provider is asked. What that transaction charged
/// is charged when the process dies after it: the message's next attempt finds it. Of two messages to a person the one
/// that was asked for first gets what is left.
pub(super) async fn charge<'a>(
    db: &Database,
    tenant: &TenantId,
    mut ready: Vec<Ready<'a>>,
) -> anyhow::Result<Vec<Ready<'a>>> {
    let mails = ready.iter().filter(|(_, _, attempt)| attempt.is_mail());
    let mut profiles: Vec<Uuid> = mails.filter_map(|(_, message, _)| message.profile_id).collect();
    if profiles.is_empty() {
        return Ok(ready);
    }
    profiles.sort_unstable();
    profiles.dedup();
    let mut tx = db.system(tenant).await?;
    let mut ledger = contact::open(&mut tx, &profiles).await?;
    // Ids are in the order of creation.
    ready.sort_unstable_by_key(|(_, message, _)| message.message_id);
    let mut charged = Vec::with_capacity(ready.len());
    for (leased, message, mut attempt) in ready {
        if let Some(profile_id) = message.profile_id.filter(|_| attempt.is_mail()) {
            let wish = Wish {
                contact_id: Uuid::now_v7(),
                profile_id,
                purpose: message.purpose,
                origin: message.origin(),
                message_id: Some(message.message_id),
            };
            let what = ledger.charge(&wish);
            attempt = attempt.charged(&message, ledger.budget(), &what);
        }
        charged.push((leased, message, attempt));
    }
    contact::close(&mut tx, ledger).await?;
    tx.commit().await?;
    Ok(charged)
}
