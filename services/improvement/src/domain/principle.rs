//! What the company stands for.

use attune_rpc::Etag;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A named part of the company's vision.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principle {
    pub(crate) principle_id: Uuid,
    pub(crate) version: i64,
    /// How many events were told about it.
    pub(crate) events: i64,
    pub(crate) name: String,
    pub(crate) statement: String,
    pub(crate) created_at: DateTime<Utc>,
}

impl Principle {
    /// A principle that is adopted now.
    pub(crate) fn adopted(principle_id: Uuid, name: String, statement: String, now: DateTime<Utc>) -> Self {
        Self {
            principle_id,
            version: 1,
            events: 0,
            name,
            statement,
            created_at: now,
        }
    }

    /// The etag of this version.
    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.version)
    }

    /// The number of the next event about it.
    pub(crate) fn next_event(&mut self) -> i64 {
        self.events += 1;
        self.events
    }

    /// Words it anew; answers whether anything is different now.
    pub(crate) fn apply(&mut self, name: Option<String>, statement: Option<String>) -> bool {
        let name = name.unwrap_or_else(|| self.name.clone());
        let statement = statement.unwrap_or_else(|| self.statement.clone());
        let changed = name != self.name || statement != self.statement;
        (self.name, self.statement) = (name, statement);
        self.version += i64::from(changed);
        changed
    }
}
