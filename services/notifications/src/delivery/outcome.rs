//! Writing down what became of messages.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{FinishError, Leased};

use super::KIND;
use super::attempt::{Kind, Outcome};
use crate::domain::{MOST_ATTEMPTS, Message, State, next_attempt};
use crate::store::decision::Decision;
use crate::{events, store};

/// Records the outcomes of a batch in one transaction. A message whose lease was lost is somebody else's by now
/// and is left alone.
pub(super) async fn record(
    db: &Database,
    tenant: &TenantId,
    attempts: Vec<(&Leased, Message, Outcome)>,
) -> anyhow::Result<()> {
    let mut tx = db.system(tenant).await?;
    for (leased, message, outcome) in attempts {
        match leased.finish(&mut tx).await {
            Ok(()) => record_one(&mut tx, message, outcome).await?,
            Err(FinishError::Lost(lost)) => tracing::warn!(%lost, "outcome left to whoever holds the lease now"),
            Err(FinishError::Database(error)) => return Err(error.into()),
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn record_one(tx: &mut Tx, mut message: Message, outcome: Outcome) -> Result<(), sqlx::Error> {
    let Outcome { kind, reason, rule, inputs } = outcome;
    let now = tx.now();
    if matches!(kind, Kind::Sent | Kind::Again) {
        message.attempts += 1;
    }
    let gave_up = kind == Kind::Again && message.attempts >= MOST_ATTEMPTS;
    let outcome = match kind {
        Kind::Sent => "sent",
        Kind::Blocked => "blocked",
        Kind::Failed => "failed",
        Kind::Again if gave_up => "failed",
        Kind::Again => "retry",
    };
    let decision = Decision { decided_at: now, outcome: outcome.into(), reason: reason.clone(), rule: rule.into(), inputs };
    store::decision::append(tx, message.message_id, &decision).await?;
    match kind {
        Kind::Sent => message.decide(State::Sent, "", now),
        Kind::Blocked => message.decide(State::Blocked, &reason, now),
        Kind::Failed => message.decide(State::Failed, &reason, now),
        Kind::Again if gave_up => message.decide(State::Failed, "gave_up", now),
        Kind::Again => {
            let again_at = next_attempt(now, message.attempts);
            attune_timers::schedule(tx, KIND, message.message_id, again_at).await?;
        }
    }
    store::message::update(tx, &message).await?;
    events::decided(tx, &message).await
}
