//! What feedback can be about.

use std::collections::BTreeMap;

use attune_rpc::Etag;
use attune_rules::{Problems, Rule, Schema, Type, Value, Values};
use attune_text::TopicDefinition;
use chrono::{DateTime, Utc};

use super::{Draft, Rating};

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
    /// Its id, its name, and the words it is found by.
    pub(crate) definition: TopicDefinition,
    /// The topic it stands below.
    pub(crate) parent_id: Option<String>,
    /// The source of the rule it is found by; empty for none.
    pub(crate) rule: String,
    /// Whether it is found by the topics below it alone.
    pub(crate) group: bool,
    pub(crate) archived_at: Option<DateTime<Utc>>,
    /// The version of the taxonomy that changed it last; 0 for a starter topic as it ships.
    pub(crate) changed_version: i64,
    pub(crate) origin: TopicOrigin,
}

impl Topic {
    pub(crate) fn id(&self) -> &str {
        &self.definition.id
    }

    /// Whether words of its own can find it.
    pub(crate) fn has_words(&self) -> bool {
        !self.definition.keywords.is_empty() || !self.definition.examples.is_empty()
    }

    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.changed_version)
    }

    /// Whether both find the same texts by themselves, wherever they stand.
    pub(crate) fn finds_as(&self, other: &Self) -> bool {
        let parts = |topic: &Self| (topic.rule.clone(), topic.archived_at.is_some(), topic.group);
        self.definition.keywords == other.definition.keywords
            && self.definition.examples == other.definition.examples
            && parts(self) == parts(other)
    }
}

/// What a topic's rule may speak of: one piece of feedback with a text.
fn schema() -> Schema {
    let texts = [
        "text",
        "language",
        "channel",
        "touchpoint",
        "product",
        "agent_id",
        "scale",
    ];
    let fields = texts.map(|name| (name.to_owned(), Type::String));
    let score = ("score".to_owned(), Type::Int);
    Schema::default().with(
        "feedback",
        Type::Record(fields.into_iter().chain([score]).collect()),
    )
}

/// Checks and compiles a topic's rule.
pub(crate) fn topic_rule(source: &str) -> Result<Rule, Problems> {
    Rule::compile(source, &schema())
}

/// What a topic's rule sees of feedback; what is empty is missing. None for what is too large for a rule, which a text
/// that was accepted never is.
pub(crate) fn rule_values(draft: &Draft, language: Option<&str>) -> Option<Values> {
    let texts = [
        ("text", draft.text.as_str()),
        ("language", language.unwrap_or_default()),
        ("channel", &draft.channel),
        ("touchpoint", &draft.touchpoint),
        ("product", &draft.product),
        ("agent_id", &draft.agent_id),
        ("scale", draft.rating.map_or("", Rating::scale_name)),
    ];
    let mut fields: BTreeMap<String, Value> = texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), Value::String(text.to_owned())))
        .collect();
    if let Some(rating) = draft.rating {
        fields.insert("score".to_owned(), Value::Int(rating.score().into()));
    }
    let mut values = Values::default();
    values.set("feedback", Value::Map(fields)).ok()?;
    Some(values)
}
