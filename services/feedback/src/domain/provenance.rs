//! What the topic of some numbers was coded with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Grain, Lineage, Spans};

/// What the topic of some numbers was coded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provenance {
    /// The version that was asked for, or the one that stands.
    pub(crate) version: i64,
    /// Feedback in which the topic was coded alike, by when it was said.
    pub(crate) codings: Vec<TopicCoding>,
    /// Feedback without a coding of the version that was asked for.
    pub(crate) uncoded: i64,
    /// Versions within the numbers that changed only the examples of other topics, with which the topic's are learnt.
    pub(crate) learnt_again: Vec<i64>,
}

/// Feedback in which a topic was coded alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopicCoding {
    /// The version since which the topic is coded so.
    pub(crate) version: i64,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) feedback: i64,
}

impl Provenance {
    /// The provenance of rows of counts (beginning, version, feedback) that `spans` chose.
    pub(crate) fn of(
        version: i64,
        lineage: &Lineage,
        spans: Spans,
        rows: impl IntoIterator<Item = (DateTime<Utc>, i64, i64)>,
    ) -> Self {
        let mut codings: BTreeMap<i64, TopicCoding> = BTreeMap::new();
        for (start, coded_with, feedback) in rows {
            if feedback == 0 {
                continue;
            }
            let end = start + spans.grain_at(start).width();
            let version = lineage.coding_of(coded_with, start);
            let coding = codings.entry(version).or_insert(TopicCoding {
                version,
                start,
                end,
                feedback: 0,
            });
            coding.start = coding.start.min(start);
            coding.end = coding.end.max(end);
            coding.feedback += feedback;
        }
        let mut codings: Vec<TopicCoding> = codings.into_values().collect();
        codings.sort_by_key(|coding| (coding.start, coding.version));
        Self {
            version,
            codings,
            uncoded: 0,
            learnt_again: Vec::new(),
        }
    }

    /// The same, told apart from `finer`, in which versions that changed only others' examples count as well.
    pub(crate) fn beside(self, finer: &Self) -> Self {
        let own = |version: i64| self.codings.iter().any(|coding| coding.version == version);
        let finer = finer.codings.iter().map(|coding| coding.version);
        Self {
            learnt_again: finer.filter(|version| !own(*version)).collect(),
            ..self
        }
    }

    /// Whether numbers of several codings stand side by side, or in one.
    pub(crate) fn crosses_versions(&self) -> bool {
        self.codings.len() > 1
    }

    /// What has to be known of the numbers, in sentences; empty for nothing.
    pub(crate) fn note(&self) -> String {
        let mut sentences = Vec::new();
        if self.crosses_versions() {
            let part = |coding: &TopicCoding| {
                format!(
                    "{} pieces of feedback from {} to {} as since version {}",
                    coding.feedback,
                    coding.start.format("%Y-%m-%d %H:%M"),
                    coding.end.format("%Y-%m-%d %H:%M UTC"),
                    coding.version
                )
            };
            let parts: Vec<String> = self.codings.iter().map(part).collect();
            sentences.push(format!(
                "The topic was coded in more than one way: {}. What differs between them may be the taxonomy's doing; \
                 RecodeFeedback codes the others with one version.",
                parts.join("; ")
            ));
        }
        if self.uncoded > 0 {
            sentences.push(format!(
                "{} pieces of feedback have no coding of version {} and are left out.",
                self.uncoded, self.version
            ));
        }
        if !self.learnt_again.is_empty() {
            let versions: Vec<String> = self.learnt_again.iter().map(i64::to_string).collect();
            sentences.push(format!(
                "The examples of other topics, with which this one's are learnt, changed in version {}, which may have \
                 moved its numbers a little.",
                versions.join(", ")
            ));
        }
        sentences.join(" ")
    }
}

impl Spans {
    /// The width of the row that begins at `start`.
    fn grain_at(self, start: DateTime<Utc>) -> Grain {
        if self.days_start <= start && start < self.days_end {
            Grain::Day
        } else {
            Grain::Hour
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn versions_that_did_not_touch_the_topic_are_one_coding() {
        let spans = Spans {
            start: at("2026-02-28T22:00:00Z"),
            days_start: at("2026-03-01T00:00:00Z"),
            days_end: at("2026-03-03T00:00:00Z"),
            end: at("2026-03-03T00:00:00Z"),
        };
        let lineage = Lineage(vec![(4, at("2026-03-02T10:00:00Z"))]);
        let rows = [
            (at("2026-02-28T22:00:00Z"), 1, 5),
            (at("2026-03-01T00:00:00Z"), 1, 10),
            (at("2026-03-01T00:00:00Z"), 2, 10),
            (at("2026-03-02T00:00:00Z"), 3, 7),
            (at("2026-03-02T00:00:00Z"), 5, 0),
        ];
        let alike = Provenance::of(5, &lineage, spans, rows);
        assert!(!alike.crosses_versions() && alike.note().is_empty());
        assert_eq!(alike.codings[0].feedback, 32);
        assert_eq!(alike.codings[0].end, at("2026-03-03T00:00:00Z"));
        let more = rows.into_iter().chain([(at("2026-03-02T00:00:00Z"), 4, 3)]);
        let crossing = Provenance::of(5, &lineage, spans, more);
        assert!(crossing.crosses_versions());
        assert_eq!(
            crossing
                .codings
                .iter()
                .map(|coding| coding.version)
                .collect::<Vec<_>>(),
            [0, 4]
        );
        assert!(
            crossing
                .note()
                .contains("3 pieces of feedback from 2026-03-02 00:00")
        );
        let told_apart = alike.beside(&crossing);
        assert!(!told_apart.crosses_versions());
        assert!(
            told_apart.note().contains("changed in version 4,"),
            "{}",
            told_apart.note()
        );
    }
}
