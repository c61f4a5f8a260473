//! Training gives the same model every time, and the shipped model is what it gives.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use std::path::PathBuf;

use attune_text::calibration::{FOLDS, train_calibrated};
use attune_text::dataset::{Licence, Row, training_texts};
use attune_text::training::{Options, VERSION, WordVectors};
use attune_text::{Model, Polarity};

const THINGS: [&str; 6] = ["service", "app", "room", "сервис", "банк", "酒店"];

fn opinion(polarity: Polarity) -> [&'static str; 3] {
    match polarity {
        Polarity::Negative => ["is terrible and rude", "ужасный, не советую", "太差了"],
        Polarity::Neutral => ["opens at nine", "открыт до девяти", "在二楼"],
        Polarity::Positive => ["is great, thank you", "отличный, спасибо", "很好很满意"],
    }
}

/// Two corpora in three languages; what is said of each thing is the same in both.
fn synthetic_corpus() -> Vec<Row> {
    let mut rows = Vec::new();
    for set in ["reviews", "posts"] {
        for polarity in Polarity::ALL {
            for thing in THINGS {
                for words in opinion(polarity) {
                    rows.push(Row {
                        set: set.to_owned(),
                        label: polarity,
                        language: "en".to_owned(),
                        text: format!("{thing} {words} ({set})"),
                    });
                }
            }
        }
    }
    rows
}

fn trained(rows: &[Row], folds: usize) -> Vec<u8> {
    train_calibrated(
        rows,
        &WordVectors::own().unwrap(),
        VERSION,
        &Options::default(),
        folds,
    )
    .to_bytes()
}

#[test]
fn training_twice_on_the_same_texts_gives_the_same_bytes() {
    let rows = synthetic_corpus();
    let first = trained(&rows, 2);
    assert_eq!(first, trained(&rows, 2));
    let mut others = rows;
    others.truncate(others.len() / 2);
    assert_ne!(first, trained(&others, 2), "the model depends on the texts");
}

#[test]
#[ignore = "trains on two hundred thousand texts: a minute"]
fn the_shipped_model_is_what_training_gives() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.exists() {
        eprintln!("skipped: no training data in {}", data.display());
        return;
    }
    let rows = training_texts(&data, Licence::Research).unwrap();
    let shipped = Model::builtin().unwrap();
    assert_eq!(shipped.version(), VERSION);
    assert!(
        shipped.to_bytes() == trained(&rows, FOLDS),
        "train the model again: cargo run --release -p attune-text --bin train -- --data ../shared/data"
    );
}
