//! What a customer's text says: its language, its sentiment, what it is about.
//!
//! Everything runs inside the process, offline and without a GPU: an [`Engine`] holds a model of a few
//! megabytes that is part of the binary, and [`Engine::analyze`] takes tens of microseconds for a short
//! text. The same text gets the same answer on every machine: scores are sums of small integers, and the
//! few floating-point steps after them use only operations that IEEE 754 fixes to the bit.
//!
//! ```
//! use attune_text::{Engine, Polarity, Taxonomy};
//!
//! let engine = Engine::builtin();
//! let taxonomy = Taxonomy::compile(&Taxonomy::starter())?;
//! let analysis = engine.analyze("You cancelled my flight and nobody answers the phone, terrible!", &taxonomy);
//! assert_eq!(analysis.language.map(|language| language.as_str()), Some("en"));
//! assert_eq!(analysis.sentiment.label, Some(Polarity::Negative));
//! assert!(analysis.topics.iter().any(|topic| topic.topic_id == "cancellation"));
//! # Ok::<(), attune_text::TaxonomyError>(())
//! ```
//!
//! Besides, [`Engine::keywords`] gives the phrases a text is about and [`distinctive_phrases`] those that set one set of
//! texts off from another; [`Themes`] groups a stream of texts without a taxonomy; [`personal_data`] finds what must not be
//! shown; [`Engine::explain`] says what each word brought to the sentiment. `docs/text.md` has how well and how fast.
//!
//! What the shipped model was trained on, and how far it can be trusted, is in `docs/model-card.md`.

mod bytes;
mod correction;
mod engine;
mod explanation;
mod features;
mod hanzi;
mod keywords;
mod language;
mod normalize;
mod random;
mod redact;
mod sentences;
mod sentiment;
mod themes;
mod topics;
mod words;

pub mod calibration;
pub mod dataset;
pub mod evaluation;
pub mod training;

pub use correction::{Attempt, Correction, CorrectionError, FEWEST_TEXTS, Judgement};
pub use engine::{Analysis, Engine, MAX_CHARACTERS, SentenceSentiment};
pub use explanation::{Abstained, Contribution, Explanation, Push};
pub use keywords::{DistinctivePhrase, Keyword, PhraseCounts, distinctive_phrases};
pub use language::Language;
pub use redact::{PersonalData, PersonalDataKind, personal_data, redact};
pub use sentences::sentences;
pub use sentiment::{Model, ModelError, Polarity, Sentiment};
pub use themes::{Assignment, Theme, ThemeOptions, Themes, ThemesError, quote};
pub use topics::{FoundBy, Taxonomy, TaxonomyError, TopicDefinition, TopicMatch};
pub use words::learn_frequencies;
