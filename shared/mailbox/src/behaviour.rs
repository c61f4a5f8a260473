//! How the server treats a recipient.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What happens to a mail for a recipient. Decided when the client names the recipient: over SMTP with `RCPT TO`, over
/// HTTP in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Taken and kept.
    #[default]
    Accept,
    /// Answered with 450 (HTTP: 503), a temporary failure: the client should try again later.
    Refuse,
    /// Answered with 450 (HTTP: 429, and after how many seconds the client should come again).
    SlowDown {
        /// What `Retry-After` says.
        seconds: u32,
    },
    /// Answered with 550 (HTTP: 422), a permanent failure: the address does not exist.
    Reject,
    /// Taken and kept, but the connection is closed before the client hears of it: the client cannot know.
    AcceptThenDropBeforeReply,
    /// The connection is closed while the client sends the message (HTTP: instead of an answer); nothing is kept.
    DropMidData,
    /// Never answered; the connection stays open until the client gives up.
    Hang,
}

/// Which behaviour applies to whom; may change at any time.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    table: Mutex<Table>,
    attempts: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    default: Behaviour,
    chosen: HashMap<String, Behaviour>,
}

impl Rules {
    pub(crate) fn set_default(&self, behaviour: Behaviour) {
        self.table().default = behaviour;
    }

    pub(crate) fn set_for(&self, recipient: &str, behaviour: Behaviour) {
        self.table().chosen.insert(recipient.to_lowercase(), behaviour);
    }

    /// Counts the attempt and says how it goes on.
    pub(crate) fn judge(&self, recipient: &str) -> Behaviour {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let table = self.table();
        if table.chosen.is_empty() {
            return table.default;
        }
        table
            .chosen
            .get(&recipient.to_lowercase())
            .copied()
            .unwrap_or(table.default)
    }

    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is one assignment, so a panic elsewhere cannot leave the table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
