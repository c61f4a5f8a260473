//! Where the command keeps what outlives it.

use std::path::PathBuf;

use anyhow::Context as _;
use attune_database::embedded::Options;

/// The user's state directory of the platform: that of the embedded Postgres is in it.
pub(crate) fn directory() -> anyhow::Result<PathBuf> {
    let postgres = Options::in_state_directory()?.directory;
    let parent = postgres
        .parent()
        .context("the state directory has no parent; set XDG_STATE_HOME")?;
    Ok(parent.to_owned())
}

/// The private key of the development issuer, unless another one is named.
pub(crate) fn dev_key_file() -> anyhow::Result<PathBuf> {
    Ok(directory()?.join("dev-key.pem"))
}
