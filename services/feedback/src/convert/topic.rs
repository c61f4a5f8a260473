//! Topics and the versions of the taxonomy.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Mask, Page, RequestKey, Violations, timestamp};
use attune_text::TopicDefinition;

use crate::analysis::check_topic;
use crate::commands::topic::{Archive, Change, Create, Description, Listing, Update};
use crate::domain::{TaxonomyChange, TaxonomyVersion, Topic, TopicOrigin, topic_rule};

const MOST_KEYWORDS: usize = 200;
const MOST_EXAMPLES: usize = 100;
/// No tenant changes its topics so often.
const HIGHEST_VERSION: i64 = 1_000_000_000;
const UPDATABLE: &[&str] = &["name", "keywords", "examples", "parent_topic_id", "rule", "group"];

pub(crate) fn create(request: &pb::CreateTopicRequest, author: &str) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateTopic", &request.request_id, request, &mut violations);
    let topic = violations.required("topic", request.topic.as_ref());
    let topic = topic.and_then(|topic| parse(topic, &mut violations));
    let create = || {
        Some(Create {
            topic: topic?,
            author: author.to_owned(),
            key: key?,
        })
    };
    violations.finish(create())
}

fn parse(topic: &pb::Topic, violations: &mut Violations) -> Option<Description> {
    let id = violations.slug("topic.topic_id", &topic.topic_id, 64);
    let name = violations.text("topic.name", &topic.name, 1..=100);
    let found = !topic.keywords.is_empty() || !topic.examples.is_empty() || !topic.rule.is_empty();
    if topic.group && found {
        violations.add("topic.group", "must have no keyword, example or rule");
    } else if !topic.group && !found {
        violations.add(
            "topic.keywords",
            "must hold a keyword where there is no example and no rule",
        );
    }
    let keywords = texts(&topic.keywords, "topic.keywords", MOST_KEYWORDS, 100, violations);
    let examples = texts(&topic.examples, "topic.examples", MOST_EXAMPLES, 1000, violations);
    let parent_id = violations.optional_slug("topic.parent_topic_id", &topic.parent_topic_id, 64);
    let rule = rule(&topic.rule, violations);
    let definition = TopicDefinition {
        id: id?,
        name: name?,
        keywords: keywords?,
        examples: examples?,
    };
    check_words(&definition, violations)?;
    Some(Description {
        definition,
        parent_id: parent_id?,
        rule: rule?,
        group: topic.group,
    })
}

/// What is left to be wrong are keywords that cannot be read; the error names the one.
fn check_words(definition: &TopicDefinition, violations: &mut Violations) -> Option<()> {
    if definition.keywords.is_empty() {
        return Some(());
    }
    violations.check("topic.keywords", check_topic(definition))
}

/// A rule, which may be left out.
fn rule(source: &str, violations: &mut Violations) -> Option<String> {
    if !source.is_empty() {
        violations.check("topic.rule", topic_rule(source))?;
    }
    Some(source.to_owned())
}

fn texts(
    list: &[String],
    field: &str,
    most: usize,
    length: usize,
    violations: &mut Violations,
) -> Option<Vec<String>> {
    violations.at_most(field, list.len(), most)?;
    let parsed: Vec<_> = list
        .iter()
        .enumerate()
        .map(|(place, text)| violations.text(&format!("{field}[{place}]"), text, 1..=length))
        .collect();
    parsed.into_iter().collect()
}

pub(crate) fn update(request: &pb::UpdateTopicRequest, author: &str) -> Result<Update, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("UpdateTopic", &request.request_id, request, &mut violations);
    let topic = violations.required("topic", request.topic.as_ref());
    let parsed = topic.and_then(|topic| {
        let topic_id = violations.slug("topic.topic_id", &topic.topic_id, 64);
        let mask = request.update_mask.as_ref();
        let mask = Mask::parse(mask, UPDATABLE, &populated(topic), &mut violations)?;
        let change = change(topic, &mask, &mut violations);
        Some((topic_id?, topic.etag.clone(), change?))
    });
    let update = || {
        let (topic_id, etag, change) = parsed?;
        Some(Update {
            topic_id,
            etag,
            change,
            author: author.to_owned(),
            key: key?,
        })
    };
    violations.finish(update())
}

fn populated(topic: &pb::Topic) -> Vec<&'static str> {
    let given = [
        !topic.name.is_empty(),
        !topic.keywords.is_empty(),
        !topic.examples.is_empty(),
        !topic.parent_topic_id.is_empty(),
        !topic.rule.is_empty(),
        topic.group,
    ];
    let fields = UPDATABLE.iter().zip(given);
    fields
        .filter_map(|(field, given)| given.then_some(*field))
        .collect()
}

