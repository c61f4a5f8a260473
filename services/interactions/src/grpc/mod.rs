//! The RPCs: parse, call one command, map.

mod interaction;
mod stream;

use attune_database::Database;
use tokio_util::sync::CancellationToken;

/// The handlers of `InteractionService`.
#[derive(Clone, Debug)]
pub(crate) struct Interactions {
    db: Database,
    shutdown: CancellationToken,
}

impl Interactions {
    pub(crate) fn new(db: Database, shutdown: CancellationToken) -> Self {
        Self { db, shutdown }
    }
}
