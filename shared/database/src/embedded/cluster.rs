//! Making the data folder.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;
use super::{EmbeddedError, SUPERUSER};

/// The locales tried in turn: Unicode character classes with comparison by code point, which no upgrade of
/// a C library or of ICU can reorder, so that indexes stay valid. Text for people is sorted by naming one
/// of the ICU collations, which `initdb` enters where the build has them.
const LOCALES: [&str; 3] = ["C.UTF-8", "C.utf8", "C"];

/// Runs `initdb` where there is no data. A folder left half made by a crash is made anew.
pub(crate) fn create_if_missing(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
) -> Result<(), EmbeddedError> {
    if layout.major_version().is_some() {
        return Ok(());
    }
    let started = std::time::Instant::now();
    let mut output = String::new();
    for locale in locale_arguments(binaries.major) {
        match create(layout, account, binaries, &locale) {
            Ok(()) => {
                tracing::info!(
                    milliseconds = started.elapsed().as_millis(),
                    "embedded Postgres made"
                );
                return Ok(());
            }
            Err(EmbeddedError::Initdb { output: said }) => output = said,
            Err(other) => return Err(other),
        }
    }
    Err(EmbeddedError::Initdb { output })
}

/// From Postgres 17 on the server brings `C.UTF-8` itself, on every operating system.
fn locale_arguments(major: u32) -> Vec<Vec<String>> {
    let builtin = [
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ];
    let mut all: Vec<Vec<String>> = Vec::new();
    if major >= 17 {
        all.push(builtin.map(str::to_owned).into());
    }
    all.extend(LOCALES.map(|locale| vec![format!("--locale={locale}")]));
    all
}

fn create(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    locale: &[String],
) -> Result<(), EmbeddedError> {
    let new = layout.new_data();
    let failed = |source| EmbeddedError::file(&new, source);
    if new.exists() {
        fs::remove_dir_all(&new).map_err(failed)?;
    }
    DirBuilder::new().mode(0o700).create(&new).map_err(failed)?;
    account.give(&new)?;
    let output = account
        .command(&binaries.initdb())
        .current_dir(&new)
        .arg("--pgdata")
        .arg(&new)
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--no-instructions"])
        // The socket's folder is closed to everybody else; over loopback a password is asked for.
        .args(["--auth-local", "trust", "--auth-host", "scram-sha-256"])
        .args(locale)
        .output()
        .map_err(|source| EmbeddedError::file(&binaries.initdb(), source))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EmbeddedError::Initdb { output });
    }
    fs::rename(&new, layout.data()).map_err(failed)
}
