//! Feedback from a file: CSV with a header, TSV, or JSON Lines, also gzipped.

mod instant;
mod lines;
mod mapping;
mod row;
mod source;
mod table;

use std::fs;
use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub(crate) use instant::parse as parse_instant;
pub(crate) use mapping::Mapping;
pub(crate) use row::{Row, RowId, Scale};
pub(crate) use source::Source;
pub(crate) use table::{Format, Record, Records, records};

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
    #[error("there is no column {missing:?}, which the mapping names: the first line has {found}")]
    Mapped { missing: String, found: String },
    #[error("the mapping {path} cannot be used: {problem}")]
    Mapping { path: PathBuf, problem: String },
    #[error("the file cannot be read on: {0}")]
    Broken(#[from] std::io::Error),
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
    let mut rows = rows(Box::new(bytes), format, Mapping::default(), RowId::Content)?;
    while let Some(row) = rows.next()? {
        match row {
            Ok(row) => input.rows.push(row),
            Err(rejection) => input.rejected.push(rejection),
        }
    }
    input.rows.sort_by_key(|row| row.at);
    Ok(input)
}

/// The rows of a file of feedback, one after the other in their order.
pub(crate) struct Rows<'r> {
    records: Records<'r>,
    id: RowId,
}

/// Reads feedback row by row; rows without an id get one as `id` says.
pub(crate) fn rows<'r>(
    bytes: Box<dyn BufRead + 'r>,
    format: Format,
    mapping: Mapping,
    id: RowId,
) -> Result<Rows<'r>, InputError> {
    let required: [&[&str]; 2] = [&["at"], &["text", "csat", "nps", "ces"]];
    let records = records(bytes, format, &required, mapping)?;
    Ok(Rows { records, id })
}

impl Rows<'_> {
    /// The next row, or why a line holds none; none at the end. Fails where the file cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Row, Rejection>>, InputError> {
        let record = self.records.next()?;
        Ok(record.map(|record| record.and_then(|record| row::parse(&record, self.id))))
    }
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
mod any_file;
#[cfg(test)]
mod tests;
