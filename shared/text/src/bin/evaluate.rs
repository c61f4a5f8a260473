//! Judges the sentiment model on labelled texts: macro-F1, calibration, abstaining, speed. With `--topics`,
//! judges topics by example instead.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "evaluate/themes.rs"]
mod themes;
#[path = "evaluate/topics.rs"]
mod topics;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use attune_text::dataset::{Row, read_sentiment};
use attune_text::evaluation::{Prediction, Report, group_by, predict, report};
use attune_text::{Correction, Engine, Model, Polarity, Taxonomy};
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
    /// Learn topics from the first so many texts of each alone, as a company that writes down a few, and judge on the
    /// others.
    #[arg(long, requires = "topics", conflicts_with = "train")]
    examples: Option<usize>,
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
    if let Some(input) = &arguments.topics {
        topics::judge(input, arguments.train.as_deref(), arguments.examples)?;
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
