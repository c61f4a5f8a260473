//! Coding history with a version of the taxonomy, beside the codings it has.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Mention, Window};

/// Where a recoding has come to: the last piece of feedback it has been through, in the order of what was said when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Through {
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) feedback_id: Uuid,
}

/// The coding of a part of history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct Recoding {
    pub(crate) recoding_id: Uuid,
    pub(crate) taxonomy_version: i64,
    pub(crate) window: Window,
    pub(crate) author: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) through: Option<Through>,
    /// Pieces of feedback there were when it began.
    pub(crate) total: i64,
    /// Pieces it has been through.
    pub(crate) processed: i64,
    /// Of those, the ones whose topics differ from those they stood with.
    pub(crate) changed: i64,
    /// Of those, the ones that had this coding already.
    pub(crate) known: i64,
    pub(crate) cancelled: Option<Cancelled>,
    /// Pieces of feedback from which its coding was taken again.
    pub(crate) restored: i64,
}

/// That a recoding was cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled {
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// What a version of the taxonomy made of a piece of feedback.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Coding {
    pub(crate) taxonomy_version: i64,
    /// Whether it is the one that is used.
    pub(crate) standing: bool,
    pub(crate) topics: Vec<Mention>,
}

/// What becomes of a new coding: of several the one of the newest version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    /// The feedback has it already.
    Known,
    /// It stands from now on, and the one that stood stays beside it.
    Stands,
    /// It stays beside the one that stands.
    Beside,
}

impl Placing {
    /// Where a coding of `version` belongs beside one of `standing` and `others`. `recorded` says whether `standing` is
    /// on record, or only what is taken to have stood then.
    pub(crate) fn of(version: i64, standing: i64, recorded: bool, others: &[i64]) -> Self {
        if recorded && standing == version || others.contains(&version) {
            Self::Known
        } else if version >= standing {
            Self::Stands
        } else {
            Self::Beside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_codings_the_newest_stands() {
        assert_eq!(Placing::of(3, 3, true, &[]), Placing::Known);
        assert_eq!(Placing::of(2, 3, true, &[1, 2]), Placing::Known);
        assert_eq!(Placing::of(4, 3, true, &[1]), Placing::Stands);
        assert_eq!(Placing::of(2, 3, true, &[1]), Placing::Beside);
        // Not on record: then it is recoded to be.
        assert_eq!(Placing::of(3, 3, false, &[]), Placing::Stands);
        assert_eq!(Placing::of(2, 3, false, &[]), Placing::Beside);
    }
}
