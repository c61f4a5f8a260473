//! The RPCs: parse, call one command, map.

mod contact;
mod message;
mod template;

use attune_database::Database;

/// The handlers of `TemplateService`, `MessageService` and `ContactService`.
#[derive(Clone, Debug)]
pub(crate) struct Notifications {
    db: Database,
}

impl Notifications {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}
