//! Rows of named fields, whatever the file format.

use std::collections::BTreeMap;
use std::io::{BufRead, ErrorKind, Read as _};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::lines::{Lines, Watched, watch};
use super::{InputError, Mapping, Rejection};

/// The longest line of JSON.
const LONGEST_LINE: u64 = 8 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma-separated values with quotes (RFC 4180).
    Csv,
    /// Tab-separated values, in which a quote is a character like any other.
    Tsv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By the name's extension, else by the first line.
    pub(crate) fn of(path: &Path, bytes: &[u8]) -> Self {
        let name = path.to_string_lossy().to_ascii_lowercase();
        match name.trim_end_matches(".gz").rsplit('.').next() {
            Some("csv") => Self::Csv,
            Some("tsv" | "tab") => Self::Tsv,
            Some("jsonl" | "ndjson" | "json") => Self::JsonLines,
            _ => Self::by_content(bytes),
        }
    }

    fn by_content(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let first = bytes
            .split(|byte| *byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty());
        match first.unwrap_or_default().trim_ascii_start() {
            [b'{' | b'[', ..] => Self::JsonLines,
            line if line.contains(&b'\t') => Self::Tsv,
            _ => Self::Csv,
        }
    }
}

/// One row: its fields by lower-case name, trimmed; empty ones are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Where it begins.
    pub(crate) line: u64,
    fields: BTreeMap<String, String>,
}

impl Record {
    /// The field, or "" where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// `fields` by their columns' names.
    fn new<'a>(line: u64, fields: impl Iterator<Item = (&'a str, &'a str)>, mapping: &Mapping) -> Self {
        let mut named = BTreeMap::new();
        for (column, value) in fields {
            let (column, value) = (column.trim().to_ascii_lowercase(), value.trim());
            if let Some(field) = mapping.field(&column)
                && !value.is_empty()
            {
                named.insert(field.to_owned(), value.to_owned());
            }
        }
        Self { line, fields: named }
    }
}

/// The rows of a file, one after the other.
pub(crate) struct Records<'r> {
    kind: Kind<'r>,
    mapping: Mapping,
}

enum Kind<'r> {
    Separated {
        reader: Box<Reader<Watched<Box<dyn BufRead + 'r>>>>,
        lines: Lines,
        columns: Vec<String>,
    },
    Json {
        bytes: Box<dyn BufRead + 'r>,
        line: u64,
    },
}

/// Splits a file into rows. Of each group of `required` columns the header must have one, and all that `mapping` names.
pub(crate) fn records<'r>(
    mut bytes: Box<dyn BufRead + 'r>,
    format: Format,
    required: &[&[&'static str]],
    mapping: Mapping,
) -> Result<Records<'r>, InputError> {
    let first = bytes.fill_buf()?;
    let mark = if first.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let begin = first.get(mark..).unwrap_or_default().trim_ascii_start();
    let (blank, array) = (begin.is_empty(), begin.starts_with(b"["));
    bytes.consume(mark);
    if blank {
        return Err(InputError::Empty);
    }
    let kind = match format {
        Format::Csv => separated(bytes, b',', required, &mapping)?,
        Format::Tsv => separated(bytes, b'\t', required, &mapping)?,
        Format::JsonLines if array => return Err(InputError::JsonArray),
        Format::JsonLines => Kind::Json { bytes, line: 0 },
    };
    Ok(Records { kind, mapping })
}

