//! The RPCs: parse, call one command, map.

mod interaction;

use attune_database::{Database, Gather};
use tokio_util::sync::CancellationToken;

use crate::commands::interaction::Recording;

/// The handlers of `InteractionService`.
#[derive(Clone, Debug)]
pub(crate) struct Interactions {
    db: Database,
    recording: Gather<Recording>,
    shutdown: CancellationToken,
}

impl Interactions {
    pub(crate) fn new(db: Database, shutdown: CancellationToken) -> Self {
        Self {
            recording: Recording::gather(db.clone()),
            db,
            shutdown,
        }
    }
}
