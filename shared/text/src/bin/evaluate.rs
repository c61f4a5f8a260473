//! Judges the sentiment model on labelled texts: macro-F1, calibration, abstaining, speed. With `--topics`,
//! judges topics by example instead.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "evaluate/themes.rs"]
mod themes;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use attune_text::dataset::{DatasetError, Row, read_columns, read_sentiment};
use attune_text::evaluation::{Prediction, Report, group_by, macro_f1, predict, report};
use attune_text::{Correction, Engine, Model, Polarity, Taxonomy, TopicDefinition};
use clap::Parser;

/// Judges the sentiment model on labelled texts.
#[derive(Debug, Parser)]
struct Arguments {
    /// Tab-separated file, plain or gzip, with the columns set, label (neg, neu, pos), lang and text.
    #[arg(long, required_unless_present_any = ["topics", "themes"])]
    input: Option<PathBuf>,
    /// A model file to judge instead of the built-in model.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Learn from so many texts of each set first, as from a company's rated answers, and judge on the others.
    #[arg(long)]
    adapt: Option<usize>,
    /// Judge topics instead: a file with the columns topic, lang and text. Without --train every tenth text is
    /// held back and the others are learnt from.
    #[arg(long)]
    topics: Option<PathBuf>,
    /// The texts to learn topics from, in the same columns.
    #[arg(long, requires = "topics")]
    train: Option<PathBuf>,
    /// Judge themes instead: a file with the columns topic, lang and text, whose topics the themes should find.
    #[arg(long)]
    themes: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(topics) = &arguments.topics {
        judge_topics(topics, arguments.train.as_deref())?;
    }
    if let Some(texts) = &arguments.themes {
        themes::judge(texts)?;
    }
    let Some(input) = &arguments.input else {
        return Ok(());
    };
    let rows = read_sentiment(input)?;
    let started = Instant::now();
    let model = match &arguments.model {
        Some(path) => Model::from_bytes(&std::fs::read(path)?)?,
        None => Model::builtin()?,
    };
    println!("model {} loaded in {:.1?}", model.version(), started.elapsed());
    let (rows, predictions) = match arguments.adapt {
        None => {
            let predictions = predict(&model, None, &rows);
            (rows, predictions)
        }
        Some(texts) => adapt(&model, rows, texts),
    };
    let threshold = model.abstain_threshold();
    println!(
        "F1/2 and F1/3: macro-F1 x 100 over all texts; ECE and right: over the answers given (probability >= {threshold:.2})"
    );
    println!(
        "{:<20}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
        "group", "texts", "F1/2", "F1/3", "ECE", "abstain", "right"
    );
    let groups = [
        group_by(&rows, &predictions, |row| &row.set),
        group_by(&rows, &predictions, |row| &row.language),
        group_by(&rows, &predictions, |_| "all"),
    ];
    for (name, predictions) in groups.into_iter().flatten() {
        print_line(name, &report(&predictions, threshold));
    }
    measure_speed(&Engine::with_model(model), &rows)?;
    Ok(())
}

/// Learns a correction for each set from its first texts; what the model then says of the others.
fn adapt(model: &Model, rows: Vec<Row>, texts: usize) -> (Vec<Row>, Vec<Prediction>) {
    let mut sets: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        sets.entry(row.set.clone()).or_default().push(row);
    }
    let mut asked_rows = Vec::new();
    let mut predictions = Vec::new();
    for (set, mut known) in sets {
        let asked = known.split_off(texts.min(known.len()));
        let pairs: Vec<(&str, Polarity)> = known.iter().map(|row| (row.text.as_str(), row.label)).collect();
        let correction = Correction::learn(model, &pairs);
        match &correction {
            Some(correction) => println!(
                "{set}: learnt from {} texts: {:?}",
                pairs.len(),
                correction.judgement()
            ),
            None => println!("{set}: nothing better learnt from {} texts", pairs.len()),
        }
        predictions.extend(predict(model, correction.as_ref(), &asked));
        asked_rows.extend(asked);
    }
    (asked_rows, predictions)
}

fn print_line(name: &str, report: &Report) {
    let percent =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{:.1}", value * 100.0));
    println!(
        "{name:<20}{:>8}{:>8}{:>8}{:>8.3}{:>8.3}{:>8.3}",
        report.texts,
        percent(report.macro_f1_two),
        percent(report.macro_f1_three),
        report.calibration_error,
        report.abstained,
        report.accuracy
    );
}

/// Texts a second on one thread, for language and sentiment, and with the starter taxonomy's topics.
fn measure_speed(engine: &Engine, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let taxonomy = Taxonomy::compile(&Taxonomy::starter())?;
    let characters: usize = rows.iter().map(|row| row.text.chars().count()).sum();
    let started = Instant::now();
    let judged = rows
        .iter()
        .filter(|row| engine.sentiment(&row.text).1.label.is_some())
        .count();
    let sentiment = started.elapsed();
    let started = Instant::now();
    let topical = rows
        .iter()
        .filter(|row| !engine.analyze(&row.text, &taxonomy).topics.is_empty())
        .count();
    let all = started.elapsed();
    let rate = |elapsed: std::time::Duration| rows.len() as f64 / elapsed.as_secs_f64();
    println!(
        "language and sentiment: {:.0} texts/s; with topics: {:.0} texts/s (one thread, {:.0} characters a text; {judged} judged, {topical} with a topic)",
        rate(sentiment),
        rate(all),
        characters as f64 / rows.len().max(1) as f64
    );
    Ok(())
}

/// One in so many texts is held back when there is no file to train on.
const HELD_BACK: usize = 10;

fn judge_topics(input: &Path, train: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let read =
        |path: &Path| -> Result<Vec<[String; 2]>, DatasetError> { read_columns(path, ["topic", "text"]) };
    let rows = read(input)?;
    let (known, asked): (Vec<_>, Vec<_>) = if let Some(train) = train {
        (read(train)?, rows)
    } else {
        let (asked, known) = rows
            .into_iter()
            .enumerate()
            .partition(|(index, _)| index % HELD_BACK == 0);
        let plain = |rows: Vec<(usize, [String; 2])>| rows.into_iter().map(|(_, row)| row).collect();
        (plain(known), plain(asked))
    };
    let started = Instant::now();
    let taxonomy = Taxonomy::compile(&definitions(&known))?;
    println!(
        "learnt topics from {} texts in {:.1?}",
        known.len(),
        started.elapsed()
    );
    let mut numbers = HashMap::new();
    for [topics, _] in known.iter().chain(&asked) {
        let next = numbers.len();
        numbers.entry(topics.clone()).or_insert(next);
    }
    let started = Instant::now();
    let pairs: Vec<(usize, usize)> = asked
        .iter()
        .map(|[topic, text]| {
            let best = taxonomy
                .rank(text)
                .first()
                .and_then(|(best, _)| numbers.get(*best).copied());
            (numbers[topic], best.unwrap_or(usize::MAX))
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
        right as f64 / pairs.len().max(1) as f64 * 100.0,
        pairs.len() as f64 / elapsed
    );
    Ok(())
}

/// Topics with their texts as examples; a row may name several topics, separated by semicolons.
fn definitions(rows: &[[String; 2]]) -> Vec<TopicDefinition> {
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
