//! What feedback can be about.

use attune_text::TopicDefinition;
use chrono::{DateTime, Utc};

/// Where a topic comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicOrigin {
    /// The starter set that ships with the platform.
    Starter,
    /// The tenant's own.
    Tenant,
}

/// A topic of a tenant's taxonomy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Topic {
    pub(crate) definition: TopicDefinition,
    pub(crate) origin: TopicOrigin,
    /// Since when feedback has been understood with it; none for the starter set, which always was there.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Topic {
    pub(crate) fn id(&self) -> &str {
        &self.definition.id
    }
}
