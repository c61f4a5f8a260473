//! The RPCs: parse, call one command, map.

mod employee;
mod feedback;
mod hot_issue;
mod invitation;
mod metric;
mod perception;
mod recovery;
mod survey;
mod theme;
mod topic;
mod understanding;

use attune_database::{Database, Gather, GatherReads};
use tokio_util::sync::CancellationToken;

use crate::analysis::Reader;
use crate::commands::feedback::ById;
use crate::commands::submission::Submissions;
use crate::live::Live;

pub(crate) use survey::Surveys;

/// The handlers of all services of this crate.
#[derive(Clone, Debug)]
pub(crate) struct Handlers {
    db: Database,
    reader: Reader,
    submissions: Gather<Submissions>,
    by_id: GatherReads<ById>,
    live: Live,
    /// Cancelled when the process stops; open streams end then.
    shutdown: CancellationToken,
}

impl Handlers {
    pub(crate) fn new(db: Database, reader: Reader, live: Live, shutdown: CancellationToken) -> Self {
        Self {
            submissions: Submissions::gather(db.clone(), reader.clone()),
            by_id: GatherReads::new(db.clone(), ById),
            db,
            reader,
            live,
            shutdown,
        }
    }
}
