//! `attune import`: a file of feedback sent to a platform that runs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use attune_server::Secret;
use clap::Args;

use crate::customers::{Customers, Part};
use crate::input::{self, Rejection, Row};
use crate::platform::Platform;
use crate::progress::{Progress, say};
use crate::sender::{Sent, send};

/// Rows sent together.
const PART: usize = 1_000;
/// Rejected lines that are shown.
const SHOWN: usize = 20;

/// Send a file of feedback to a running platform
#[derive(Args, Debug)]
#[command(after_long_help = concat!("\
Examples:
  attune import feedback.csv --url http://127.0.0.1:7443 --token \"$(attune token --tenant acme)\"
  ATTUNE_TOKEN=… attune import export.jsonl.gz --url https://attune.example.com --system shop

A bad row is reported with its line number and skipped; the rest goes in. Sending a file again is safe: what is known
by its source_id and channel is not recorded twice, so an interrupted import is resumed by running it again.

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

    /// Certificate authority (PEM) of an https:// address
    #[arg(long, env = "ATTUNE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Import {
    /// Sends the file.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let input = input::read_file(&self.file)?;
        let authority = match &self.ca_file {
            Some(file) => Some(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?),
            None => None,
        };
        let platform = Platform::connect(&self.url, self.token.expose(), authority).await?;
        let customers = Customers::new(platform.clone(), self.system, Part::None);
        let mut sent = send_all(&platform, customers, &input.rows).await?;
        sent.refused.extend(input.rejected);
        sent.refused.sort_by_key(|rejection| rejection.line);
        report(&sent);
        if sent.accepted + sent.duplicates == 0 {
            bail!("no row of {} could be imported", self.file.display());
        }
        Ok(())
    }
}

async fn send_all(platform: &Platform, mut customers: Customers, rows: &[Row]) -> anyhow::Result<Sent> {
    let mut sent = Sent::default();
    let mut progress = Progress::of(rows.len());
    for part in rows.chunks(PART) {
        customers.admit(part).await?;
        sent.add(send(platform, &customers, part).await?);
        progress.advance(part.len(), &format!("{} refused", sent.refused.len()));
    }
    progress.finish();
    Ok(sent)
}

fn report(sent: &Sent) {
    let Sent {
        accepted,
        duplicates,
        refused,
    } = sent;
    say(&format!(
        "{accepted} rows imported, {duplicates} known before, {} rejected",
        refused.len()
    ));
    for Rejection { line, reason } in refused.iter().take(SHOWN) {
        say(&format!("  line {line}: {reason}"));
    }
    if refused.len() > SHOWN {
        say(&format!("  … and {} more", refused.len() - SHOWN));
    }
}
