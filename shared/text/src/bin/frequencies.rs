//! Counts how common words are in the training texts and writes the table that keywords and themes start from.
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::path::PathBuf;

use attune_text::dataset::read_sentiment;
use attune_text::learn_frequencies;
use clap::Parser;

/// Counts how common the words of each language are.
#[derive(Debug, Parser)]
struct Arguments {
    /// Directory with `sentiment/train.tsv.gz`.
    #[arg(long)]
    data: PathBuf,
    /// Where the table goes.
    #[arg(long, default_value = "shared/text/model/frequencies.bin")]
    output: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let rows = read_sentiment(&arguments.data.join("sentiment/train.tsv.gz"))?;
    let table = learn_frequencies(&rows);
    std::fs::write(&arguments.output, &table)?;
    println!("{} texts, {} bytes", rows.len(), table.len());
    Ok(())
}
