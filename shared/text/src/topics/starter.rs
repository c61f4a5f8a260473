//! The starter taxonomy: what customers of most industries speak about.

use super::{Taxonomy, TopicDefinition};

impl Taxonomy {
    /// Topics that many industries share, with keywords in English, Russian and Chinese, to start from.
    pub fn starter() -> Vec<TopicDefinition> {
        parse(include_str!("../../data/starter_taxonomy.tsv"))
    }
}

/// Reads blocks of a line `id<TAB>name` and lines of a tab and keywords separated by semicolons.
fn parse(source: &str) -> Vec<TopicDefinition> {
    let mut topics: Vec<TopicDefinition> = Vec::new();
    for line in source
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
    {
        let (id, rest) = line.split_once('\t').unwrap_or((line, ""));
        if id.is_empty() {
            let keywords = rest
                .split(';')
                .map(str::trim)
                .filter(|keyword| !keyword.is_empty());
            if let Some(topic) = topics.last_mut() {
                topic.keywords.extend(keywords.map(str::to_owned));
            }
        } else {
            topics.push(TopicDefinition {
                id: id.to_owned(),
                name: rest.to_owned(),
                ..Default::default()
            });
        }
    }
    topics
}