fn separated<'r>(
    bytes: Box<dyn BufRead + 'r>,
    delimiter: u8,
    required: &[&[&'static str]],
    mapping: &Mapping,
) -> Result<Kind<'r>, InputError> {
    let (watched, lines) = watch(bytes);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .flexible(true)
        .from_reader(watched);
    let header = reader.byte_headers().map_err(io_error)?;
    let found = String::from_utf8_lossy(header.as_slice().trim_ascii()).into_owned();
    let columns: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .collect();
    let found = || {
        if columns.len() > 1 {
            columns.join(", ")
        } else {
            shortened(&found)
        }
    };
    if let [missing, ..] = mapping.missing(&columns)[..] {
        let (missing, found) = (missing.to_owned(), found());
        return Err(InputError::Mapped { missing, found });
    }
    let fields: Vec<&str> = columns
        .iter()
        .filter_map(|column| mapping.field(column))
        .collect();
    for group in required {
        if !group.iter().any(|name| fields.contains(name)) {
            let missing = group.first().copied().unwrap_or_default();
            let found = found();
            return Err(InputError::Column { missing, found });
        }
    }
    Ok(Kind::Separated {
        reader: Box::new(reader),
        lines,
        columns,
    })
}

fn io_error(error: csv::Error) -> InputError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => std::io::Error::new(ErrorKind::InvalidData, format!("{other:?}")).into(),
    }
}

impl Records<'_> {
    /// The next row, or why a line holds none; none at the end. Fails where the file cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Record, Rejection>>, InputError> {
        match &mut self.kind {
            Kind::Separated {
                reader,
                lines,
                columns,
            } => {
                let start = reader.position().byte();
                let mut raw = ByteRecord::new();
                match reader.read_byte_record(&mut raw) {
                    Ok(false) => Ok(None),
                    Ok(true) => {
                        let line = lines.at(start);
                        Ok(Some(record(&raw, columns, line, &self.mapping)))
                    }
                    Err(error) => Err(io_error(error)),
                }
            }
            Kind::Json { bytes, line } => next_json(bytes.as_mut(), line, &self.mapping),
        }
    }
}

fn record(raw: &ByteRecord, columns: &[String], line: u64, mapping: &Mapping) -> Result<Record, Rejection> {
    let refuse = |reason| Rejection { line, reason };
    if raw.len() != columns.len() {
        let (found, wanted) = (raw.len(), columns.len());
        return Err(refuse(format!(
            "has {found} fields where the header has {wanted}"
        )));
    }
    let text = StringRecord::from_byte_record(raw.clone())
        .map_err(|_| refuse("is not UTF-8; convert the file".to_owned()))?;
    Ok(Record::new(
        line,
        columns.iter().map(String::as_str).zip(text.iter()),
        mapping,
    ))
}

/// The next line that is not blank.
fn next_json(
    bytes: &mut dyn BufRead,
    line: &mut u64,
    mapping: &Mapping,
) -> Result<Option<Result<Record, Rejection>>, InputError> {
    let mut text = Vec::new();
    loop {
        *line += 1;
        text.clear();
        let count = bytes.take(LONGEST_LINE + 1).read_until(b'\n', &mut text)?;
        if count == 0 {
            return Ok(None);
        }
        if count as u64 > LONGEST_LINE && !text.ends_with(b"\n") {
            skip_line(bytes)?;
            let reason = format!("is longer than {} MiB", LONGEST_LINE >> 20);
            return Ok(Some(Err(Rejection { line: *line, reason })));
        }
        if !text.trim_ascii().is_empty() {
            return Ok(Some(json_record(*line, &text, mapping)));
        }
    }
}

/// Leaves the rest of a line unread.
fn skip_line(bytes: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = bytes.fill_buf()?;
        let (length, end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        bytes.consume(length);
        if end {
            return Ok(());
        }
    }
}

fn json_record(line: u64, text: &[u8], mapping: &Mapping) -> Result<Record, Rejection> {
    let refuse = |reason| Rejection { line, reason };
    let object: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| refuse(format!("is not a JSON object: {error}")))?;
    let mut fields = Vec::with_capacity(object.len());
    for (name, value) in object {
        match value {
            Value::String(text) => fields.push((name, text)),
            Value::Number(number) => fields.push((name, number.to_string())),
            // Columns that nobody asked for may hold anything.
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    Ok(Record::new(
        line,
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        mapping,
    ))
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    format!("{start:?}")
}
