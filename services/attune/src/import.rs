//! `attune import`: a file of feedback sent to a platform that runs.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;

use anyhow::{Context as _, bail};
use attune_server::Secret;
use clap::Args;

use crate::customers::{Customers, Part};
use crate::input::{self, Mapping, Rejection, Row, RowId, Rows, Source};
use crate::platform::Platform;
use crate::progress::{Progress, say};
use crate::sender::{Sent, send};

/// Lines read and sent together; no more of the file is in memory.
const PART: usize = 1_000;
/// Rejected lines that are shown.
const SHOWN: usize = 20;

/// Send a file of feedback to a running platform
#[derive(Args, Debug)]
#[command(after_long_help = concat!("\
Examples:
  attune import feedback.csv --url http://127.0.0.1:7443 --token \"$(attune token --tenant acme)\"
  ATTUNE_TOKEN=… attune import export.jsonl.gz --url https://attune.example.com --system shop
  attune import survey.csv --map \"Created At=at,Comment=text,Likelihood=nps,Respondent=customer\" --rejects bad.csv
  attune import survey.csv --map-file survey.json      with the file {\"Created At\": \"at\", \"Comment\": \"text\"}

A bad row is reported with its line number and skipped; the rest goes in, in the order of the file, a thousand lines at
a time: a file may be larger than the memory.

Sending a file again is safe, so an import that was interrupted is resumed by running it again: what is known by its
source_id and channel is not recorded twice. A row without a source_id gets one that is made from what it says (at,
customer, channel, product, text and ratings, after the mapping): it stays the same wherever the row stands, and rows
that say the same are one. Where such rows are different answers, as in a file of bare ratings without an id, give
--count-repeats: then the row's line number is part of its id, and the lines must stay where they are until all is in.
What was sent before is answered quickly but not skipped; --from-line skips it.

", crate::columns!()))]
pub(crate) struct Import {
    /// CSV with a header, TSV, or JSON Lines; also gzipped
    file: PathBuf,

    /// Where the platform is
    #[arg(long, env = "ATTUNE_URL", default_value = "http://127.0.0.1:7443")]
    url: String,

    /// A token with the scopes profiles.write, profiles.read, interactions.write and feedback.write
    #[arg(long, env = "ATTUNE_TOKEN", hide_env_values = true)]
    token: Secret,

    /// The system whose ids the column customer holds
    #[arg(long, default_value = "import")]
    system: String,

    /// Which columns hold which fields, where their names differ: column=field, separated by commas. The case of names
    /// does not matter; a column that is not named is the field of its own name
    #[arg(long, value_name = "COLUMN=FIELD,...", value_delimiter = ',')]
    map: Vec<String>,

    /// The same as a file: one JSON object with the columns' names and their fields, such as {"Comment": "text"}; for
    /// names with commas
    #[arg(long, value_name = "FILE", conflicts_with = "map")]
    map_file: Option<PathBuf>,

    /// Where every rejected line is listed, as CSV with its number and the reason; the file is written anew
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// The first line of the file that is sent, the header being line 1
    #[arg(long, value_name = "LINE", default_value_t = 1)]
    from_line: u64,

    /// Rows without an id of their own that say the same are different answers
    #[arg(long)]
    count_repeats: bool,

    /// Certificate authority (PEM) of an https:// address
    #[arg(long, env = "ATTUNE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Import {
    /// Sends the file.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let source = Source::open(&self.file)?;
        let progress = Progress::of_bytes(source.length);
        let id = if self.count_repeats {
            RowId::ContentAndLine
        } else {
            RowId::Content
        };
        let rows = input::rows(source.bytes, source.format, self.mapping()?, id)?;
        let rejects = Rejects::open(self.rejects.as_deref())?;
        let authority = match &self.ca_file {
            Some(file) => Some(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?),
            None => None,
        };
        let platform = Platform::connect(&self.url, self.token.expose(), authority).await?;
        let customers = Customers::new(platform.clone(), self.system, Part::None);
        let mut intake = Intake {
            platform,
            customers,
            rejects,
            accepted: 0,
            duplicates: 0,
            progress,
            read: source.read,
        };
        let done = intake.take_all(rows, self.from_line).await;
        intake.progress.finish();
        intake.report()?;
        done?;
        if intake.accepted + intake.duplicates == 0 {
            bail!("no row of {} could be imported", self.file.display());
        }
        Ok(())
    }

    fn mapping(&self) -> anyhow::Result<Mapping> {
        match &self.map_file {
            Some(file) => Ok(Mapping::of_file(file)?),
            None => Mapping::of_pairs(&self.map).map_err(|problem| anyhow::anyhow!("--map: {problem}")),
        }
    }
}

/// An import under way.
struct Intake {
    platform: Platform,
    customers: Customers,
    rejects: Rejects,
    accepted: u64,
    duplicates: u64,
    progress: Progress,
    /// How much of the file has been read.
    read: Rc<Cell<u64>>,
}

