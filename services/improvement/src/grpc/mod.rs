//! The RPCs: parse, call one command, map.

mod initiative;
mod issue;
mod trace;

use std::sync::Arc;

use attune_database::Database;

use crate::source::SeriesSource;

/// The handlers of `IssueService`.
#[derive(Clone, Debug)]
pub(crate) struct Issues {
    db: Database,
}

impl Issues {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// The handlers of `InitiativeService`.
#[derive(Clone, Debug)]
pub(crate) struct Initiatives {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Initiatives {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }
}

/// The handlers of `TraceService`.
#[derive(Clone, Debug)]
pub(crate) struct Traces {
    db: Database,
}

impl Traces {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}
