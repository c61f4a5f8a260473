//! The RPCs: parse, call one command, map.

mod interaction;

use attune_database::{Database, Gather, GatherReads};
use tokio_util::sync::CancellationToken;

use crate::commands::interaction::{ById, Recording};

/// The handlers of `InteractionService`.
#[derive(Clone, Debug)]
pub(crate) struct Interactions {
    db: Database,
    recording: Gather<Recording>,
    by_id: GatherReads<ById>,
    shutdown: CancellationToken,
}

impl Interactions {
    pub(crate) fn new(db: Database, shutdown: CancellationToken) -> Self {
        Self {
            recording: Recording::gather(db.clone()),
            by_id: GatherReads::new(db.clone(), ById),
            db,
            shutdown,
        }
    }
}
