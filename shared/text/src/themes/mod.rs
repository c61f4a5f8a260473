//! Themes: what a stream of texts is about where nobody has said what to look for.

mod cluster;
mod consolidation;
mod direction;
mod index;
mod label;
mod state;
mod vector;

pub use state::ThemesError;

use std::collections::BTreeMap;

use crate::engine::cut;
use crate::words::{Meanings, Words};
use crate::{Language, PhraseCounts, personal_data};
use cluster::Cluster;
use index::Index;
use vector::{Occurrence, features, fingerprint};

/// How themes are formed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThemeOptions {
    /// A text joins the theme it is most like when they are at least this alike (0 to 1); lower makes fewer and
    /// wider themes.
    pub likeness: f32,
    /// Themes that are this alike become one, 0 to 1.
    pub merge_likeness: f32,
    /// Most themes kept; beyond it the smallest and oldest are forgotten.
    pub most_themes: usize,
    /// Most phrases counted over all texts, against which labels are chosen.
    pub most_phrases: usize,
}

impl Default for ThemeOptions {
    fn default() -> ThemeOptions {
        ThemeOptions {
            likeness: 0.25,
            merge_likeness: 0.6,
            most_themes: 1_000,
            most_phrases: 10_000,
        }
    }
}

/// Which theme a text belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assignment {
    /// The theme.
    pub theme_id: u64,
    /// How alike the text and the theme are, 0 to 1; 1 for the first text of a theme.
    pub similarity: f32,
    /// Whether the theme has a text with the same words but for a few: a copy, a forwarded text or a template.
    pub duplicate: bool,
}

/// A theme as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Stays the same as long as the theme lives; of two themes that become one the larger keeps its id.
    pub id: u64,
    /// The phrases that tell it apart, with commas between; in each of its languages where it has several.
    pub label: String,
    /// The phrases that tell it apart, the most telling first. No personal data.
    pub phrases: Vec<String>,
    /// Texts that belong to it.
    pub texts: u64,
    /// The same without near-duplicates.
    pub distinct_texts: u64,
    /// The languages of its texts, the commonest first; texts without a language are not counted.
    pub languages: Vec<(Language, u64)>,
    /// Texts in the middle of it, the most typical first, personal data removed.
    pub representatives: Vec<String>,
}

/// Themes of a stream of texts: each text is read once, memory is bounded whatever their number, and the same texts
/// in the same order give the same themes on every machine.
///
/// Clusters are formed online: a text joins the nearest theme or founds one. From time to time themes that have grown
/// alike become one.
#[derive(Debug, Clone)]
pub struct Themes {
    options: ThemeOptions,
    next_id: u64,
    /// Texts added, for the age of themes.
    added: u64,
    /// The number of texts at which themes are consolidated next.
    consolidate_at: u64,
    occurrence: Occurrence,
    phrases: PhraseCounts,
    clusters: Vec<Cluster>,
    index: Index,
    /// Which theme a theme that is gone became part of.
    merged: BTreeMap<u64, u64>,
}

impl Default for Themes {
    fn default() -> Themes {
        Themes::new(ThemeOptions::default())
    }
}

impl Themes {
    /// No themes yet.
    pub fn new(options: ThemeOptions) -> Themes {
        Themes {
            options,
            next_id: 1,
            added: 0,
            consolidate_at: consolidation::FIRST,
            occurrence: Occurrence::new(),
            phrases: PhraseCounts::new(options.most_phrases),
            clusters: Vec::new(),
            index: Index::default(),
            merged: BTreeMap::new(),
        }
    }

