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
    let bytes = themes.save();
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
        bytes.len() / 1000
    );
    measure_keywords(&rows);
    for theme in themes.largest(12) {
        println!("{:>6}  {}", theme.distinct_texts, theme.label);
    }
    Ok(())
}

/// How many times the costs of a stream are told.
const TOLD: usize = 10;

/// Forms themes of a stream of `count` texts and prints what it costs as it goes on: each text is the beginning of one
/// of the file's texts and the end of another.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub(crate) fn stream(path: &Path, count: usize) -> Result<(), DatasetError> {
    let rows: Vec<[String; 1]> = read_columns(path, ["text"])?;
    let words: Vec<Vec<&str>> = rows.iter().map(|[text]| text.split(' ').collect()).collect();
    let pick = |what: &str, index: usize| -> &[&str] {
        let place = order(&format!("{what} {index}")) % words.len().max(1) as u64;
        usize::try_from(place)
            .ok()
            .and_then(|place| words.get(place))
            .map_or(&[], Vec::as_slice)
    };
    let mut themes = Themes::default();
    let mut started = Instant::now();
    let part = count.div_ceil(TOLD).max(1);
    for index in 0..count {
        let (first, second) = (pick("first", index), pick("second", index));
        let halves = [&first[..first.len().div_ceil(2)], &second[second.len() / 2..]];
        themes.add(&halves.concat().join(" "));
        if (index + 1) % part == 0 {
            let elapsed = started.elapsed().as_secs_f64();
            println!(
                "{:>9} texts: {:.0} µs a text, {} themes, saved {} kB, most memory {}",
                index + 1,
                elapsed / part as f64 * 1e6,
                themes.len(),
                themes.save().len() / 1000,
                most_memory()
            );
            started = Instant::now();
        }
    }
    Ok(())
}

/// The most memory the process ever held resident, as Linux tells it.
fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
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
