//! Themes keep what they promise: the same texts give the same themes, saved or not; memory is bounded; nothing
//! personal is shown.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say what it measured"
)]

use std::path::Path;

use attune_text::dataset::read_columns;
use attune_text::{PhraseCounts, ThemeOptions, Themes, ThemesError, distinctive_phrases};
use proptest::prelude::*;

const POSTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/airline_storm.tsv"
);

/// Texts about four matters in three languages, each a little different.
fn texts() -> Vec<String> {
    let places = [
        "boston", "denver", "chicago", "dallas", "miami", "newark", "austin", "seattle",
    ];
    let matters: [fn(&str) -> String; 4] = [
        |place| format!("my checked luggage was lost in {place}"),
        |place| format!("flight cancelled by the storm in {place}"),
        |place| format!("потеряли багаж в аэропорту {place}"),
        |place| format!("{place} 航班取消 退款 没有收到"),
    ];
    let of_place = |place: &'static str| matters.iter().map(move |matter| matter(place));
    places.into_iter().flat_map(of_place).collect()
}

fn formed() -> Themes {
    let mut themes = Themes::default();
    for text in texts() {
        themes.add(&text).unwrap();
    }
    themes
}

#[test]
fn texts_of_several_languages_fall_into_their_themes() {
    let themes = formed();
    let largest = themes.largest(4);
    assert_eq!(
        largest.iter().map(|theme| theme.texts).collect::<Vec<_>>(),
        [8; 4],
        "{largest:?}"
    );
    let labels: Vec<&str> = largest.iter().map(|theme| theme.label.as_str()).collect();
    assert!(labels.iter().any(|label| label.contains("luggage")), "{labels:?}");
    assert!(labels.iter().any(|label| label.contains("багаж")), "{labels:?}");
    assert!(labels.iter().any(|label| label.contains("航班")), "{labels:?}");
}

#[test]
fn themes_that_were_saved_go_on_as_if_they_had_not() {
    let mut kept = formed();
    let mut loaded = Themes::load(&kept.save()).unwrap();
    loaded.load_meanings(&kept.save_meanings()).unwrap();
    for text in [
        "lost luggage again",
        "app crashes on start",
        "app crashes when opened",
    ] {
        assert_eq!(loaded.add(text), kept.add(text));
    }
    assert_eq!(loaded.save(), kept.save());
    assert_eq!(loaded.save_meanings(), kept.save_meanings());
    assert_eq!(loaded.largest(10), kept.largest(10));
    assert_eq!(
        formed().save(),
        formed().save(),
        "the same texts, the same themes"
    );
}

#[test]
fn themes_without_meanings_go_on_by_their_words() {
    let mut loaded = Themes::load(&formed().save()).unwrap();
    let joined = loaded.add("my checked luggage was lost in Berlin").unwrap();
    assert_eq!(loaded.theme(joined.theme_id).unwrap().texts, 9);
    assert_ne!(loaded.save_meanings(), Themes::default().save_meanings());
}

#[test]
fn copies_are_counted_but_do_not_weigh() {
    let mut themes = Themes::default();
    let first = themes
        .add("Win a free flight, retweet this to enter the draw now")
        .unwrap();
    let copy = themes
        .add("RT @somebody Win a free flight, retweet this to enter the draw now!!")
        .unwrap();
    assert_eq!(
        (first.theme_id, false, true),
        (copy.theme_id, first.duplicate, copy.duplicate)
    );
    let theme = themes.theme(first.theme_id).unwrap();
    assert_eq!((theme.texts, theme.distinct_texts), (2, 1));
}

#[test]
fn nothing_personal_is_shown() {
    let mut themes = Themes::default();
    for index in 0..6 {
        themes.add(&format!(
            "My name is Jane Doe, refund {index} my ticket, mail jane{index}@example.com or call 212 555 0147{index} @united"
        ));
    }
    let shown = format!("{:?}", themes.largest(10));
    for secret in ["Jane", "jane", "Doe", "example.com", "0147", "@united"] {
        assert!(!shown.contains(secret), "{secret} is shown in {shown}");
    }
    assert!(shown.contains("[name]"), "{shown}");
}