    /// Adds a text: it joins the theme it is most like, or founds one. `None` for a text without words.
    pub fn add(&mut self, text: &str) -> Option<Assignment> {
        let (text, _) = cut(text);
        let hidden = personal_data(text);
        let words = Words::read_without(text, &hidden);
        let features = features(text, &words);
        if features.is_empty() {
            return None;
        }
        let print = fingerprint(&words);
        self.added += 1;
        let vector = self.occurrence.weigh(&features);
        let meaning = Meanings::builtin().of(&words.words).unwrap_or_default();
        let nearest = self.index.nearest(&vector, &meaning, &self.clusters);
        let joined = nearest.filter(|&(_, similarity)| similarity >= self.options.likeness);
        let duplicate = joined.is_some_and(|(at, _)| self.clusters[at].holds_copy(print));
        if !duplicate {
            self.occurrence.add(&features);
            self.phrases.add_words(text, &words);
        }
        let (at, similarity) = joined.unwrap_or_else(|| (self.found(), 1.0));
        let cluster = &mut self.clusters[at];
        cluster.count(self.added, words.language, duplicate);
        if !duplicate {
            cluster.direction.add(&meaning);
            let dropped = cluster.join(&vector, print, similarity, text, &words, &hidden);
            self.index.add(at, &vector);
            self.index.drop_features(at, &dropped);
        }
        let theme_id = cluster.id;
        if self.added >= self.consolidate_at || self.clusters.len() > self.options.most_themes {
            self.consolidate();
        }
        Some(Assignment {
            theme_id: self.resolve(theme_id).unwrap_or(theme_id),
            similarity,
            duplicate,
        })
    }

    /// Shows no text of which `forgotten` is true as a representative any more, and answers how many themes had one.
    /// It is asked with texts as [`quote`] makes them. What a text taught the themes besides, counts of words among many
    /// texts, stays.
    pub fn forget_quotes(&mut self, forgotten: impl Fn(&str) -> bool) -> usize {
        let clusters = self.clusters.iter_mut();
        clusters
            .map(|cluster| cluster.forget(&forgotten))
            .filter(|had| *had)
            .count()
    }

    /// The theme a text is most like, without adding it; `None` when it is like none.
    pub fn nearest(&self, text: &str) -> Option<Assignment> {
        let (text, _) = cut(text);
        let words = Words::read(text);
        let vector = self.occurrence.weigh(&features(text, &words));
        let meaning = Meanings::builtin().of(&words.words).unwrap_or_default();
        let (at, similarity) = self.index.nearest(&vector, &meaning, &self.clusters)?;
        (similarity >= self.options.likeness).then(|| Assignment {
            theme_id: self.clusters[at].id,
            similarity,
            duplicate: self.clusters[at].holds_copy(fingerprint(&words)),
        })
    }

    /// The theme that an id stands for now: itself, the one it became part of, or `None` when it was forgotten.
    pub fn resolve(&self, theme_id: u64) -> Option<u64> {
        let mut id = theme_id;
        // Damaged bytes could hold a circle: no chain is longer than the list.
        for _ in 0..=self.merged.len() {
            match self.merged.get(&id) {
                Some(&into) => id = into,
                None => break,
            }
        }
        self.clusters.iter().any(|cluster| cluster.id == id).then_some(id)
    }

    /// The themes with the most distinct texts, at most `most`.
    pub fn largest(&self, most: usize) -> Vec<Theme> {
        let mut order: Vec<&Cluster> = self.clusters.iter().collect();
        order.sort_by_key(|cluster| (std::cmp::Reverse(cluster.distinct), cluster.id));
        order
            .into_iter()
            .take(most)
            .map(|cluster| self.describe(cluster))
            .collect()
    }

    /// The theme with this id, or the one it became part of.
    pub fn theme(&self, theme_id: u64) -> Option<Theme> {
        let id = self.resolve(theme_id)?;
        let cluster = self.clusters.iter().find(|cluster| cluster.id == id)?;
        Some(self.describe(cluster))
    }

    /// Number of themes.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether there is no theme yet.
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// Texts added.
    pub fn texts(&self) -> u64 {
        self.added
    }

    fn found(&mut self) -> usize {
        self.clusters.push(Cluster::new(self.next_id));
        self.next_id += 1;
        self.clusters.len() - 1
    }

    fn describe(&self, cluster: &Cluster) -> Theme {
        let phrases = label::phrases(&cluster.phrases, &self.phrases);
        Theme {
            id: cluster.id,
            label: label::label(&phrases, cluster),
            phrases,
            texts: cluster.texts,
            distinct_texts: cluster.distinct,
            languages: cluster.languages.clone(),
            representatives: cluster.representatives(),
        }
    }
}

/// A text as a theme shows it: personal data replaced, on one line, cut at a length that a reader takes in.
pub fn quote(text: &str) -> String {
    let (text, _) = cut(text);
    cluster::quote(text, &personal_data(text))
}
