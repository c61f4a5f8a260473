//! Judges themes: how much they and the topics that people gave the texts say of each other.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use attune_text::dataset::{DatasetError, read_columns};
use attune_text::{Engine, Taxonomy, Themes};

/// Forms themes of a file's texts and prints how they agree with its topics.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub(crate) fn judge(path: &Path) -> Result<(), DatasetError> {
    let mut rows: Vec<[String; 2]> = read_columns(path, ["topic", "text"])?;
    rows.sort_by_key(|[_, text]| order(text));
    let mut themes = Themes::default();
    let started = Instant::now();
    let added: Vec<u64> = rows
        .iter()
        .map(|[_, text]| themes.add(text).map_or(0, |assignment| assignment.theme_id))
        .collect();
    let elapsed = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let bytes = themes.save().len() + themes.save_meanings().len();
    let saved = started.elapsed();
    let topics: Vec<&str> = rows.iter().map(|[topic, _]| topic.as_str()).collect();
    let settled: Vec<u64> = added
        .iter()
        .map(|&id| themes.resolve(id).unwrap_or_default())
        .collect();
    let again: Vec<u64> = rows
        .iter()
        .map(|[_, text]| themes.nearest(text).map_or(0, |assignment| assignment.theme_id))
        .collect();
    println!(
        "{} texts, {} topics, {} themes: NMI {:.3} as they came, {:.3} when asked again at the end; {:.0} texts/s; state {} kB in {saved:.1?}",
        rows.len(),
        distinct(&topics),
        themes.len(),
        mutual_information(&topics, &settled),
        mutual_information(&topics, &again),
        rows.len() as f64 / elapsed,
        bytes / 1000
    );
    measure_keywords(&rows);
    for theme in themes.largest(12) {
        println!("{:>6}  {}", theme.distinct_texts, theme.label);
    }
    Ok(())
}

/// Texts a second on one thread for language, sentiment, topics and keywords together, and for keywords alone.
fn measure_keywords(rows: &[[String; 2]]) {
    let engine = Engine::builtin();
    let Ok(taxonomy) = Taxonomy::compile(&Taxonomy::starter()) else {
        return;
    };
    let started = Instant::now();
    let keywords: usize = rows.iter().map(|[_, text]| engine.keywords(text, 5).len()).sum();
    let alone = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let topics: usize = rows
        .iter()
        .map(|[_, text]| engine.analyze(text, &taxonomy).topics.len())
        .sum();
    let analysis = started.elapsed().as_secs_f64();
    let count = rows.len() as f64;
    println!(
        "keywords: {:.0} texts/s; with language, sentiment and topics: {:.0} texts/s (one thread; {:.1} keywords and {:.1} topics a text)",
        count / alone,
        count / (alone + analysis),
        keywords as f64 / count,
        topics as f64 / count
    );
}

/// An order that has nothing to do with the topics, the same on every run: FNV-1a of the text.
fn order(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn distinct(labels: &[&str]) -> usize {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    labels.dedup();
    labels.len()
}

/// Normalised mutual information, 0 to 1: twice the mutual information over the sum of the entropies.
fn mutual_information(topics: &[&str], themes: &[u64]) -> f64 {
    let total = topics.len() as f64;
    let mut of_topic: HashMap<&str, f64> = HashMap::new();
    let mut of_theme: HashMap<u64, f64> = HashMap::new();
    let mut of_both: HashMap<(&str, u64), f64> = HashMap::new();
    for (&topic, &theme) in topics.iter().zip(themes) {
        *of_topic.entry(topic).or_default() += 1.0;
        *of_theme.entry(theme).or_default() += 1.0;
        *of_both.entry((topic, theme)).or_default() += 1.0;
    }
    let entropy = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts.map(|count| -count / total * (count / total).ln()).sum()
    };
    let topic = entropy(&mut of_topic.values().copied());
    let theme = entropy(&mut of_theme.values().copied());
    let both = entropy(&mut of_both.values().copied());
    2.0 * (topic + theme - both) / (topic + theme).max(f64::MIN_POSITIVE)
}
