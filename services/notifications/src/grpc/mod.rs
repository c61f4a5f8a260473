//! The RPCs: parse, call one command, map.

mod message;
mod template;

use attune_database::Database;

/// The handlers of `TemplateService` and `MessageService`.
#[derive(Clone, Debug)]
pub(crate) struct Notifications {
    db: Database,
}

impl Notifications {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}
