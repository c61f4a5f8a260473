//! Topics: what a text is about, by a taxonomy that the company owns.

mod automaton;
mod classifier;
mod keyword;
mod search_text;
mod starter;

pub use automaton::Taxonomy;

/// A topic as its owner describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicDefinition {
    /// Stable identifier, unique in the taxonomy.
    pub id: String,
    /// Name that people read.
    pub name: String,
    /// Words and phrases, in any language, that speak of the topic.
    ///
    /// Case, width, word endings (English and Russian) and the two ways of writing Chinese do not matter.
    /// Words of a phrase stand side by side; `…` between them lets up to five words in between, within one
    /// sentence; `[lost|missing] … [bag|luggage]` offers alternatives, and `[my|our|]` one that may be
    /// left out.
    pub keywords: Vec<String>,
    /// Texts that speak of the topic. A sentence is the better example: what is found is a sentence. From
    /// about five on the topic is found in other words too; several topics may share an example.
    pub examples: Vec<String>,
}

/// A topic found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicMatch {
    /// The topic's [`TopicDefinition::id`].
    pub topic_id: String,
    /// First byte of its first mention in the text; of the sentence most like the examples where no keyword
    /// is in it.
    pub start: usize,
    /// One past the last byte of its first mention.
    pub end: usize,
    /// How much evidence there is, 0 to 1: a lone keyword gives less than a phrase, several more than one, and
    /// likeness to the examples its probability. An order of strength, not a calibrated probability.
    pub confidence: f32,
    /// By what it was found.
    pub found_by: FoundBy,
}

/// By what a topic was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundBy {
    /// The keyword that stands at the place, as the topic has it.
    Keyword(String),
    /// Likeness to the topic's examples: the position, from 0, of the one that the sentence at the place is most
    /// like.
    Example(usize),
}

/// Why a taxonomy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaxonomyError {
    /// A topic's identifier is empty.
    #[error("topic {position} has an empty id; give every topic an id of its own")]
    EmptyId {
        /// Position in the list, from 1.
        position: usize,
    },
    /// Two topics have the same identifier.
    #[error("two topics have the id {id:?}; give every topic an id of its own")]
    DuplicateId {
        /// The shared identifier.
        id: String,
    },
    /// A topic has neither keywords nor examples.
    #[error("topic {id:?} has neither keywords nor examples; give it some of either")]
    EmptyTopic {
        /// The topic.
        id: String,
    },
    /// A keyword holds no word, or its brackets do not close.
    #[error("keyword {keyword:?} of topic {id:?} {problem}")]
    Keyword {
        /// The topic.
        id: String,
        /// The keyword.
        keyword: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// There are more keywords than one automaton can hold.
    #[error("the taxonomy has too many keywords to compile; remove some")]
    TooLarge,
}
