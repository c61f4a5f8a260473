//! What some feedback adds to the counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Timelike, Utc};
use uuid::Uuid;

use super::{Facet, FacetTally, Feedback, Grain, Mention, Sentiment};

/// The row of a slice's counts. Ordered as the table's key is: rows are written in this order in every
/// transaction, so that two of them never wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SliceKey {
    pub(crate) grain: Grain,
    /// Empty for all feedback of the slice.
    pub(crate) topic_id: String,
    pub(crate) start: DateTime<Utc>,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    /// Of the coding that is counted.
    pub(crate) taxonomy_version: i64,
}

/// The row of a slice's answers with one score.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RatingKey {
    pub(crate) slice: SliceKey,
    pub(crate) scale: &'static str,
    pub(crate) score: i16,
}

/// The row of what detection tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MentionKey {
    pub(crate) start: DateTime<Utc>,
    pub(crate) topic_id: String,
    pub(crate) product: String,
}

/// A person counted there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PersonKey {
    pub(crate) mention: MentionKey,
    pub(crate) profile_id: Uuid,
}

/// What is added to one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addend {
    pub(crate) feedback: i64,
    pub(crate) judged: i64,
    pub(crate) negative: i64,
    pub(crate) non_positive: i64,
    /// Mentions of the slice's topic whose feeling was judged where they stand, and judged negative.
    pub(crate) mention_judged: i64,
    pub(crate) mention_negative: i64,
    /// How much of the feedback counts in facets too.
    pub(crate) sliced: i64,
    /// How much of it counts in segments too.
    pub(crate) segmented: i64,
}

/// What is added to the answers of a slice with one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RatingSum {
    pub(crate) answers: i64,
    /// How many of them count in facets too.
    pub(crate) sliced: i64,
    /// How many of them count in segments too.
    pub(crate) segmented: i64,
}

impl Addend {
    /// What one piece of feedback adds to a slice, or to that of a mention's topic.
    fn of(feedback: &Feedback, mention: Option<&Mention>) -> Self {
        let understood = feedback.understanding.as_ref();
        let sentiment = understood.and_then(|understood| understood.sentiment);
        let there = mention.and_then(|mention| mention.sentiment);
        Self {
            feedback: 1,
            judged: i64::from(sentiment.is_some()),
            negative: i64::from(sentiment == Some(Sentiment::Negative)),
            non_positive: i64::from(understood.is_some_and(super::Understanding::is_non_positive)),
            mention_judged: i64::from(there.is_some()),
            mention_negative: i64::from(there == Some(Sentiment::Negative)),
            sliced: i64::from(feedback.sliced),
            segmented: i64::from(feedback.draft.segments.is_some()),
        }
    }
}

impl std::ops::AddAssign for Addend {
    fn add_assign(&mut self, other: Self) {
        self.feedback += other.feedback;
        self.judged += other.judged;
        self.negative += other.negative;
        self.non_positive += other.non_positive;
        self.mention_judged += other.mention_judged;
        self.mention_negative += other.mention_negative;
        self.sliced += other.sliced;
        self.segmented += other.segmented;
    }
}

/// What some feedback adds to all counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) slices: BTreeMap<SliceKey, Addend>,
    pub(crate) ratings: BTreeMap<RatingKey, RatingSum>,
    /// The same by facets.
    pub(crate) facets: FacetTally,
    /// Non-positive mentions of persons who are not known.
    pub(crate) anonymous: BTreeMap<MentionKey, i64>,
    /// Known persons with such mentions: each counts when it has not been counted before.
    pub(crate) persons: BTreeSet<PersonKey>,
}

impl Tally {
    /// The sum over `feedback`.
    pub(crate) fn of<'a>(feedback: impl IntoIterator<Item = &'a Feedback>) -> Self {
        let mut tally = Self::default();
        for item in feedback {
            tally.add(item);
        }
        tally
    }

    fn add(&mut self, feedback: &Feedback) {
        let mentions: &[Mention] = feedback
            .understanding
            .as_ref()
            .map_or(&[], |understood| &understood.topics);
        for mention in std::iter::once(None).chain(mentions.iter().map(Some)) {
            self.add_to_slice(feedback, mention, Grain::Hour);
            self.add_to_slice(feedback, mention, Grain::Day);
        }
        if feedback
            .understanding
            .as_ref()
            .is_some_and(super::Understanding::is_non_positive)
        {
            for mention in mentions {
                self.add_mention(feedback, &mention.topic_id);
            }
        }
    }

    /// Adds to the slice of all feedback, or to that of a mention's topic.
    fn add_to_slice(&mut self, feedback: &Feedback, mention: Option<&Mention>, grain: Grain) {
        let draft = &feedback.draft;
        let slice = SliceKey {
            grain,
            topic_id: mention.map_or_else(String::new, |mention| mention.topic_id.clone()),
            start: grain.start_of(draft.occurred_at),
            product: draft.product.clone(),
            channel: draft.channel.clone(),
            touchpoint: draft.touchpoint.clone(),
            taxonomy_version: feedback.taxonomy_version,
        };
        let addend = Addend::of(feedback, mention);
        let rating = draft.rating.map(|rating| RatingKey {
            slice: slice.clone(),
            scale: rating.scale_name(),
            score: rating.score(),
        });
        for (facet, value) in Facet::of(feedback) {
            self.facets.add(facet, value, (&slice, addend), rating.as_ref());
        }
        *self.slices.entry(slice).or_default() += addend;
        if let Some(rating) = rating {
            let sum = self.ratings.entry(rating).or_default();
            sum.answers += 1;
            sum.sliced += i64::from(feedback.sliced);
            sum.segmented += i64::from(feedback.draft.segments.is_some());
        }
    }

    fn add_mention(&mut self, feedback: &Feedback, topic: &str) {
        let mention = MentionKey {
            start: hour_of(feedback.draft.occurred_at),
            topic_id: topic.to_owned(),
            product: feedback.draft.product.clone(),
        };
        match feedback.draft.profile_id {
            Some(profile_id) => {
                self.persons.insert(PersonKey { mention, profile_id });
            }
            None => *self.anonymous.entry(mention).or_default() += 1,
        }
    }
}

/// The full hour at or before an instant.
pub(crate) fn hour_of(instant: DateTime<Utc>) -> DateTime<Utc> {
    let whole = instant.trunc_subsecs(0);
    whole - TimeDelta::seconds(i64::from(whole.minute()) * 60 + i64::from(whole.second()))
}

/// The midnight (UTC) at or before an instant.
pub(crate) fn day_of(instant: DateTime<Utc>) -> DateTime<Utc> {
    let hour = hour_of(instant);
    hour - TimeDelta::hours(i64::from(hour.hour()))
}
