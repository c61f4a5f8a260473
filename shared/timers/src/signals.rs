//! Wake-ups inside one process: hints, beside which the loops poll.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use attune_clock::Clock;
use attune_database::{Schema, Tx};
use chrono::{DateTime, Utc};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};

/// Hints that a loop may be late with; it looks where it missed some.
const KEPT: usize = 256;

/// Who schedules knows no more than the schema.
static SCHEDULED: LazyLock<Mutex<HashMap<&'static str, Sender<Scheduled>>>> = LazyLock::new(Mutex::default);

/// That a timer was committed.
#[derive(Clone, Debug)]
struct Scheduled {
    kind: Arc<str>,
    due_at: DateTime<Utc>,
}

fn scheduled(schema: Schema) -> Sender<Scheduled> {
    let mut known = SCHEDULED.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .entry(schema.name())
        .or_insert_with(|| Sender::new(KEPT))
        .clone()
}

/// Tells those who fire timers of `kind`, after the commit, that one is due at `due_at`.
pub(crate) fn hint(tx: &mut Tx, kind: &str, due_at: DateTime<Utc>) {
    let sender = scheduled(tx.schema());
    let kind = kind.into();
    tx.after_commit(move || {
        // Where nobody listens nobody needs to know.
        let _ = sender.send(Scheduled { kind, due_at });
    });
}

/// What one loop hears of timers that were scheduled.
pub(crate) struct Hints {
    receiver: Receiver<Scheduled>,
    kinds: Vec<&'static str>,
}

impl Hints {
    /// Hears of timers of `kinds` in `schema` from now on.
    pub(crate) fn new(schema: Schema, kinds: Vec<&'static str>) -> Self {
        Self {
            receiver: scheduled(schema).subscribe(),
            kinds,
        }
    }

    /// Forgets what was heard so far: what it is about is found by the look that follows.
    pub(crate) fn forget(&mut self) {
        loop {
            match self.receiver.try_recv() {
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Returns when something of what was scheduled since is due. Most of what is scheduled is due much later, and is
    /// found by the loop that looks at its time; looking for it at once costs the writer more than its own write.
    pub(crate) async fn due(&mut self, clock: &Clock) {
        let mut next: Option<DateTime<Utc>> = None;
        loop {
            let rest = next.map(|next| (next - clock.now()).to_std().unwrap_or_default());
            tokio::select! {
                heard = self.receiver.recv() => match heard {
                    Ok(heard) if self.kinds.iter().any(|kind| **kind == *heard.kind) => {
                        next = Some(next.map_or(heard.due_at, |next| next.min(heard.due_at)));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => return std::future::pending().await,
                },
                () = tokio::time::sleep(rest.unwrap_or_default()), if rest.is_some() => {}
            }
            if next.is_some_and(|next| next <= clock.now()) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures::FutureExt as _;

    use super::*;

    fn tell(schema: Schema, kind: &str, due_at: DateTime<Utc>) {
        let kind = kind.into();
        let heard_by = scheduled(schema).send(Scheduled { kind, due_at }).unwrap();
        assert_eq!(heard_by, 1);
    }

    #[tokio::test]
    async fn a_loop_wakes_for_what_is_due_of_its_own_kinds() {
        let schema = Schema("signals_due");
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let (clock, hand) = Clock::manual(noon);
        let mut hints = Hints::new(schema, vec!["reminder"]);
        tell(schema, "reminder", noon + TimeDelta::hours(1));
        tell(schema, "digest", noon);
        assert!(hints.due(&clock).now_or_never().is_none(), "nothing of it is due");

        tell(schema, "reminder", noon + TimeDelta::hours(1));
        tell(schema, "reminder", noon);
        assert!(hints.due(&clock).now_or_never().is_some());

        tell(schema, "reminder", noon + TimeDelta::hours(1));
        hand.advance(TimeDelta::hours(1));
        assert!(
            hints.due(&clock).now_or_never().is_some(),
            "it became due meanwhile"
        );

        tell(schema, "reminder", noon);
        hints.forget();
        assert!(hints.due(&clock).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_loop_wakes_when_what_it_heard_of_becomes_due() {
        let schema = Schema("signals_later");
        let clock = Clock::system();
        let mut hints = Hints::new(schema, vec!["reminder"]);
        tell(schema, "reminder", clock.now() + TimeDelta::milliseconds(30));
        let woken = tokio::time::timeout(std::time::Duration::from_secs(30), hints.due(&clock));
        woken.await.unwrap();
    }

    #[tokio::test]
    async fn a_loop_that_missed_a_hint_looks() {
        let schema = Schema("signals_missed");
        let clock = Clock::system();
        let mut hints = Hints::new(schema, vec!["reminder"]);
        for _ in 0..=KEPT {
            tell(schema, "digest", clock.now());
        }
        assert!(hints.due(&clock).now_or_never().is_some());
    }
}
