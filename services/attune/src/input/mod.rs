//! Feedback from a file: CSV with a header, TSV, or JSON Lines, also gzipped.

mod instant;
mod row;
mod table;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub(crate) use instant::parse as parse_instant;
pub(crate) use row::{Row, Scale};
pub(crate) use table::{Format, Record, records};

/// The most that a compressed file may become.
const LARGEST: u64 = 4 << 30;

/// What was read: the rows in the order of their time, and the lines that hold none.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) rows: Vec<Row>,
    pub(crate) rejected: Vec<Rejection>,
}

/// A line that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Its number, the file's first line being 1.
    pub(crate) line: u64,
    /// Why.
    pub(crate) reason: String,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("cannot read {path}: {source}; give an existing file")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} becomes larger than 4 GiB when unpacked; split it")]
    TooLarge { path: PathBuf },
    #[error(
        "there is no column {missing}: the first line must name the columns and has {found}; see --help for their names"
    )]
    Column { missing: &'static str, found: String },
    #[error("the file is empty; give one with a header line and rows")]
    Empty,
    #[error("the file is one JSON array; write one object a line instead (JSON Lines)")]
    JsonArray,
}

/// Reads a file of feedback.
pub(crate) fn read_file(path: &Path) -> Result<Input, InputError> {
    let bytes = bytes(path)?;
    read(&bytes, Format::of(path, &bytes))
}

/// Reads feedback.
pub(crate) fn read(bytes: &[u8], format: Format) -> Result<Input, InputError> {
    let mut input = Input::default();
    let required: [&[&str]; 2] = [&["at"], &["text", "csat", "nps", "ces"]];
    for record in records(bytes, format, &required)? {
        match record.and_then(|record| row::parse(&record)) {
            Ok(row) => input.rows.push(row),
            Err(rejection) => input.rejected.push(rejection),
        }
    }
    input.rows.sort_by_key(|row| row.at);
    Ok(input)
}

/// The bytes of a file, unpacked where it ends in `.gz`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    let failed = |source| InputError::File {
        path: path.to_owned(),
        source,
    };
    let raw = fs::read(path).map_err(failed)?;
    if !path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
    {
        return Ok(raw);
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(raw.as_slice())
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked);
    if read.map_err(failed)? as u64 > LARGEST {
        return Err(InputError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests;
