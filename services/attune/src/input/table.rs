//! Rows of named fields, whatever the file format.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{InputError, Rejection};

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

    fn new<'a>(line: u64, fields: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let fields = fields
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { line, fields }
    }
}

/// Splits a file into rows. Of each group of `required` columns the header must have one.
pub(crate) fn records(
    bytes: &[u8],
    format: Format,
    required: &[&[&'static str]],
) -> Result<Vec<Result<Record, Rejection>>, InputError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(InputError::Empty);
    }
    match format {
        Format::Csv => separated(bytes, b',', required),
        Format::Tsv => separated(bytes, b'\t', required),
        Format::JsonLines => json_lines(bytes),
    }
}

fn separated(
    bytes: &[u8],
    delimiter: u8,
    required: &[&[&'static str]],
) -> Result<Vec<Result<Record, Rejection>>, InputError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .flexible(true)
        .from_reader(bytes);
    let header = match reader.byte_headers() {
        Ok(header) => String::from_utf8_lossy(header.as_slice().trim_ascii()).into_owned(),
        Err(_) => return Err(InputError::Empty),
    };
    let columns: Vec<String> = match reader.byte_headers() {
        Ok(header) => header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
            .collect(),
        Err(_) => return Err(InputError::Empty),
    };
    for group in required {
        if !group
            .iter()
            .any(|name| columns.iter().any(|column| column == name))
        {
            let missing = group.first().copied().unwrap_or_default();
            let found = if columns.len() > 1 {
                columns.join(", ")
            } else {
                shortened(&header)
            };
            return Err(InputError::Column { missing, found });
        }
    }
    let mut found = Vec::new();
    let mut lines = Lines {
        bytes,
        passed: 0,
        line: 1,
    };
    let mut raw = ByteRecord::new();
    loop {
        let line = lines.at(reader.position().byte());
        match reader.read_byte_record(&mut raw) {
            Ok(false) => return Ok(found),
            Ok(true) => found.push(record(&raw, &columns, line)),
            Err(error) => found.push(Err(Rejection {
                line,
                reason: format!("cannot be read: {error}"),
            })),
        }
    }
}

/// Line numbers of records. The reader's own are one too low where lines end in CR LF, because it leaves the LF to
/// the next record.
struct Lines<'a> {
    bytes: &'a [u8],
    passed: usize,
    line: u64,
}

impl Lines<'_> {
    /// The number of the line on which the record that begins at or after byte `start` begins.
    fn at(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.passed)
            && (self.passed < start || matches!(byte, b'\r' | b'\n'))
        {
            self.line += u64::from(*byte == b'\n');
            self.passed += 1;
        }
        self.line
    }
}

fn record(raw: &ByteRecord, columns: &[String], line: u64) -> Result<Record, Rejection> {
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
    ))
}

fn json_lines(bytes: &[u8]) -> Result<Vec<Result<Record, Rejection>>, InputError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(InputError::JsonArray);
    }
    let lines = (1_u64..).zip(bytes.split(|byte| *byte == b'\n'));
    let filled = lines.filter(|(_, text)| !text.trim_ascii().is_empty());
    Ok(filled.map(|(line, text)| json_record(line, text)).collect())
}

fn json_record(line: u64, text: &[u8]) -> Result<Record, Rejection> {
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
    ))
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    format!("{start:?}")
}
