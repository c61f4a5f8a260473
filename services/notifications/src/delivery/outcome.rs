//! Writing down what became of messages.

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::Leased;
use chrono::{DateTime, Utc};

use super::KIND;
use super::attempt::{Kind, Outcome};
use crate::domain::{MOST_ATTEMPTS, Message, State, next_attempt};
use crate::store::decision::Decision;
use crate::timers::waking;
use crate::{events, store};

/// Records outcomes in one transaction and a fixed number of statements. A message whose lease was lost is
/// somebody else's by now and is left alone.
pub(super) async fn record(
    db: &Database,
    tenant: &TenantId,
    attempts: Vec<(&Leased, Message, Outcome)>,
) -> anyhow::Result<()> {
    let mut tx = db.system(tenant).await?;
    let leased: Vec<&Leased> = attempts.iter().map(|(leased, ..)| *leased).collect();
    let held = Leased::finish_many(&mut tx, &leased).await?;
    let (mut messages, mut decisions, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for (_, mut message, outcome) in attempts {
        let message_id = message.message_id;
        if !held.contains(&message_id) {
            tracing::warn!(%message_id, "lease lost; the outcome is left to whoever holds it now");
            continue;
        }
        let (decision, again_at) = settle(&mut message, outcome, tx.now());
        again.extend(again_at.map(|at| (message_id, at)));
        decisions.push((message_id, decision));
        messages.push(message);
    }
    store::decision::append_many(&mut tx, &decisions).await?;
    store::message::update_many(&mut tx, &messages).await?;
    let in_state = |states: &[State]| -> Vec<&Message> {
        let messages = messages.iter();
        messages
            .filter(|message| states.contains(&message.state))
            .collect()
    };
    store::contact::sent(&mut tx, &in_state(&[State::Sent])).await?;
    store::contact::not_sent(&mut tx, &in_state(&[State::Blocked, State::Failed])).await?;
    attune_timers::schedule_many(&mut tx, KIND, &again).await?;
    wake_if_overtaken(&mut tx, &messages).await?;
    events::decided(&mut tx, &messages).await?;
    tx.commit().await?;
    Ok(())
}

/// A message that begins to wait for a budget in whose place another came meanwhile is woken should that be larger:
/// whoever set it could not see the message waiting.
async fn wake_if_overtaken(tx: &mut Tx, messages: &[Message]) -> Result<(), sqlx::Error> {
    let waiting = messages.iter().filter(|message| message.deferred_until.is_some());
    let Some(oldest) = waiting.map(|message| message.deferred_under).min() else {
        return Ok(());
    };
    if store::contact_budget::pinned(tx).await?.number > oldest {
        waking::begin(tx).await?;
    }
    Ok(())
}

/// Ends timers that stand for no message that waits.
pub(super) async fn discard(db: &Database, tenant: &TenantId, stale: &[&Leased]) -> anyhow::Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    let mut tx = db.system(tenant).await?;
    let ended = Leased::finish_many(&mut tx, stale).await?;
    tx.commit().await?;
    tracing::warn!(
        count = ended.len(),
        "deliveries of no waiting message were dropped"
    );
    Ok(())
}

/// Applies an outcome to its message: the decision to be recorded, and when to try again.
fn settle(message: &mut Message, outcome: Outcome, now: DateTime<Utc>) -> (Decision, Option<DateTime<Utc>>) {
    let Outcome {
        kind,
        handed_over,
        reason,
        rule,
        inputs,
    } = outcome;
    message.attempts += i32::from(handed_over);
    let gave_up = matches!(kind, Kind::Again { .. }) && message.attempts >= MOST_ATTEMPTS;
    let mut again_at = None;
    let told = match kind {
        Kind::Sent => {
            message.decide(State::Sent, "", now);
            "sent"
        }
        Kind::Blocked => {
            message.decide(State::Blocked, &reason, now);
            "blocked"
        }
        Kind::Deferred { until, under } => {
            message.defer(&reason, until, under);
            again_at = Some(until);
            "deferred"
        }
        Kind::Failed => {
            message.decide(State::Failed, &reason, now);
            "failed"
        }
        Kind::Again { .. } if gave_up => {
            message.decide(State::Failed, "gave_up", now);
            "failed"
        }
        Kind::Again { rest } => {
            message.retry();
            again_at = Some(next_attempt(now, message.attempts, rest));
            "retry"
        }
    };
    (
        Decision {
            decided_at: now,
            outcome: told.to_owned(),
            reason,
            rule: rule.to_owned(),
            inputs,
        },
        again_at,
    )
}
