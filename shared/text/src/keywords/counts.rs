//! How many texts of a set hold each phrase, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::phrases::{Stems, phrases, shown};
use crate::bytes::{Reader, Writer};
use crate::engine::cut;
use crate::words::{HashState, Words};

/// How many texts of a set hold each phrase.
///
/// Memory is bounded: when more phrases than the capacity were seen, those of the fewest texts are
/// forgotten, as in lossy counting (Manku and Motwani 2002). A count is then too low by at most
/// [`PhraseCounts::most_missed`].
#[derive(Debug, Clone)]
pub struct PhraseCounts {
    capacity: usize,
    texts: u64,
    missed: u32,
    phrases: HashMap<u64, Count, HashState>,
}

/// What is known of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    /// Texts that hold it.
    pub(super) texts: u32,
    pub(super) stems: Stems,
    /// The form it is shown in: the commonest, found by majority vote (Boyer and Moore 1981).
    pub(super) form: String,
    votes: u32,
}

impl PhraseCounts {
    /// Counts of at most `capacity` phrases; ten thousand take about a megabyte.
    pub fn new(capacity: usize) -> PhraseCounts {
        PhraseCounts {
            capacity: capacity.max(1),
            texts: 0,
            missed: 0,
            phrases: HashMap::default(),
        }
    }

    /// Counts the phrases of a text; one it holds several times counts once.
    pub fn add(&mut self, text: &str) {
        let (text, _) = cut(text);
        self.add_words(text, &Words::read(text));
    }

    pub(crate) fn add_words(&mut self, text: &str, read: &Words) {
        self.texts += 1;
        let mut found: Vec<_> = phrases(&read.words).collect();
        found.sort_by_key(|phrase| (phrase.key, phrase.first));
        found.dedup_by_key(|phrase| phrase.key);
        for phrase in found {
            let form = || shown(text, &read.words[phrase.words()]);
            let count = self.phrases.entry(phrase.key).or_insert_with(|| Count {
                texts: 0,
                stems: phrase.stems,
                form: form(),
                votes: 0,
            });
            count.texts += 1;
            count.vote(form);
        }
        self.forget_rare();
    }

    /// Takes in the counts of another set of texts.
    pub(crate) fn absorb(&mut self, other: PhraseCounts) {
        self.texts += other.texts;
        self.missed = self.missed.saturating_add(other.missed);
        for (key, count) in other.phrases {
            match self.phrases.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(count);
                }
                Entry::Occupied(mut known) => known.get_mut().absorb(count),
            }
        }
        self.forget_rare();
    }

    /// When there are too many, forgets the phrases of the fewest texts, a quarter of all or more, so that it is not
    /// done for every text.
    fn forget_rare(&mut self) {
        if self.phrases.len() <= self.capacity {
            return;
        }
        let left = self.capacity - self.capacity / 4;
        let mut fewest = 0;
        while self.phrases.len() > left {
            fewest += 1;
            self.phrases.retain(|_, count| count.texts > fewest);
        }
        self.missed = self.missed.saturating_add(fewest);
    }

    /// Writes the counts, in order of the key.
    pub(crate) fn write(&self, writer: &mut Writer) {
        for number in [
            self.capacity as u64,
            self.texts,
            u64::from(self.missed),
            self.phrases.len() as u64,
        ] {
            writer.number(number);
        }
        let mut keys: Vec<u64> = self.phrases.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let count = &self.phrases[&key];
            writer.raw(&key.to_le_bytes());
            for stem in count.stems.iter().skip(1) {
                writer.number(u64::from(*stem != 0));
                if *stem != 0 {
                    writer.raw(&stem.to_le_bytes());
                }
            }
            writer.raw(&count.stems[0].to_le_bytes());
            writer.number(u64::from(count.texts));
            writer.number(u64::from(count.votes));
            writer.text(&count.form);
        }
    }

    /// Reads what [`PhraseCounts::write`] wrote; `None` when it is damaged.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<PhraseCounts> {
        let mut counts = PhraseCounts::new(usize::try_from(reader.number()?).ok()?);
        counts.texts = reader.number()?;
        counts.missed = u32::try_from(reader.number()?).ok()?;
        for _ in 0..reader.count()? {
            let key = reader.hash()?;
            let mut stems = Stems::default();
            for stem in stems.iter_mut().skip(1) {
                if reader.number()? != 0 {
                    *stem = reader.hash()?;
                }
            }
            stems[0] = reader.hash()?;
            let count = Count {
                texts: u32::try_from(reader.number()?).ok()?,
                stems,
                votes: u32::try_from(reader.number()?).ok()?,
                form: reader.text()?.to_owned(),
            };
            counts.phrases.insert(key, count);
        }
        Some(counts)
    }

    /// Texts counted.
    pub fn texts(&self) -> u64 {
        self.texts
    }

    /// By how many texts a phrase's count may be too low.
    pub fn most_missed(&self) -> u32 {
        self.missed
    }

    /// How many texts hold the phrase with this [`Keyword::key`](crate::Keyword::key).
    pub fn texts_with(&self, key: u64) -> u32 {
        self.phrases.get(&key).map_or(0, |count| count.texts)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Count)> {
        self.phrases.iter().map(|(&key, count)| (key, count))
    }
}

impl Count {
    fn absorb(&mut self, other: Count) {
        self.texts += other.texts;
        if self.form == other.form {
            self.votes += other.votes;
        } else if other.votes > self.votes {
            self.votes = other.votes - self.votes;
            self.form = other.form;
        } else {
            self.votes -= other.votes;
        }
    }

    fn vote(&mut self, form: impl Fn() -> String) {
        let form = form();
        if form == self.form {
            self.votes += 1;
        } else if self.votes == 0 {
            self.form = form;
            self.votes = 1;
        } else {
            self.votes -= 1;
        }
    }
}
