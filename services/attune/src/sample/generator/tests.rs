//! The sample is what it says it is.

use std::sync::LazyLock;

use attune_text::{Engine, Polarity, Taxonomy};

use super::*;
use crate::change;
use crate::input::{self, Format};

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| Taxonomy::compile(&Taxonomy::starter()).unwrap());

/// Topics that the built-in engine finds, and whether it takes the text for a positive one.
fn read(text: &str) -> (Vec<String>, bool) {
    let analysis = Engine::builtin().analyze(text, &TAXONOMY);
    let topics = analysis.topics.into_iter().map(|topic| topic.topic_id).collect();
    (topics, analysis.sentiment.label == Some(Polarity::Positive))
}

#[test]
fn the_file_that_ships_is_the_one_the_seed_gives() {
    let made = generate(SEED);
    assert!(
        made == crate::sample::FEEDBACK,
        "run `cargo run -p attune --example sample > services/attune/sample/feedback.tsv`"
    );
    assert!(made.len() <= 700_000, "{} bytes", made.len());
}

#[test]
fn every_row_is_good() {
    let input = input::read(generate(SEED).as_bytes(), Format::Tsv).unwrap();
    assert_eq!(input.rejected, []);
    assert!(input.rows.len() > 5_500);
}

#[test]
fn what_people_write_about_the_trouble_is_about_signing_in_and_nothing_else() {
    let corpus = Corpus::read();
    let trouble = corpus
        .0
        .iter()
        .filter(|((kind, ..), _)| *kind == "trouble")
        .flat_map(|(_, sentences)| sentences);
    let tails = ["", " Please fix it.", " Again today."];
    let texts = trouble.flat_map(|sentence| tails.map(|tail| format!("{}{tail}", sentence.text)));
    let others: Vec<_> = texts
        .map(|text| (read(&text), text))
        .filter(|(found, _)| *found != (vec!["account_access".to_owned()], false))
        .collect();
    assert_eq!(others, []);
}

#[test]
fn nothing_else_is_about_signing_in() {
    let corpus = Corpus::read();
    for ((kind, ..), sentences) in corpus.0.iter().filter(|((kind, ..), _)| *kind == "usual") {
        for sentence in sentences {
            let (topics, _) = read(sentence.text);
            assert!(
                !topics.contains(&"account_access".to_owned()),
                "{kind}: {}",
                sentence.text
            );
        }
    }
}

#[test]
fn the_trouble_ends_with_the_last_change() {
    let changes = change::read(crate::sample::CHANGES.as_bytes(), Format::Tsv).unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[1].at, trouble_until());
}
