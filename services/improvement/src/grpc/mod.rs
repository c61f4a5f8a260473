//! The RPCs: parse, call one command, map.

mod board;
mod digest;
mod goal;
mod initiative;
mod issue;
mod pilot;
mod principle;
mod recognition;
mod team;
mod trace;
mod worth;

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

/// The handlers of `GoalService`.
#[derive(Clone, Debug)]
pub(crate) struct Goals {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Goals {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }
}

/// The handlers of `PilotService`.
#[derive(Clone, Debug)]
pub(crate) struct Pilots {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Pilots {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }
}

/// The handlers of `PrincipleService`.
#[derive(Clone, Debug)]
pub(crate) struct Principles {
    db: Database,
}

impl Principles {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
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

/// The handlers of `WorthService`.
#[derive(Clone, Debug)]
pub(crate) struct Worths {
    db: Database,
    source: Arc<dyn SeriesSource>,
}

impl Worths {
    pub(crate) fn new(db: Database, source: Arc<dyn SeriesSource>) -> Self {
        Self { db, source }
    }
}

/// The handlers of `BoardService`.
#[derive(Clone, Debug)]
pub(crate) struct Boards {
    db: Database,
}

impl Boards {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// The handlers of `DigestService`.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    db: Database,
}

impl Digests {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// The handlers of `RecognitionService`.
#[derive(Clone, Debug)]
pub(crate) struct Recognitions {
    db: Database,
}

impl Recognitions {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// The handlers of `TeamService`.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    db: Database,
}

impl Team {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}
