//! What a taxonomy says of a text beyond what an engine finds in it: topics by rule, and those above the ones found.

use std::collections::BTreeMap;

use super::TenantTaxonomy;
use crate::domain::{Draft, FoundBy, Mention, Sentiment, Understanding, above, rule_values};

/// Completes the topics that an engine found.
pub(super) fn complete(taxonomy: &TenantTaxonomy, draft: &Draft, understood: &mut Understanding) {
    add_by_rule(taxonomy, draft, understood);
    add_above(taxonomy, &mut understood.topics);
}

/// Adds topics whose rule holds; one that was found by its words already keeps its place. A rule that reads what the
/// feedback has not does not hold.
fn add_by_rule(taxonomy: &TenantTaxonomy, draft: &Draft, understood: &mut Understanding) {
    if taxonomy.rules.is_empty() {
        return;
    }
    let Some(values) = rule_values(draft, understood.language.as_deref()) else {
        return;
    };
    for (topic_id, rule) in &taxonomy.rules {
        let found = understood
            .topics
            .iter()
            .any(|mention| mention.topic_id == *topic_id);
        if found || !rule.holds(&values).unwrap_or(false) {
            continue;
        }
        understood.topics.push(Mention {
            topic_id: topic_id.clone(),
            start: 0,
            end: i32::try_from(draft.text.len()).unwrap_or(i32::MAX),
            confidence: 1.0,
            sentiment_score: Some(understood.sentiment_score),
            sentiment: understood.sentiment,
            found_by: Some(FoundBy::Rule),
        });
    }
}

/// Adds each topic above those found, once, with the worst feeling of all that it stands for.
fn add_above(taxonomy: &TenantTaxonomy, mentions: &mut Vec<Mention>) {
    let mut worst: BTreeMap<&str, Mention> = BTreeMap::new();
    for mention in mentions.iter() {
        for over in above(&taxonomy.topics, &mention.topic_id) {
            let felt_lower = worst
                .get(over)
                .is_none_or(|known| feeling(mention) < feeling(known));
            if felt_lower {
                worst.insert(over, mention.clone());
            }
        }
    }
    for (over, below) in worst {
        match mentions.iter_mut().find(|mention| mention.topic_id == over) {
            Some(own) if feeling(&below) < feeling(own) => {
                own.sentiment = below.sentiment;
                own.sentiment_score = below.sentiment_score;
            }
            Some(_) => {}
            None => mentions.push(Mention {
                topic_id: over.to_owned(),
                found_by: Some(FoundBy::Below(below.topic_id.clone())),
                ..below
            }),
        }
    }
}

/// Orders feelings from the worst to the best; what was not judged comes last.
fn feeling(mention: &Mention) -> (u8, i64) {
    let class = match mention.sentiment {
        Some(Sentiment::Negative) => 0,
        Some(Sentiment::Neutral) => 1,
        Some(Sentiment::Positive) => 2,
        None => 3,
    };
    // Within −1 and +1, to the millionth.
    #[expect(clippy::cast_possible_truncation, reason = "a million at most")]
    let score = mention
        .sentiment_score
        .map_or(i64::MAX, |score| (score * 1e6) as i64);
    (class, score)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use attune_text::TopicDefinition;

    use super::*;
    use crate::analysis::with_starter;
    use crate::domain::{Origin, Rating, Topic, TopicOrigin};

    fn topic(id: &str, parent: &str, rule: &str) -> Topic {
        Topic {
            definition: TopicDefinition {
                id: id.into(),
                name: id.into(),
                ..TopicDefinition::default()
            },
            parent_id: Some(parent.to_owned()).filter(|parent| !parent.is_empty()),
            rule: rule.into(),
            group: rule.is_empty(),
            archived_at: None,
            changed_version: 1,
            origin: TopicOrigin::Tenant,
        }
    }

    fn mention(topic_id: &str, sentiment: Sentiment, score: f64) -> Mention {
        Mention {
            topic_id: topic_id.into(),
            start: 3,
            end: 8,
            confidence: 0.6,
            sentiment_score: Some(score),
            sentiment: Some(sentiment),
            found_by: Some(FoundBy::Keyword(topic_id.into())),
        }
    }

    fn draft(text: &str, channel: &str, rating: Option<i64>) -> Draft {
        let scale = attune_stats::metric::AnswerScale::Csat;
        Draft {
            origin: Origin::Submitted,
            profile_id: None,
            interaction_id: None,
            channel: channel.into(),
            touchpoint: String::new(),
            product: String::new(),
            agent_id: String::new(),
            team: String::new(),
            stage: String::new(),
            segments: Some(Vec::new()),
            rating: rating.map(|score| Rating::parse(scale, score).unwrap()),
            text: text.into(),
            occurred_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            source_id: None,
        }
    }

    async fn topics(own: Vec<Topic>, draft: &Draft, found: Vec<Mention>) -> Vec<Mention> {
        let taxonomy = TenantTaxonomy::of(1, with_starter(own)).await.unwrap();
        let mut understood = Understanding {
            engine: "test".into(),
            language: Some("en".into()),
            sentiment_score: -0.4,
            sentiment: Some(Sentiment::Negative),
            sentiment_probability: 0.9,
            topics: found,
        };
        complete(&taxonomy, draft, &mut understood);
        understood.topics
    }

    #[tokio::test]
    async fn a_topic_above_two_that_are_found_is_there_once_with_the_worse_feeling() {
        let own = vec![
            topic("all", "", ""),
            topic("late", "all", ""),
            topic("crew", "all", ""),
        ];
        let found = vec![
            mention("crew", Sentiment::Positive, 0.8),
            mention("late", Sentiment::Negative, -0.7),
        ];
        let topics = topics(own, &draft("x", "social", None), found).await;
        let ids: BTreeSet<&str> = topics.iter().map(|mention| mention.topic_id.as_str()).collect();
        assert_eq!((topics.len(), ids), (3, ["all", "crew", "late"].into()));
        let all = topics.iter().find(|mention| mention.topic_id == "all").unwrap();
        assert_eq!(all.sentiment, Some(Sentiment::Negative));
        assert_eq!(all.found_by, Some(FoundBy::Below("late".into())));
    }

    #[tokio::test]
    async fn a_topic_found_by_its_own_words_keeps_its_place_and_takes_the_worse_feeling() {
        let own = vec![topic("all", "", "true"), topic("late", "all", "")];
        let found = vec![
            mention("all", Sentiment::Positive, 0.5),
            mention("late", Sentiment::Negative, -0.7),
        ];
        let topics = topics(own, &draft("x", "social", None), found).await;
        assert_eq!(topics.len(), 2);
        assert_eq!(topics[0].found_by, Some(FoundBy::Keyword("all".into())));
        assert_eq!(topics[0].sentiment, Some(Sentiment::Negative));
    }

    #[tokio::test]
    async fn a_rule_sees_the_fields_of_the_feedback_and_does_not_hold_where_they_are_missing() {
        let rule = "feedback.channel == 'store' && feedback.score <= 2 && feedback.text.contains('till')";
        let own = || vec![topic("tills", "", rule)];
        let angry = draft("the till again", "store", Some(1));
        let found = topics(own(), &angry, Vec::new()).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].start, found[0].end), (0, 14));
        assert_eq!(found[0].found_by, Some(FoundBy::Rule));
        for other in [
            draft("the till again", "store", None),
            draft("the till again", "store", Some(3)),
            draft("the till again", "social", Some(1)),
            draft("the door again", "store", Some(1)),
        ] {
            assert!(topics(own(), &other, Vec::new()).await.is_empty(), "{other:?}");
        }
    }
}
