//! All keywords of a taxonomy in one automaton: a text is read once, however many topics there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use aho_corasick::AhoCorasick;

use super::classifier::Classifier;
use super::keyword::Keyword;
use super::search_text::{Reader, SENTENCE_END, SearchText};
use super::{FoundBy, TaxonomyError, TopicDefinition, TopicMatch};
use crate::sentences::sentences;

/// Words that may stand between two parts of a keyword.
const WIDEST_GAP: usize = 5;
/// Evidence of a keyword that is one word.
const WORD_STRENGTH: f64 = 0.6;
/// Evidence of a keyword whose parts have words in between.
const GAP_STRENGTH: f64 = 0.7;
/// Evidence of a keyword of several words side by side.
const PHRASE_STRENGTH: f64 = 0.8;

/// From this probability on a sentence is taken to speak of the topic whose examples it is like.
const EXAMPLE_THRESHOLD: f32 = 0.5;

/// A compiled taxonomy.
#[derive(Debug)]
pub struct Taxonomy {
    ids: Vec<String>,
    keywords: Vec<CompiledKeyword>,
    /// What each pattern of the automaton stands for: a keyword and one of its parts.
    uses: Vec<Vec<(usize, usize)>>,
    automaton: AhoCorasick,
    vocabulary: HashSet<String>,
    reader: Reader,
    classifier: Option<Classifier>,
}

#[derive(Debug)]
struct CompiledKeyword {
    /// As the topic has it.
    source: String,
    topic: usize,
    parts: usize,
    strength: f64,
}

/// A part of a keyword found in a text, in tokens.
#[derive(Debug, Clone, Copy)]
struct Hit {
    first: usize,
    end: usize,
}

/// What a text holds of one topic.
#[derive(Debug)]
struct Evidence {
    first: usize,
    end: usize,
    /// The keyword that stands there.
    quoted: usize,
    keywords: Vec<usize>,
}

impl Taxonomy {
    /// Compiles topics.
    ///
    /// # Errors
    /// When an identifier is empty or taken twice, a topic has nothing to be found by, or a keyword
    /// cannot be read.
    pub fn compile(topics: &[TopicDefinition]) -> Result<Taxonomy, TaxonomyError> {
        let reader = Reader::new();
        let mut patterns: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        let mut vocabulary = HashSet::new();
        let mut keywords = Vec::new();
        let mut seen = HashSet::new();
        for (topic, definition) in topics.iter().enumerate() {
            check(topic, definition, &mut seen)?;
            for source in &definition.keywords {
                let refuse = |problem| TaxonomyError::Keyword {
                    id: definition.id.clone(),
                    keyword: source.clone(),
                    problem,
                };
                let keyword = Keyword::parse(source).map_err(refuse)?;
                let mut words = 0;
                for (part, alternatives) in keyword.parts.iter().enumerate() {
                    for phrase in alternatives {
                        let searched = reader.read(phrase, |_| false);
                        let pattern = pattern(&searched)
                            .filter(|_| !searched.tokens.is_empty())
                            .ok_or_else(|| refuse("has no word in it; write the words that customers use"))?;
                        words = words.max(searched.tokens.len());
                        vocabulary.extend(pattern.split_whitespace().map(str::to_owned));
                        let uses = patterns.entry(pattern).or_default();
                        // Alternatives such as "bag" and "bags" are one pattern once stemmed.
                        if !uses.contains(&(keywords.len(), part)) {
                            uses.push((keywords.len(), part));
                        }
                    }
                }
                let parts = keyword.parts.len();
                keywords.push(CompiledKeyword {
                    source: source.clone(),
                    topic,
                    parts,
                    strength: strength(parts, words),
                });
            }
        }
        let automaton = AhoCorasick::new(patterns.keys()).map_err(|_| TaxonomyError::TooLarge)?;
        let uses = patterns.into_values().collect();
        let ids = topics.iter().map(|topic| topic.id.clone()).collect();
        let classifier = Classifier::train(topics);
        Ok(Taxonomy {
            ids,
            keywords,
            uses,
            automaton,
            vocabulary,
            reader,
            classifier,
        })
    }

    /// The topics that have examples, the likeliest for the whole text first, with their probabilities: for
    /// texts that are known to be of one topic each.
    pub fn rank(&self, text: &str) -> Vec<(&str, f32)> {
        let Some(classifier) = &self.classifier else {
            return Vec::new();
        };
        let probabilities = classifier.probabilities(&classifier.features(text));
        let mut ranked: Vec<(&str, f32)> = classifier
            .topics
            .iter()
            .zip(probabilities)
            .map(|(&topic, probability)| (self.ids[topic].as_str(), probability))
            .collect();
        ranked.sort_by(|left, right| right.1.total_cmp(&left.1));
        ranked
    }

    /// The topics of a text in order of their first mention.
    pub(crate) fn find(&self, text: &str) -> Vec<TopicMatch> {
        let mut matches = self.find_keywords(text);
        if let Some(classifier) = &self.classifier {
            self.add_by_example(classifier, text, &mut matches);
            matches.sort_by_key(|found| (found.start, found.end));
        }
        matches
    }

    /// Adds the topics whose examples a sentence is like.
    fn add_by_example(&self, classifier: &Classifier, text: &str, matches: &mut Vec<TopicMatch>) {
        for sentence in sentences(text) {
            let features = classifier.features(&text[sentence.clone()]);
            let probabilities = classifier.probabilities(&features);
            for (class, probability) in probabilities.into_iter().enumerate() {
                if probability < EXAMPLE_THRESHOLD {
                    continue;
                }
                let id = &self.ids[classifier.topics[class]];
                match matches.iter_mut().find(|found| found.topic_id == *id) {
                    Some(found) => found.confidence = found.confidence.max(probability),
                    None => matches.push(TopicMatch {
                        topic_id: id.clone(),
                        start: sentence.start,
                        end: sentence.end,
                        confidence: probability,
                        found_by: FoundBy::Example(classifier.nearest(class, &features)),
                    }),
                }
            }
        }
    }

