//! One cluster of texts.

use super::direction::Direction;
use super::vector::{self, Features};
use crate::redact::PersonalData;
use crate::words::Words;
use crate::{Language, PhraseCounts};

/// Most features kept of a cluster: the heaviest.
const MOST_FEATURES: usize = 128;
/// Features beyond that before the lightest are dropped, so that not every text drops some.
const SLACK: usize = 64;
/// Most phrases counted in a cluster.
const MOST_PHRASES: usize = 60;
/// Most copies recognised, the latest.
const MOST_FINGERPRINTS: usize = 12;
/// Texts are copies when their fingerprints differ in at most so many of 64 bits.
const COPY_DISTANCE: u32 = 5;
/// Most texts kept to show.
pub(super) const MOST_REPRESENTATIVES: usize = 3;
/// Most characters of a text that is shown.
const LONGEST_REPRESENTATIVE: usize = 240;

/// Texts that are alike.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) id: u64,
    /// All texts, copies too.
    pub(super) texts: u64,
    /// Texts that are no copies.
    pub(super) distinct: u64,
    /// When the last text came, in texts added.
    pub(super) last: u64,
    /// Languages with their texts, the commonest first.
    pub(super) languages: Vec<(Language, u64)>,
    /// The sum of the texts' vectors, in order of the bucket.
    pub(super) sums: Features,
    /// The length of that sum.
    length: f32,
    /// What its texts mean.
    pub(super) direction: Direction,
    pub(super) fingerprints: Vec<u64>,
    pub(super) phrases: PhraseCounts,
    pub(super) shown: Vec<Representative>,
}

/// A text to show, personal data removed, and how near it was to the middle of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Representative {
    pub(super) similarity: f32,
    pub(super) text: String,
}

impl Cluster {
    pub(super) fn new(id: u64) -> Cluster {
        Cluster {
            id,
            texts: 0,
            distinct: 0,
            last: 0,
            languages: Vec::new(),
            sums: Vec::new(),
            length: 0.0,
            direction: Direction::default(),
            fingerprints: Vec::new(),
            phrases: PhraseCounts::new(MOST_PHRASES),
            shown: Vec::new(),
        }
    }

    /// Whether a text with nearly the same words is among the latest.
    pub(super) fn holds_copy(&self, fingerprint: u64) -> bool {
        self.fingerprints
            .iter()
            .any(|known| (known ^ fingerprint).count_ones() <= COPY_DISTANCE)
    }

    pub(super) fn count(&mut self, now: u64, language: Option<Language>, duplicate: bool) {
        self.texts += 1;
        self.distinct += u64::from(!duplicate);
        self.last = now;
        if let Some(language) = language {
            self.count_language(language, 1);
        }
    }

    fn count_language(&mut self, language: Language, texts: u64) {
        match self.languages.iter_mut().find(|(known, _)| *known == language) {
            Some((_, count)) => *count += texts,
            None => self.languages.push((language, texts)),
        }
        self.languages
            .sort_by_key(|&(language, count)| (std::cmp::Reverse(count), language));
    }

    /// Takes in a text that is no copy; returns the features dropped for it.
    pub(super) fn join(
        &mut self,
        vector: &Features,
        fingerprint: u64,
        similarity: f32,
        text: &str,
        words: &Words,
        hidden: &[PersonalData],
    ) -> Vec<u16> {
        let dropped = self.add(vector);
        if self.fingerprints.len() == MOST_FINGERPRINTS {
            self.fingerprints.remove(0);
        }
        self.fingerprints.push(fingerprint);
        self.phrases.add_words(text, words);
        self.show(similarity, || quote(text, hidden));
        dropped
    }

    /// Keeps a text to show when it is nearer to the middle than one that is kept.
    fn show(&mut self, similarity: f32, quote: impl FnOnce() -> String) {
        let worse = self
            .shown
            .last()
            .is_some_and(|last| last.similarity >= similarity);
        if self.shown.len() >= MOST_REPRESENTATIVES && worse {
            return;
        }
        // The first text founded the cluster: it was compared with nothing.
        let similarity = if self.distinct <= 1 { 0.0 } else { similarity };
        let text = quote();
        if self.shown.iter().all(|shown| shown.text != text) {
            self.shown.push(Representative { similarity, text });
            self.shown
                .sort_by(|left, right| right.similarity.total_cmp(&left.similarity));
            self.shown.truncate(MOST_REPRESENTATIVES);
        }
    }

    /// Takes in another cluster.
    pub(super) fn absorb(&mut self, other: Cluster) {
        self.texts += other.texts;
        self.distinct += other.distinct;
        self.last = self.last.max(other.last);
        for (language, texts) in other.languages {
            self.count_language(language, texts);
        }
        self.add(&other.sums);
        self.direction.absorb(&other.direction);
        self.fingerprints.extend(other.fingerprints);
        let beyond = self.fingerprints.len().saturating_sub(MOST_FINGERPRINTS);
        self.fingerprints.drain(..beyond);
        self.phrases.absorb(other.phrases);
        for shown in other.shown {
            self.show(shown.similarity, || shown.text);
        }
    }

    fn add(&mut self, vector: &Features) -> Vec<u16> {
        let mut sums = std::mem::take(&mut self.sums);
        sums.extend(vector);
        vector::add_up(&mut sums);
        let mut dropped = Vec::new();
        if sums.len() > MOST_FEATURES + SLACK {
            sums.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
            dropped = sums.split_off(MOST_FEATURES);
            sums.sort_by_key(|&(bucket, _)| bucket);
        }
        self.set_sums(sums);
        dropped.into_iter().map(|(bucket, _)| bucket).collect()
    }

    /// Sets the sum of the texts' vectors, given in order of the bucket.
    pub(super) fn set_sums(&mut self, sums: Features) {
        self.length = sums.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        self.sums = sums;
    }

    /// The length of the sum of the vectors.
    pub(super) fn length(&self) -> f32 {
        self.length
    }

    /// The sum of the vectors brought to unit length.
    pub(super) fn middle(&self) -> Features {
        let length = self.length();
        self.sums
            .iter()
            .map(|&(bucket, weight)| (bucket, weight / length))
            .collect()
    }

    /// Shows no text that `forgotten` names any more, and answers whether it showed one.
    pub(super) fn forget(&mut self, forgotten: &impl Fn(&str) -> bool) -> bool {
        let before = self.shown.len();
        self.shown.retain(|shown| !forgotten(&shown.text));
        self.shown.len() < before
    }

    pub(super) fn representatives(&self) -> Vec<String> {
        self.shown.iter().map(|shown| shown.text.clone()).collect()
    }
}

/// A text as it may be shown: personal data replaced, on one line, cut at a length that a reader takes in.
pub(super) fn quote(text: &str, hidden: &[PersonalData]) -> String {
    let mut quote = String::new();
    let mut from = 0;
    for datum in hidden {
        quote.push_str(&text[from..datum.start]);
        quote.push_str(datum.kind.placeholder());
        from = datum.end;
    }
    quote.push_str(&text[from..]);
    let mut line = String::new();
    for word in quote.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(LONGEST_REPRESENTATIVE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
