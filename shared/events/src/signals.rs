//! Wake-ups inside one process. All are hints: whoever waits also polls, so a lost one costs time and nothing
//! else.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use attune_database::{Database, Schema};
use tokio::sync::{Notify, watch};

/// The wake-ups of one schema of one database.
#[derive(Debug)]
pub(crate) struct Signals {
    /// The newest position of the feed that this process knows of.
    head: watch::Sender<i64>,
    /// An operator released parked events.
    pub(crate) released: Notify,
}

/// Host, port and database name, then the schema: one process may work on several databases (tests do).
type Key = (String, u16, String, &'static str);

/// A sequencer, a feed's streams and a subscription are made apart, so they meet here. Entries live as long as
/// somebody holds them.
static SIGNALS: LazyLock<Mutex<HashMap<Key, Weak<Signals>>>> = LazyLock::new(Mutex::default);

/// A writer knows no more than its schema.
static APPENDED: LazyLock<Mutex<HashMap<&'static str, Arc<Notify>>>> = LazyLock::new(Mutex::default);

impl Signals {
    pub(crate) fn of(database: &Database) -> Arc<Self> {
        let mut known = SIGNALS.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(database);
        if let Some(signals) = known.get(&key).and_then(Weak::upgrade) {
            return signals;
        }
        known.retain(|_, signals| signals.strong_count() > 0);
        let signals = Arc::new(Self {
            head: watch::Sender::new(0),
            released: Notify::new(),
        });
        known.insert(key, Arc::downgrade(&signals));
        signals
    }

    /// Tells the feed's readers that there is something up to `position`.
    pub(crate) fn head_is(&self, position: i64) {
        self.head.send_if_modified(|head| {
            let moved = position > *head;
            *head = position.max(*head);
            moved
        });
    }

    pub(crate) fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }
}

/// Notified when somebody has committed something in an outbox of `schema`.
pub(crate) fn appended(schema: Schema) -> Arc<Notify> {
    let mut known = APPENDED.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(schema.name()).or_default().clone()
}

fn key(database: &Database) -> Key {
    let options = database.pool().connect_options();
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let name = options
        .get_database()
        .unwrap_or(options.get_username())
        .to_owned();
    (host, options.get_port(), name, database.schema().name())
}