fn change(topic: &pb::Topic, mask: &Mask, violations: &mut Violations) -> Option<Change> {
    let name = mask.read("name", || violations.text("topic.name", &topic.name, 1..=100));
    let keywords = mask.read("keywords", || {
        let keywords = texts(&topic.keywords, "topic.keywords", MOST_KEYWORDS, 100, violations)?;
        let alone = TopicDefinition {
            id: "topic".to_owned(),
            keywords: keywords.clone(),
            ..TopicDefinition::default()
        };
        check_words(&alone, violations)?;
        Some(keywords)
    });
    let examples = mask.read("examples", || {
        texts(&topic.examples, "topic.examples", MOST_EXAMPLES, 1000, violations)
    });
    let parent_id = mask.read("parent_topic_id", || {
        violations.optional_slug("topic.parent_topic_id", &topic.parent_topic_id, 64)
    });
    let rule = mask.read("rule", || rule(&topic.rule, violations));
    Some(Change {
        name: name?,
        keywords: keywords?,
        examples: examples?,
        parent_id: parent_id?,
        rule: rule?,
        group: mask.has("group").then_some(topic.group),
    })
}

pub(crate) fn archive(request: &pb::ArchiveTopicRequest, author: &str) -> Result<Archive, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("ArchiveTopic", &request.request_id, request, &mut violations);
    let topic_id = violations.slug("topic_id", &request.topic_id, 64);
    let archive = || {
        Some(Archive {
            topic_id: topic_id?,
            etag: request.etag.clone(),
            author: author.to_owned(),
            key: key?,
        })
    };
    violations.finish(archive())
}

pub(crate) fn get(request: &pb::GetTopicRequest) -> Result<(String, Option<i64>), Error> {
    let mut violations = Violations::default();
    let topic_id = violations.slug("topic_id", &request.topic_id, 64);
    let version = version(request.taxonomy_version, &mut violations);
    violations.finish(topic_id.zip(version))
}

/// A version that may be left out.
#[allow(clippy::option_option)] // the outer tells right from wrong, the inner given from left out
pub(super) fn version(version: Option<i64>, violations: &mut Violations) -> Option<Option<i64>> {
    if version.is_some_and(|version| !(0..=HIGHEST_VERSION).contains(&version)) {
        let message = format!("must be a version, from 0 to {HIGHEST_VERSION}");
        violations.add("taxonomy_version", message);
        return None;
    }
    Some(version)
}

pub(crate) fn list(request: &pb::ListTopicsRequest) -> Result<(Listing, Page<String>), Error> {
    let mut violations = Violations::default();
    let archived = request.show_archived;
    let version = version(request.taxonomy_version, &mut violations);
    let arguments = ("topics", request.taxonomy_version, archived);
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &arguments,
        &mut violations,
    );
    let listing = violations.finish(version.map(|version| Listing { version, archived }))?;
    Ok((listing, page?))
}

pub(crate) fn list_versions(request: &pb::ListTaxonomyVersionsRequest) -> Result<Page<i64>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &"taxonomy_versions",
        &mut violations,
    )?;
    violations.finish(Some(page))
}

pub(crate) fn to_proto(topic: Topic) -> pb::Topic {
    let etag = topic.etag().to_string();
    let Topic {
        definition,
        parent_id,
        rule,
        group,
        archived_at,
        changed_version,
        origin,
    } = topic;
    let TopicDefinition {
        id,
        name,
        keywords,
        examples,
    } = definition;
    let origin = match origin {
        TopicOrigin::Starter => pb::TopicOrigin::Starter,
        TopicOrigin::Tenant => pb::TopicOrigin::Tenant,
    };
    pb::Topic {
        topic_id: id,
        name,
        keywords,
        examples,
        origin: origin.into(),
        parent_topic_id: parent_id.unwrap_or_default(),
        rule,
        group,
        archived_at: archived_at.map(timestamp),
        changed_version,
        etag,
    }
}

pub(crate) fn version_to_proto(version: TaxonomyVersion) -> pb::TaxonomyVersion {
    let TaxonomyVersion {
        version,
        created_at,
        author,
        change,
        topic_id,
        description,
        affected,
    } = version;
    let change = match change {
        None => pb::TaxonomyChange::Unspecified,
        Some(TaxonomyChange::Created) => pb::TaxonomyChange::Created,
        Some(TaxonomyChange::Updated) => pb::TaxonomyChange::Updated,
        Some(TaxonomyChange::Archived) => pb::TaxonomyChange::Archived,
    };
    pb::TaxonomyVersion {
        version,
        create_time: Some(timestamp(created_at)),
        author,
        change: change.into(),
        topic_id,
        description,
        affected_topic_ids: affected,
    }
}
