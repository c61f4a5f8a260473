//! A tenant's taxonomy: what stands above what, and what a change of it changes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Topic;

/// How many topics may stand one below the other.
pub(crate) const DEEPEST: usize = 4;

/// The version of what was coded before versions were recorded.
pub(crate) const UNRECORDED: i64 = -1;

/// Topics by their ids.
pub(crate) type Topics = BTreeMap<String, Topic>;

/// What a change of the taxonomy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaxonomyChange {
    Created,
    Updated,
    Archived,
}

impl TaxonomyChange {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Archived => "archived",
        }
    }

    /// The change that a column holds.
    pub(crate) fn stored(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Archived]
            .into_iter()
            .find(|change| change.as_str() == name)
    }
}

/// A version of a taxonomy: who changed what, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaxonomyVersion {
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    /// Empty for versions from before it was recorded.
    pub(crate) author: String,
    /// None for a change that this version of the service does not know.
    pub(crate) change: Option<TaxonomyChange>,
    pub(crate) topic_id: String,
    pub(crate) description: String,
    /// The topics that are coded otherwise than by the version before.
    pub(crate) affected: Vec<String>,
}

/// Why a topic cannot stand where it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misplaced {
    #[error("the topic above is none of the tenant's that is in use")]
    NoParent,
    #[error("a topic cannot stand below itself")]
    Circle,
    #[error("at most {DEEPEST} topics stand one below the other")]
    TooDeep,
    #[error("topics that are in use stand below it")]
    HasBelow,
}

/// The ids of the topics above one, the nearest first; as many as there may be at most, so that a circle ends too.
pub(crate) fn above<'a>(topics: &'a Topics, id: &str) -> impl Iterator<Item = &'a str> {
    let parent = |id: &str| topics.get(id).and_then(|topic| topic.parent_id.as_deref());
    std::iter::successors(parent(id), move |id| parent(id)).take(DEEPEST)
}

/// Whether the topic `id`, as it stands in `topics`, stands well.
pub(crate) fn check_place(topics: &Topics, id: &str) -> Result<(), Misplaced> {
    let Some(topic) = topics.get(id) else {
        return Ok(());
    };
    let below = topics.values().filter(|other| other.archived_at.is_none());
    if topic.archived_at.is_some() {
        let mut below = below;
        let has_below = below.any(|other| other.parent_id.as_deref() == Some(id));
        return if has_below {
            Err(Misplaced::HasBelow)
        } else {
            Ok(())
        };
    }
    let Some(parent) = &topic.parent_id else {
        return Ok(());
    };
    if parent == id || above(topics, parent).any(|other| other == id) {
        return Err(Misplaced::Circle);
    }
    if topics
        .get(parent)
        .is_none_or(|parent| parent.archived_at.is_some())
    {
        return Err(Misplaced::NoParent);
    }
    let depth = |of: &str| above(topics, of).count() + 1;
    let deepest = below
        .filter(|other| other.id() == id || above(topics, other.id()).any(|over| over == id))
        .map(|other| depth(other.id()));
    if deepest.max().unwrap_or_default() > DEEPEST {
        return Err(Misplaced::TooDeep);
    }
    Ok(())
}

/// The topics that texts may be given otherwise once `id` has changed from `before` to `after`; false where only the
/// examples of others changed, with which a topic's own are learnt.
pub(crate) fn effects(before: &Topics, after: &Topics, id: &str) -> BTreeMap<String, bool> {
    let over = |topics| above(topics, id).map(str::to_owned).collect::<BTreeSet<String>>();
    let (old, new) = (before.get(id), after.get(id));
    let same = old.zip(new).is_some_and(|(old, new)| old.finds_as(new));
    let mut effects: BTreeMap<String, bool> = if same {
        // Only its place changed: those above both places see it as before.
        over(before)
            .symmetric_difference(&over(after))
            .map(|id| (id.clone(), true))
            .collect()
    } else {
        let all = over(before).into_iter().chain(over(after));
        all.chain([id.to_owned()]).map(|id| (id, true)).collect()
    };
    let learnt = |topic: Option<&Topic>| {
        topic
            .filter(|topic| topic.archived_at.is_none())
            .map_or(&[][..], |topic| topic.definition.examples.as_slice())
            .to_vec()
    };
    if learnt(old) != learnt(new) {
        for other in after.values().filter(|other| !learnt(Some(other)).is_empty()) {
            for touched in above(after, other.id()).chain([other.id()]) {
                effects.entry(touched.to_owned()).or_insert(false);
            }
        }
    }
    effects
}

/// The versions that changed how one topic is coded, in order, with when they began to stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage(pub(crate) Vec<(i64, DateTime<Utc>)>);

impl Lineage {
    /// Since which version the topic is coded as `version` codes it. What was not recorded is taken to be of the version
    /// that stood at `start`, when the row of counts begins.
    pub(crate) fn coding_of(&self, version: i64, start: DateTime<Utc>) -> i64 {
        let turns = self.0.iter().rev();
        let turn = if version == UNRECORDED {
            turns.clone().find(|(_, at)| *at <= start)
        } else {
            turns.clone().find(|(turn, _)| *turn <= version)
        };
        turn.map_or(0, |(turn, _)| *turn)
    }
}

#[cfg(test)]
mod tests;
