//! A copy of a running server that follows it.

use std::fs;

use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;
use super::{EmbeddedError, SUPERUSER};

/// Copies the data of the server behind `socket` into `layout` with `pg_basebackup`, which also writes down that the
/// copy is a standby and whom it follows. The account's own login is enough: local logins are trusted.
pub(crate) fn copy(
    (socket, port): (&std::path::Path, u16),
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
) -> Result<(), EmbeddedError> {
    let new = layout.new_data();
    let failed = |source| EmbeddedError::file(&new, source);
    layout.private_folder(&new, account)?;
    let program = binaries.basebackup();
    let output = account
        .command(&program)
        .current_dir(&new)
        .arg("--pgdata")
        .arg(&new)
        .arg("--host")
        .arg(socket)
        .args([
            "--port",
            &port.to_string(),
            "--username",
            SUPERUSER,
            "--no-password",
        ])
        .args([
            "--checkpoint",
            "fast",
            "--wal-method",
            "stream",
            "--write-recovery-conf",
        ])
        .output()
        .map_err(|source| EmbeddedError::file(&program, source))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EmbeddedError::Copy { output });
    }
    fs::rename(&new, layout.data()).map_err(failed)
}
