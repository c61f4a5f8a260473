//! What the service knows, free of wire and tables.

mod comparison;
mod correction;
pub(crate) mod course;
mod driver;
pub(crate) mod employee;
mod evidence;
mod explanation;
mod facet;
mod feedback;
mod hot_issue;
pub(crate) mod invitation;
mod matter;
mod metric;
mod perception;
mod provenance;
mod quotes;
mod recoding;
pub(crate) mod recovery;
pub(crate) mod survey;
mod tally;
mod taxonomy;
mod theme;
mod topic;
mod understanding;
mod usual;
mod watch;

pub(crate) use comparison::{Contrast, Group, Overlap};
pub(crate) use correction::{Correction, CorrectionState, reason_of, taught_by};
pub(crate) use course::Course;
pub(crate) use driver::Drivers;
pub(crate) use evidence::{Cohort, Evidence, Member};
pub(crate) use facet::{Facet, FacetKey, FacetTally};
pub(crate) use feedback::{Draft, Feedback, Origin, Rating, Source};
pub(crate) use hot_issue::{
    DecisionRecord, HotIssue, HotIssueState, Notice, Outcome, Ruling, Scope, Sight, Widening,
};
pub(crate) use matter::{
    Dimension, Direction, Handling, MatterCoding, MatterContact, MatterCount, MatterKey, MatterSum,
    MatterTally, SETTLES_AFTER, settled_before,
};
pub(crate) use metric::{AskedCount, Grain, Measure, Slice, SliceCount, Spans, Step, Window, metric};
pub(crate) use perception::{OwnRating, OwnRatingDraft, Perception, Subject};
pub(crate) use provenance::{Provenance, TopicCoding};
pub(crate) use quotes::{QuoteDigest, THEME_CHARACTERS, digest, digests, representative};
pub(crate) use recoding::{Cancelled, Coding, Placing, Recoding, Through};
pub(crate) use tally::{Addend, MentionKey, PersonKey, RatingKey, SliceKey, Tally, day_of, hour_of};
pub(crate) use taxonomy::{
    Lineage, Misplaced, TaxonomyChange, TaxonomyVersion, Topics, UNRECORDED, above, check_place, effects,
};
pub(crate) use theme::{Learnt, Period, Theme, ThemeInPeriod, without_placeholders};
pub(crate) use topic::{Topic, TopicOrigin, rule_values, topic_rule};
pub(crate) use understanding::{FoundBy, Mention, Sentiment, Understanding};
pub(crate) use usual::Series;
pub(crate) use watch::{Announced, Watched};
