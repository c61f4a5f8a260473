//! How well topics are learnt by example.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use attune_text::dataset::{DatasetError, read_columns};
use attune_text::evaluation::macro_f1;
use attune_text::{Engine, Taxonomy, TopicDefinition};

/// One in so many texts is held back when there is no file to train on.
const HELD_BACK: usize = 10;

/// Topics, separated by semicolons when there are several, and a text.
type Row = [String; 2];

/// Learns topics and prints how often they are right: the likeliest of a text, and those that would be told.
pub(crate) fn judge(
    input: &Path,
    train: Option<&Path>,
    examples: Option<usize>,
) -> Result<(), Box<dyn std::error::Error>> {
    let read = |path: &Path| -> Result<Vec<Row>, DatasetError> { read_columns(path, ["topic", "text"]) };
    let rows = read(input)?;
    let (known, asked) = match (train, examples) {
        (Some(train), _) => (read(train)?, rows),
        (None, Some(examples)) => first_of_each(rows, examples),
        (None, None) => held_back(rows),
    };
    let started = Instant::now();
    let taxonomy = Taxonomy::compile(&definitions(&known))?;
    println!(
        "learnt topics from {} texts in {:.1?}",
        known.len(),
        started.elapsed()
    );
    likeliest(&taxonomy, &known, &asked);
    told(&taxonomy, &asked);
    Ok(())
}

/// What to learn from and what to ask: every so many-th text is held back.
fn held_back(rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let (asked, known): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .enumerate()
        .partition(|(index, _)| index % HELD_BACK == 0);
    let plain = |rows: Vec<(usize, Row)>| rows.into_iter().map(|(_, row)| row).collect();
    (plain(known), plain(asked))
}

/// What to learn from and what to ask: the first texts of each topic are known.
fn first_of_each(rows: Vec<Row>, examples: usize) -> (Vec<Row>, Vec<Row>) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    rows.into_iter().partition(|[topics, _]| {
        let count = counts.entry(topics.clone()).or_default();
        *count += 1;
        *count <= examples
    })
}

/// Prints how often the likeliest topic of a text is its own.
fn likeliest(taxonomy: &Taxonomy, known: &[Row], asked: &[Row]) {
    let mut numbers = HashMap::new();
    for [topics, _] in known.iter().chain(asked) {
        let next = numbers.len();
        numbers.entry(topics.as_str()).or_insert(next);
    }
    let started = Instant::now();
    let pairs: Vec<(usize, usize)> = asked
        .iter()
        .map(|[topic, text]| {
            let best = taxonomy
                .rank(text)
                .first()
                .and_then(|(best, _)| numbers.get(*best).copied());
            (numbers[topic.as_str()], best.unwrap_or(usize::MAX))
        })
        .collect();
    let elapsed = started.elapsed().as_secs_f64();
    let mut classes: Vec<usize> = pairs.iter().map(|&(label, _)| label).collect();
    classes.sort_unstable();
    classes.dedup();
    let right = pairs.iter().filter(|(label, answer)| label == answer).count();
    println!(
        "{} texts, {} topics: macro-F1 {:.1}, accuracy {:.1}, {:.0} texts/s",
        pairs.len(),
        classes.len(),
        macro_f1(&pairs, &classes).unwrap_or_default() * 100.0,
        percent(right, pairs.len()),
        pairs.len() as f64 / elapsed
    );
}

/// Prints how much of what would be told of a text is right, and how much of what is right would be told.
fn told(taxonomy: &Taxonomy, asked: &[Row]) {
    let engine = Engine::builtin();
    let (mut told, mut right, mut own) = (0, 0, 0);
    for [topics, text] in asked {
        let topics: Vec<&str> = topics.split(';').collect();
        let found = engine.analyze(text, taxonomy).topics;
        own += topics.len();
        told += found.len();
        right += found
            .iter()
            .filter(|found| topics.contains(&found.topic_id.as_str()))
            .count();
    }
    println!(
        "told {told} topics of {own}: {:.1} % of them right, {:.1} % of all found",
        percent(right, told),
        percent(right, own)
    );
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

/// Topics with their texts as examples; a row may name several topics, separated by semicolons.
fn definitions(rows: &[Row]) -> Vec<TopicDefinition> {
    let mut examples: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for [topics, text] in rows {
        for topic in topics.split(';') {
            examples.entry(topic).or_default().push(text.clone());
        }
    }
    let definition = |(id, examples): (&str, Vec<String>)| TopicDefinition {
        id: id.to_owned(),
        name: id.to_owned(),
        keywords: Vec::new(),
        examples,
    };
    examples.into_iter().map(definition).collect()
}
