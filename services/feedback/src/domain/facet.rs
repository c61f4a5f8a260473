//! What feedback is sliced by besides what every row of counts has.

use std::collections::BTreeMap;

use super::{Addend, Feedback, RatingKey, SliceKey};

/// What numbers are asked by one at a time: their roll-ups would be as large as the feedback if all were in one key.
/// Feedback has at most one value of each but of segments, whose numbers therefore do not add up to that of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Facet {
    /// The employee it is about.
    Agent,
    /// The team that served.
    Team,
    /// Where on the journey the person was.
    Stage,
    /// The language of the text.
    Language,
    /// A customer segment that the person was in.
    Segment,
}

impl Facet {
    /// Its name in the tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Team => "team",
            Self::Stage => "stage",
            Self::Language => "language",
            Self::Segment => "segment",
        }
    }

    /// What some feedback counts as; nothing of feedback that counts in no facet.
    pub(crate) fn of(feedback: &Feedback) -> impl Iterator<Item = (Self, &str)> {
        let draft = &feedback.draft;
        let understood = feedback.understanding.as_ref();
        let language = understood.and_then(|understood| understood.language.as_deref());
        let values = [
            (Self::Agent, draft.agent_id.as_str()),
            (Self::Team, draft.team.as_str()),
            (Self::Stage, draft.stage.as_str()),
            (Self::Language, language.unwrap_or_default()),
        ];
        let segments = draft.segments.iter().flatten();
        values
            .into_iter()
            .filter(|(_, value)| feedback.sliced && !value.is_empty())
            .chain(segments.map(|segment| (Self::Segment, segment.as_str())))
    }
}

/// The row of a facet's counts. Ordered as the table's key is, like [`SliceKey`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FacetKey<R> {
    pub(crate) facet: Facet,
    pub(crate) value: String,
    pub(crate) row: R,
}

/// What some feedback adds to the counts of facets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FacetTally {
    pub(crate) slices: BTreeMap<FacetKey<SliceKey>, Addend>,
    pub(crate) ratings: BTreeMap<FacetKey<RatingKey>, i64>,
}

impl FacetTally {
    /// Adds what one piece of feedback adds to a slice to the same slice of a facet.
    pub(super) fn add(
        &mut self,
        facet: Facet,
        value: &str,
        (slice, addend): (&SliceKey, Addend),
        rating: Option<&RatingKey>,
    ) {
        *self.slices.entry(FacetKey::of(facet, value, slice)).or_default() += addend;
        if let Some(rating) = rating {
            *self
                .ratings
                .entry(FacetKey::of(facet, value, rating))
                .or_default() += 1;
        }
    }
}

impl<R: Clone> FacetKey<R> {
    fn of(facet: Facet, value: &str, row: &R) -> Self {
        Self {
            facet,
            value: value.to_owned(),
            row: row.clone(),
        }
    }
}