#[test]
fn the_number_of_themes_is_bounded_and_ids_of_joined_themes_resolve() {
    let options = ThemeOptions {
        most_themes: 20,
        ..ThemeOptions::default()
    };
    let mut themes = Themes::new(options);
    for index in 0..2_000_u32 {
        let word = |shift: u32| -> String {
            let mixed = index.wrapping_mul(2_654_435_761) >> shift;
            (0..5)
                .filter_map(|place| char::from_digit(10 + (mixed >> (place * 3)) % 26, 36))
                .collect()
        };
        themes.add(&format!("{} {} {}", word(0), word(5), word(11)));
        assert!(themes.len() <= 20);
    }
    assert!(themes.save().len() < 200_000);
    let known = themes.largest(20);
    assert!(
        known
            .iter()
            .all(|theme| themes.resolve(theme.id) == Some(theme.id))
    );
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = formed().save();
    assert_eq!(Themes::load(b"hello").unwrap_err(), ThemesError::NotThemes);
    let mut other = bytes.clone();
    other[7] = 99;
    assert_eq!(
        Themes::load(&other).unwrap_err(),
        ThemesError::Format { found: 99 }
    );
    for length in 8..bytes.len() {
        assert_eq!(Themes::load(&bytes[..length]).unwrap_err(), ThemesError::Damaged);
    }
    let mut themes = formed();
    let meanings = themes.save_meanings();
    assert_eq!(themes.load_meanings(&bytes), Err(ThemesError::NotThemes));
    for length in 8..meanings.len() {
        assert_eq!(
            themes.load_meanings(&meanings[..length]),
            Err(ThemesError::Damaged)
        );
    }
    assert_eq!(themes.save_meanings(), meanings);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_texts_form_themes_that_survive_saving(texts in proptest::collection::vec(any::<String>(), 0..20)) {
        let mut themes = Themes::default();
        for text in &texts {
            let added = themes.add(text);
            prop_assert!(added.is_none_or(|added| themes.resolve(added.theme_id).is_some()));
        }
        let loaded = Themes::load(&themes.save()).unwrap();
        prop_assert_eq!(loaded.largest(usize::MAX), themes.largest(usize::MAX));
    }

    #[test]
    fn any_changed_byte_is_read_or_refused(place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = formed().save();
        let place = place.index(bytes.len());
        bytes[place] = value;
        if let Ok(mut themes) = Themes::load(&bytes) {
            themes.add("lost luggage again");
            themes.largest(10);
        }
        let mut themes = formed();
        let mut meanings = themes.save_meanings();
        let place = place % meanings.len();
        meanings[place] = value;
        if themes.load_meanings(&meanings).is_ok() {
            let joined = themes.add("lost luggage again").unwrap();
            prop_assert!((0.0..=1.0).contains(&joined.similarity));
        }
    }
}

#[test]
fn the_storm_reads_as_what_happened() {
    if !Path::new(POSTS).exists() {
        println!("skipped: {POSTS} is not there");
        return;
    }
    let mut themes = Themes::default();
    let (mut storm, mut before) = (PhraseCounts::new(20_000), PhraseCounts::new(20_000));
    for [at, text] in read_columns(Path::new(POSTS), ["at", "text"]).unwrap() {
        let stormy = matches!(&at[8..10], "21" | "22");
        if stormy {
            themes.add(&text);
        }
        if stormy { &mut storm } else { &mut before }.add(&text);
    }
    let labels: Vec<String> = themes.largest(20).into_iter().map(|theme| theme.label).collect();
    println!("themes of the storm: {labels:#?}");
    let phrases: Vec<String> = distinctive_phrases(&storm, &before, 15)
        .into_iter()
        .map(|found| found.phrase)
        .collect();
    println!("phrases of the storm: {phrases:?}");
    for happened in [
        ["cancelled", "cancelled"],
        ["hold", "phone"],
        ["bag", "luggage"],
        ["delayed", "late flight"],
    ] {
        let speaks = |label: &String| happened.iter().any(|word| label.contains(word));
        assert!(
            labels.iter().any(speaks),
            "no theme speaks of {happened:?}: {labels:?}"
        );
    }
    assert!(labels.iter().all(|label| !label.is_empty()), "{labels:?}");
    assert!(
        phrases.iter().any(|phrase| phrase.contains("cancelled")),
        "{phrases:?}"
    );
}
