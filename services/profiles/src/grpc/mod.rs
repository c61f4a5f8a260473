//! The RPCs: parse, call one command, map.

mod profile;

use attune_database::Database;

/// The handlers of `ProfileService`.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    db: Database,
}

impl Profiles {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}