    fn find_keywords(&self, text: &str) -> Vec<TopicMatch> {
        let searched = self.reader.read(text, |stem| self.vocabulary.contains(stem));
        let mut found: HashMap<usize, Evidence> = HashMap::new();
        let mut chains: HashMap<(usize, usize), Hit> = HashMap::new();
        for hit in self.automaton.find_overlapping_iter(&searched.text) {
            let tokens = Hit {
                first: searched.token_at(hit.start()),
                end: searched.token_at(hit.end() - 1) + 1,
            };
            // The space after a stem lies before the next token; such a match ends with the stem itself.
            let tokens = if searched.text[..hit.end()].ends_with(' ') {
                Hit {
                    end: searched.token_at(hit.end().saturating_sub(2)) + 1,
                    ..tokens
                }
            } else {
                tokens
            };
            for &(keyword, part) in &self.uses[hit.pattern().as_usize()] {
                if let Some(whole) = self.advance(keyword, part, tokens, &searched, &mut chains) {
                    note(&mut found, self.keywords[keyword].topic, keyword, whole);
                }
            }
        }
        self.matches(found, &searched)
    }

    /// Takes a part of a keyword into account; the whole keyword's place once its last part is found.
    fn advance(
        &self,
        keyword: usize,
        part: usize,
        hit: Hit,
        searched: &SearchText,
        chains: &mut HashMap<(usize, usize), Hit>,
    ) -> Option<Hit> {
        let chain = match part.checked_sub(1) {
            None => hit,
            Some(before) => {
                let chain = chains.get(&(keyword, before))?;
                let near = hit.first >= chain.end && hit.first - chain.end <= WIDEST_GAP;
                if !near || crosses_sentences(searched, chain.end - 1, hit.first) {
                    return None;
                }
                Hit {
                    first: chain.first,
                    end: hit.end,
                }
            }
        };
        if part + 1 == self.keywords[keyword].parts {
            return Some(chain);
        }
        chains.insert((keyword, part), chain);
        None
    }

    fn matches(&self, found: HashMap<usize, Evidence>, searched: &SearchText) -> Vec<TopicMatch> {
        let mut found: Vec<(usize, Evidence)> = found.into_iter().collect();
        found.sort_unstable_by_key(|(topic, evidence)| (evidence.first, evidence.end, *topic));
        found
            .into_iter()
            .map(|(topic, evidence)| {
                let doubt: f64 = evidence
                    .keywords
                    .iter()
                    .map(|&keyword| 1.0 - self.keywords[keyword].strength)
                    .product();
                TopicMatch {
                    topic_id: self.ids[topic].clone(),
                    start: searched.tokens.get(evidence.first).map_or(0, |token| token.start),
                    end: searched.tokens.get(evidence.end - 1).map_or(0, |token| token.end),
                    confidence: confidence(doubt),
                    found_by: FoundBy::Keyword(self.keywords[evidence.quoted].source.clone()),
                }
            })
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest f32; the value is within 0 and 1"
)]
fn confidence(doubt: f64) -> f32 {
    (1.0 - doubt) as f32
}

fn note(found: &mut HashMap<usize, Evidence>, topic: usize, keyword: usize, hit: Hit) {
    let evidence = found.entry(topic).or_insert(Evidence {
        first: hit.first,
        end: hit.end,
        quoted: keyword,
        keywords: Vec::new(),
    });
    // A phrase that starts where a word of it was found first is the better quote.
    if hit.first < evidence.first || hit.first == evidence.first && hit.end > evidence.end {
        evidence.first = hit.first;
        evidence.end = hit.end;
        evidence.quoted = keyword;
    }
    if !evidence.keywords.contains(&keyword) {
        evidence.keywords.push(keyword);
    }
}

fn crosses_sentences(searched: &SearchText, before: usize, after: usize) -> bool {
    match (searched.tokens.get(before), searched.tokens.get(after)) {
        (Some(before), Some(after)) => searched.text[before.until..after.at].contains(SENTENCE_END),
        _ => true,
    }
}

fn check<'a>(
    index: usize,
    definition: &'a TopicDefinition,
    seen: &mut HashSet<&'a str>,
) -> Result<(), TaxonomyError> {
    let id = definition.id.clone();
    if id.is_empty() {
        return Err(TaxonomyError::EmptyId { position: index + 1 });
    }
    if !seen.insert(&definition.id) {
        return Err(TaxonomyError::DuplicateId { id });
    }
    if definition.keywords.is_empty() && definition.examples.is_empty() {
        return Err(TaxonomyError::EmptyTopic { id });
    }
    Ok(())
}

/// The searched form of a phrase: bounded by spaces, except where a Han character stands at its edge.
fn pattern(searched: &SearchText) -> Option<String> {
    let first = searched.text.trim().chars().next()?;
    let last = searched.text.trim().chars().next_back()?;
    let bounded = |character: char| crate::normalize::classify(character) == crate::normalize::Class::Word;
    let mut pattern = searched.text.trim().to_owned();
    if bounded(first) {
        pattern.insert(0, ' ');
    }
    if bounded(last) {
        pattern.push(' ');
    }
    Some(pattern)
}

fn strength(parts: usize, words: usize) -> f64 {
    match (parts, words) {
        (1, ..=1) => WORD_STRENGTH,
        (1, _) => PHRASE_STRENGTH,
        _ => GAP_STRENGTH,
    }
}
