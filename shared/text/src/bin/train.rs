//! Trains the sentiment model that the crate ships and prints how good it is.
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use attune_text::calibration::{FOLDS, train_calibrated};
use attune_text::dataset::{DatasetError, Licence, Row, read_sentiment, training_texts};
use attune_text::evaluation::{group_by, predict, report};
use attune_text::training::{Options, VERSION, WordVectors};
use clap::Parser;

/// Trains the sentiment model.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with sentiment/train.tsv.gz and sentiment/dev.tsv.gz.
    #[arg(long)]
    data: PathBuf,
    /// Where to write the model.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/model/sentiment.bin"))]
    output: PathBuf,
    /// Train on corpora under a stated permissive licence alone.
    #[arg(long)]
    permissive: bool,
    /// Train on the non-commercial corpora too; never for a model that is shipped.
    #[arg(long, conflicts_with = "permissive")]
    non_commercial: bool,
    /// Corpora to leave out, to judge the model on them.
    #[arg(long, value_delimiter = ',')]
    leave_out: Vec<String>,
    /// Groups of corpora left out in turn to calibrate on; 0 leaves the scores as training gives them.
    #[arg(long, default_value_t = FOLDS)]
    folds: usize,
    /// Passes over all texts.
    #[arg(long, default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Step of `AdaGrad` at the start.
    #[arg(long, default_value_t = Options::default().rate)]
    rate: f32,
    /// Share of features hidden at each reading of a text.
    #[arg(long, default_value_t = Options::default().dropout)]
    dropout: f32,
    /// How far classes within a corpus are balanced, 0 to 1.
    #[arg(long, default_value_t = Options::default().class_balance)]
    class_balance: f64,
    /// How far corpora are balanced, 0 to 1.
    #[arg(long, default_value_t = Options::default().set_balance)]
    set_balance: f64,
    /// Share of a label's certainty given to the other classes.
    #[arg(long, default_value_t = Options::default().smoothing)]
    smoothing: f32,
    /// Pull of all weights to zero at each step.
    #[arg(long, default_value_t = Options::default().decay)]
    decay: f32,
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
    let started = Instant::now();
    let rows = read(arguments)?;
    println!("{} texts read in {:.1?}", rows.len(), started.elapsed());
    let options = Options {
        epochs: arguments.epochs,
        rate: arguments.rate,
        dropout: arguments.dropout,
        class_balance: arguments.class_balance,
        set_balance: arguments.set_balance,
        smoothing: arguments.smoothing,
        decay: arguments.decay,
        ..Options::default()
    };
    let started = Instant::now();
    let model = train_calibrated(&rows, &WordVectors::own()?, VERSION, &options, arguments.folds);
    println!("trained in {:.1?}: {model:?}", started.elapsed());
    std::fs::write(&arguments.output, model.to_bytes())?;
    let dev = read_sentiment(&arguments.data.join("sentiment/dev.tsv.gz"))?;
    let predictions = predict(&model, None, &dev);
    let sets = group_by(&dev, &predictions, |row| &row.set);
    let languages = group_by(&dev, &predictions, |row| &row.language);
    println!(
        "{:<18}{:>7}{:>7}{:>7}{:>7}{:>7}",
        "group", "texts", "F1/2", "F1/3", "ECE", "abst"
    );
    for (name, predictions) in sets.into_iter().chain(languages) {
        let report = report(&predictions, model.abstain_threshold());
        let percent =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{:.1}", value * 100.0));
        println!(
            "{name:<18}{:>7}{:>7}{:>7}{:>7.3}{:>7.3}",
            report.texts,
            percent(report.macro_f1_two),
            percent(report.macro_f1_three),
            report.calibration_error,
            report.abstained
        );
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Vec<Row>, DatasetError> {
    let strictest = match (arguments.permissive, arguments.non_commercial) {
        (true, _) => Licence::Permissive,
        (_, true) => Licence::NonCommercial,
        _ => Licence::Research,
    };
    let mut rows = training_texts(&arguments.data, strictest)?;
    rows.retain(|row| !arguments.leave_out.contains(&row.set));
    Ok(rows)
}
