//! What customers say about topics, counted by the day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{LookBack, Said};

/// What was said about a topic of a product on a day. Without a topic it counts everything that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MentionDay {
    pub(crate) topic_id: String,
    pub(crate) day: NaiveDate,
    pub(crate) product: String,
    /// Not positive.
    pub(crate) mentions: i64,
    /// Those of which it is known how they sound where they stand.
    pub(crate) judged: i64,
    /// Those of them that are negative.
    pub(crate) negative: i64,
}

/// Counts by topic, day and product, in that order, as far back from `today` as a priority looks. What was said earlier
/// or is yet to come counts for none.
pub(crate) fn count_mentions(said: &[Said], today: NaiveDate) -> Vec<MentionDay> {
    let since = LookBack::from(today).felt;
    let mut counted: BTreeMap<(&str, NaiveDate, &str), (i64, i64, i64)> = BTreeMap::new();
    for one in said {
        let day = one.occurred_at.date_naive();
        if !(since..=today).contains(&day) {
            continue;
        }
        counted.entry(("", day, &one.product)).or_default().0 += 1;
        let mut topics: Vec<&str> = one
            .topics
            .iter()
            .map(|mention| mention.topic_id.as_str())
            .collect();
        topics.sort_unstable();
        topics.dedup();
        for topic in topics {
            let negative = one.is_negative_about(topic);
            let counts = counted.entry((topic, day, &one.product)).or_default();
            counts.0 += i64::from(one.is_complaint());
            counts.1 += i64::from(negative.is_some());
            counts.2 += i64::from(negative == Some(true));
        }
    }
    let row = |((topic_id, day, product), (mentions, judged, negative)): ((&str, _, &str), _)| MentionDay {
        topic_id: topic_id.to_owned(),
        day,
        product: product.to_owned(),
        mentions,
        judged,
        negative,
    };
    counted.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Mention, Sentiment};
    use uuid::Uuid;

    fn said(day: &str, sentiment: Option<Sentiment>, topics: &[(&str, Option<Sentiment>)]) -> Said {
        Said {
            feedback_id: Uuid::now_v7(),
            profile_id: None,
            product: "united".to_owned(),
            channel: "social".to_owned(),
            touchpoint: String::new(),
            rating: None,
            understood: true,
            sentiment,
            topics: topics
                .iter()
                .map(|(topic, sentiment)| Mention {
                    topic_id: (*topic).to_owned(),
                    sentiment: *sentiment,
                })
                .collect(),
            occurred_at: format!("{day}T12:00:00Z").parse().unwrap(),
        }
    }

    #[test]
    fn a_text_counts_once_for_each_topic_and_once_for_all() {
        let (bad, good) = (Some(Sentiment::Negative), Some(Sentiment::Positive));
        let all = [
            said(
                "2026-03-01",
                bad,
                &[("bags", bad), ("bags", None), ("crew", good)],
            ),
            said("2026-03-01", good, &[("bags", good)]),
            said("2026-03-02", None, &[("bags", None)]),
        ];
        let counted = count_mentions(&all, "2026-03-02".parse().unwrap());
        let told: Vec<_> = counted
            .iter()
            .map(|row| {
                let day = row.day.to_string();
                (row.topic_id.as_str(), day, row.mentions, row.judged, row.negative)
            })
            .collect();
        let expected = [
            ("", "2026-03-01", 2, 0, 0),
            ("", "2026-03-02", 1, 0, 0),
            ("bags", "2026-03-01", 1, 2, 1),
            ("bags", "2026-03-02", 1, 0, 0),
            ("crew", "2026-03-01", 1, 1, 0),
        ]
        .map(|(topic, day, mentions, judged, negative)| (topic, day.to_owned(), mentions, judged, negative));
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_too_old_or_of_tomorrow_is_not_counted() {
        let all = [
            said("2026-02-01", None, &[]),
            said("2026-02-02", None, &[]),
            said("2026-03-03", None, &[]),
        ];
        let counted = count_mentions(&all, "2026-03-02".parse().unwrap());
        let days: Vec<_> = counted.iter().map(|row| row.day.to_string()).collect();
        assert_eq!(days, ["2026-02-02"]);
    }
}