/// Some lines of the file.
#[derive(Default)]
struct Lines {
    rows: Vec<Row>,
    rejected: Vec<Rejection>,
    /// Whether the file has no more.
    last: bool,
}

impl Lines {
    /// The number of the first one.
    fn first(&self) -> Option<u64> {
        let rows = self.rows.iter().map(|row| row.line);
        rows.chain(self.rejected.iter().map(|rejection| rejection.line))
            .min()
    }
}

impl Intake {
    /// Sends all rows from a line on. When it fails, everything before the line that it names is in.
    async fn take_all(&mut self, mut rows: Rows<'_>, from_line: u64) -> anyhow::Result<()> {
        let mut interrupted = pin!(attune_server::stop_asked());
        loop {
            let (lines, broken) = next_lines(&mut rows, from_line);
            let first = lines.first();
            let last = lines.last;
            let taken = tokio::select! {
                taken = self.take(lines) => taken,
                _ = &mut interrupted => Err(anyhow::anyhow!("interrupted")),
            };
            if let Err(error) = taken {
                let from = first.unwrap_or(from_line);
                let advice = format!(
                    "everything before line {from} is in; run the command again to resume, with --from-line {from} to \
                     skip what is in"
                );
                return Err(error.context(advice));
            }
            if let Some(broken) = broken {
                return Err(broken.into());
            }
            if last {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, mut lines: Lines) -> anyhow::Result<()> {
        self.customers.admit(&lines.rows).await?;
        let Sent {
            accepted,
            duplicates,
            refused,
        } = send(&self.platform, &self.customers, &lines.rows).await?;
        self.accepted += accepted;
        self.duplicates += duplicates;
        lines.rejected.extend(refused);
        lines.rejected.sort_by_key(|rejection| rejection.line);
        for rejection in lines.rejected {
            self.rejects.add(rejection)?;
        }
        let standing = format!(
            "{} rows in, {} rejected",
            self.accepted + self.duplicates,
            self.rejects.count
        );
        self.progress.reach(self.read.get(), &standing);
        Ok(())
    }

    fn report(&mut self) -> anyhow::Result<()> {
        let rejects = &mut self.rejects;
        say(&format!(
            "{} rows imported, {} known before, {} rejected",
            self.accepted, self.duplicates, rejects.count
        ));
        for Rejection { line, reason } in &rejects.first {
            say(&format!("  line {line}: {reason}"));
        }
        if rejects.count > SHOWN as u64 {
            let all = match &rejects.path {
                Some(file) => format!("all are in {}", file.display()),
                None => "--rejects FILE lists them all".to_owned(),
            };
            say(&format!("  … and {} more; {all}", rejects.count - SHOWN as u64));
        }
        rejects.close()
    }
}

/// The next lines from `from_line` on, and why the file cannot be read any further.
fn next_lines(rows: &mut Rows<'_>, from_line: u64) -> (Lines, Option<input::InputError>) {
    let mut lines = Lines::default();
    while lines.rows.len() + lines.rejected.len() < PART {
        match rows.next() {
            Ok(Some(Ok(row))) if row.line >= from_line => lines.rows.push(row),
            Ok(Some(Err(rejection))) if rejection.line >= from_line => lines.rejected.push(rejection),
            Ok(Some(_)) => {}
            Ok(None) => {
                lines.last = true;
                break;
            }
            Err(broken) => return (lines, Some(broken)),
        }
    }
    (lines, None)
}

/// The lines that were left out: counted, the first ones kept to be shown, all of them in a file where one is wanted.
struct Rejects {
    count: u64,
    first: Vec<Rejection>,
    path: Option<PathBuf>,
    file: Option<csv::Writer<File>>,
}

impl Rejects {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let mut file = csv::Writer::from_path(path)?;
            file.write_record(["line", "reason"])?;
            Ok::<_, csv::Error>(file)
        };
        let file = match path {
            Some(path) => Some(open(path).with_context(|| format!("cannot write {}", path.display()))?),
            None => None,
        };
        Ok(Self {
            count: 0,
            first: Vec::new(),
            path: path.map(Path::to_owned),
            file,
        })
    }

    fn add(&mut self, rejection: Rejection) -> anyhow::Result<()> {
        self.count += 1;
        if let Some(file) = &mut self.file {
            file.write_record([rejection.line.to_string().as_str(), rejection.reason.as_str()])
                .context("cannot write the list of rejected lines")?;
        }
        if self.first.len() < SHOWN {
            self.first.push(rejection);
        }
        Ok(())
    }

    fn close(&mut self) -> anyhow::Result<()> {
        match &mut self.file {
            Some(file) => file.flush().context("cannot write the list of rejected lines"),
            None => Ok(()),
        }
    }
}
