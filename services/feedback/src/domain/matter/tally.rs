//! What matters add to the counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::MatterContact;
use crate::domain::Grain;

/// The row of matters' counts. Ordered as the table's key is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MatterKey {
    pub(crate) grain: Grain,
    pub(crate) start: DateTime<Utc>,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
}

/// What a matter is sliced by, besides what every row of counts has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dimension {
    /// Nothing: all matters that count in slices.
    Any,
    /// Who took part in the contact that opened it.
    Agent,
    /// Where on the journey that contact was.
    Stage,
    /// A topic of its text.
    Topic,
    /// The language of its text.
    Language,
    /// The version of the taxonomy that gave the topics.
    Coding,
}

impl Dimension {
    /// Its name in the table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Agent => "agent",
            Self::Stage => "stage",
            Self::Topic => "topic",
            Self::Language => "language",
            Self::Coding => "coding",
        }
    }
}

/// The row of the counts of one slice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MatterSliceKey {
    pub(crate) dimension: Dimension,
    /// Empty for [`Dimension::Any`] alone.
    pub(crate) value: String,
    pub(crate) row: MatterKey,
}

/// What is added to a row, or taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MatterSum {
    pub(crate) matters: i64,
    pub(crate) came_again: i64,
}

/// What some contacts add to all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MatterTally {
    pub(crate) rows: BTreeMap<MatterKey, MatterSum>,
    pub(crate) slices: BTreeMap<MatterSliceKey, MatterSum>,
}

/// Counts of a slice that begin at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatterCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) matters: i64,
    pub(crate) came_again: i64,
}

impl MatterSum {
    fn add(&mut self, came_again: bool) {
        self.matters += 1;
        self.came_again += i64::from(came_again);
    }
}

impl MatterTally {
    /// The sum over `contacts`; in the slices, of those that are marked as counted there.
    pub(crate) fn of<'a>(contacts: impl IntoIterator<Item = &'a MatterContact>) -> Self {
        let mut tally = Self::default();
        for contact in contacts {
            if let Some(closed_at) = contact.counts_at() {
                for row in rows(contact, closed_at) {
                    tally.rows.entry(row).or_default().add(contact.came_again);
                }
            }
            if let Some((closed_at, came_again)) = contact.closed_at.zip(contact.sliced_as_again) {
                for (dimension, value) in slices(contact) {
                    for row in rows(contact, closed_at) {
                        let key = MatterSliceKey {
                            dimension,
                            value: value.clone(),
                            row,
                        };
                        tally.slices.entry(key).or_default().add(came_again);
                    }
                }
            }
        }
        tally
    }

    /// Leaves out of both the rows in which nothing changes.
    pub(crate) fn without_common(&mut self, other: &mut Self) {
        drop_common(&mut self.rows, &mut other.rows);
        drop_common(&mut self.slices, &mut other.slices);
    }
}

/// The rows that a matter closed at an instant counts in.
fn rows(contact: &MatterContact, closed_at: DateTime<Utc>) -> [MatterKey; 2] {
    [Grain::Hour, Grain::Day].map(|grain| MatterKey {
        grain,
        start: grain.start_of(closed_at),
        product: contact.product.clone(),
        channel: contact.channel.clone(),
        touchpoint: contact.touchpoint.clone(),
    })
}

/// The slices that a matter counts in. What was not said of it is no slice.
fn slices(contact: &MatterContact) -> Vec<(Dimension, String)> {
    let mut slices = Vec::new();
    if let Some(handling) = &contact.handling {
        slices.push((Dimension::Agent, handling.agent_id.clone()));
        slices.push((Dimension::Stage, handling.stage.clone()));
    }
    if let Some(coding) = &contact.coding {
        slices.push((Dimension::Coding, coding.taxonomy_version.to_string()));
        slices.push((Dimension::Language, coding.language.clone()));
        let topics = coding.topics.iter();
        slices.extend(topics.map(|topic| (Dimension::Topic, topic.clone())));
    }
    slices.retain(|(_, value)| !value.is_empty());
    slices.push((Dimension::Any, String::new()));
    slices
}

fn drop_common<K: Ord>(one: &mut BTreeMap<K, MatterSum>, other: &mut BTreeMap<K, MatterSum>) {
    one.retain(|key, sum| {
        let same = other.get(key) == Some(sum);
        if same {
            other.remove(key);
        }
        !same
    });
}
