//! Topics.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Page, RequestKey, Violations};
use attune_text::TopicDefinition;

use crate::analysis::check_topic;
use crate::commands::topic::Create;
use crate::domain::{Topic, TopicOrigin};

const MOST_KEYWORDS: usize = 200;
const MOST_EXAMPLES: usize = 100;

pub(crate) fn create(request: &pb::CreateTopicRequest) -> Result<Create, Error> {
    let mut violations = Violations::default();
    let key = RequestKey::of("CreateTopic", &request.request_id, request, &mut violations);
    let topic = violations.required("topic", request.topic.as_ref());
    let definition = topic.and_then(|topic| parse(topic, &mut violations));
    let create = || {
        Some(Create {
            definition: definition?,
            key: key?,
        })
    };
    violations.finish(create())
}

fn parse(topic: &pb::Topic, violations: &mut Violations) -> Option<TopicDefinition> {
    let pb::Topic {
        topic_id,
        name,
        keywords,
        examples,
        origin: _,
    } = topic;
    let id = violations.slug("topic.topic_id", topic_id, 64);
    let name = violations.text("topic.name", name, 1..=100);
    if keywords.is_empty() && examples.is_empty() {
        violations.add("topic.keywords", "must hold a keyword where there is no example");
    }
    let keywords = texts(keywords, "topic.keywords", MOST_KEYWORDS, 100, violations);
    let examples = texts(examples, "topic.examples", MOST_EXAMPLES, 1000, violations);
    let definition = TopicDefinition {
        id: id?,
        name: name?,
        keywords: keywords?,
        examples: examples?,
    };
    // What is left are keywords that cannot be read; the error names the one.
    violations.check("topic.keywords", check_topic(&definition))?;
    Some(definition)
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

pub(crate) fn list(request: &pb::ListTopicsRequest) -> Result<Page<String>, Error> {
    let mut violations = Violations::default();
    let page = Page::parse(request.page_size, &request.page_token, &"topics", &mut violations)?;
    violations.finish(Some(page))
}

pub(crate) fn to_proto(topic: Topic) -> pb::Topic {
    let Topic {
        definition,
        origin,
        since: _,
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
    }
}
