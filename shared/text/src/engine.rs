//! The built-in engine.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use crate::explanation::Explained;
use crate::normalize::{Glyph, normalize};
use crate::sentences::{clauses, sentences};
use crate::sentiment::Model;
use crate::{
    Abstained, Attempt, Correction, Explanation, Keyword, Language, Polarity, Sentiment, Taxonomy,
    TopicMatch, keywords, language,
};

/// Characters of a text that are read; what follows is cut and [`Analysis::truncated`] says so.
pub const MAX_CHARACTERS: usize = 20_000;

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The language most of the text is in; `None` when there is too little to tell.
    pub language: Option<Language>,
    /// How the writer feels.
    pub sentiment: Sentiment,
    /// The topics it touches, in order of their first mention; one entry for each topic.
    pub topics: Vec<TopicMatch>,
    /// Whether the text was longer than [`MAX_CHARACTERS`] and its end was not read.
    pub truncated: bool,
}

/// The sentiment of one sentence of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SentenceSentiment {
    /// First byte of the sentence in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// How the writer feels in it.
    pub sentiment: Sentiment,
}

/// Reads texts. Cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct Engine {
    model: Arc<Model>,
    correction: Option<Arc<Correction>>,
}

static BUILTIN: LazyLock<Arc<Model>> = LazyLock::new(|| {
    // The file is part of the binary and a test reads it, so the other arm serves only a build from a
    // damaged checkout: it then knows nothing and abstains from everything.
    Arc::new(Model::builtin().unwrap_or_else(|_| Model::blank()))
});

impl Engine {
    /// The engine with the model that is part of the binary.
    pub fn builtin() -> Engine {
        Engine {
            model: Arc::clone(&BUILTIN),
            correction: None,
        }
    }

    /// An engine with a model of one's own, such as one just trained.
    pub fn with_model(model: Model) -> Engine {
        Engine {
            model: Arc::new(model),
            correction: None,
        }
    }

    /// The same engine with what a company's own customers taught.
    #[must_use]
    pub fn with_correction(&self, correction: Correction) -> Engine {
        Engine {
            model: Arc::clone(&self.model),
            correction: Some(Arc::new(correction)),
        }
    }

    /// Learns from texts whose sentiment is known, such as the comments of rated answers; `None` when the
    /// result is no better than the built-in model beyond chance on held-back texts.
    pub fn learn(&self, texts: &[(&str, Polarity)]) -> Option<Correction> {
        Correction::learn(&self.model, texts)
    }

    /// The same as [`Engine::learn`] with how the correction was judged, whether it is used or not.
    pub fn attempt(&self, texts: &[(&str, Polarity)]) -> Attempt {
        Correction::attempt(&self.model, texts)
    }

    fn judge(&self, glyphs: &[Glyph]) -> Sentiment {
        let probabilities = match &self.correction {
            None => self.model.probabilities(glyphs),
            Some(correction) => correction.probabilities(&self.model, glyphs),
        };
        probabilities.map_or(Sentiment::UNKNOWN, |found| {
            Sentiment::from_probabilities(found, self.model.calibration())
        })
    }

    /// Name and number of the model; store it with every result.
    pub fn version(&self) -> &str {
        self.model.version()
    }

    /// Reads a text: any bytes of any script, of any length.
    pub fn analyze(&self, text: &str, taxonomy: &Taxonomy) -> Analysis {
        let (text, truncated) = cut(text);
        let mut glyphs = Vec::with_capacity(text.len().min(MAX_CHARACTERS));
        normalize(text, &mut glyphs);
        Analysis {
            language: language::detect(text),
            sentiment: self.judge(&glyphs),
            topics: taxonomy.find(text),
            truncated,
        }
    }

    /// The sentiment of each sentence: where a text praises one thing and blames another, which is which.
    pub fn sentiment_by_sentence(&self, text: &str) -> Vec<SentenceSentiment> {
        let (text, _) = cut(text);
        let mut glyphs = Vec::new();
        let judge = |Range { start, end }: Range<usize>| {
            normalize(&text[start..end], &mut glyphs);
            SentenceSentiment {
                start,
                end,
                sentiment: self.judge(&glyphs),
            }
        };
        sentences(text).into_iter().map(judge).collect()
    }

    /// The sentiment of what stands at a span of the text, such as the mention of a topic: of the clause around
    /// it, or of the whole sentence where the clause alone does not say. A span outside the text has the
    /// sentiment of the last sentence.
    pub fn sentiment_at(&self, text: &str, span: Range<usize>) -> Sentiment {
        let (text, _) = cut(text);
        let sentences = sentences(text);
        let around = |ranges: &[Range<usize>]| {
            let first = ranges.partition_point(|range| range.end <= span.start);
            let beyond = ranges
                .partition_point(|range| range.start < span.end)
                .max(first + 1);
            let last = ranges.get(beyond.min(ranges.len()).checked_sub(1)?)?;
            Some(ranges.get(first).unwrap_or(last).start.min(last.start)..last.end)
        };
        let mut glyphs = Vec::new();
        let mut judge = |range: Range<usize>| {
            normalize(&text[range], &mut glyphs);
            self.judge(&glyphs)
        };
        let Some(sentence) = around(&sentences) else {
            return Sentiment::UNKNOWN;
        };
        around(&clauses(text, sentence.clone()))
            .map(&mut judge)
            .filter(|sentiment| sentiment.label.is_some())
            .unwrap_or_else(|| judge(sentence))
    }

    /// Why the sentiment of a text is judged as it is: what each word brought.
    pub fn explain(&self, text: &str) -> Explanation {
        let (text, truncated) = cut(text);
        let (language, sentiment) = self.sentiment(text);
        let explained = Explained {
            model: &self.model,
            correction: self.correction.as_deref(),
            text,
        };
        let (baseline, contributions) = explained.contributions();
        Explanation {
            language,
            sentiment,
            abstained: match sentiment.label {
                Some(_) => None,
                None if contributions.is_empty() => Some(Abstained::NothingToRead),
                None => Some(Abstained::Unsure),
            },
            threshold: self.model.abstain_threshold(),
            model: self.version().to_owned(),
            corrected: self.correction.is_some(),
            baseline,
            contributions,
            truncated,
        }
    }

    /// The words and phrases that say what a text is about, the most telling first, at most `most`.
    pub fn keywords(&self, text: &str, most: usize) -> Vec<Keyword> {
        let (text, _) = cut(text);
        keywords::keywords(text, most)
    }

    /// The language and sentiment of a text, without topics.
    pub fn sentiment(&self, text: &str) -> (Option<Language>, Sentiment) {
        let (text, _) = cut(text);
        let mut glyphs = Vec::with_capacity(text.len().min(MAX_CHARACTERS));
        normalize(text, &mut glyphs);
        (language::detect(text), self.judge(&glyphs))
    }
}

/// The beginning of a text that is read, and whether that is not all of it.
pub(crate) fn cut(text: &str) -> (&str, bool) {
    if text.len() <= MAX_CHARACTERS {
        return (text, false);
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}
