//! Whatever a file holds, each of its lines is a row, or named with what is wrong with it, or the file is refused whole.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What files of feedback are made of, and what breaks those who read them.
const PIECES: [&str; 34] = [
    "at",
    "text",
    "csat",
    "nps",
    "channel",
    "customer",
    ",",
    "\t",
    ";",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    "\\",
    "\u{feff}",
    "\0",
    "2026-01-01",
    "2026-01-01T10:00:00+02:00",
    "0000-00-00",
    "1767225600",
    "1e999",
    "-1",
    "5",
    "NaN",
    "{",
    "}",
    "{\"at\": 1767225600, \"text\": \"",
    "\"}\n",
    "[",
    "null",
    "\u{1f600}",
    "\u{202e}",
    "chat",
];

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Csv), Just(Format::Tsv), Just(Format::JsonLines)]
}

/// Longer where `FAULT_ROUNDS` asks for it.
fn cases() -> u32 {
    let rounds = std::env::var("FAULT_ROUNDS").ok();
    500 * rounds.and_then(|rounds| rounds.parse::<u32>().ok()).unwrap_or(1)
}

fn is_sound(bytes: &[u8], format: Format) -> Result<(), TestCaseError> {
    let Ok(input) = read(bytes, format) else {
        return Ok(());
    };
    let lines = input.rows.iter().map(|row| row.line);
    let mut lines: Vec<u64> = lines.chain(input.rejected.iter().map(|bad| bad.line)).collect();
    let all = lines.len();
    lines.sort_unstable();
    prop_assert_eq!(
        lines.iter().collect::<HashSet<_>>().len(),
        all,
        "a line is told of once"
    );
    prop_assert!(lines.first().is_none_or(|line| *line > 0));
    prop_assert!(input.rejected.iter().all(|bad| !bad.reason.is_empty()));
    prop_assert!(input.rows.is_sorted_by_key(|row| row.at));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400), format in format()) {
        is_sound(&bytes, format)?;
    }

    #[test]
    fn pieces_of_files_in_any_order_are_read_or_refused(
        pieces in vec(prop::sample::select(&PIECES[..]), 0..60),
        format in format(),
    ) {
        is_sound(pieces.concat().as_bytes(), format)?;
        is_sound(format!("at,text,csat,channel\n{}", pieces.concat()).as_bytes(), format)?;
    }
}
