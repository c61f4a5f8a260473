//! Why there is no embedded server.

use std::io;
use std::path::{Path, PathBuf};

/// Why an embedded server could not be started or stopped. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The machine has no suitable binaries.
    #[error(
        "no Postgres 15 or newer found; install one (Debian: apt install postgresql; macOS: brew install \
         postgresql), or name its folder of binaries in PG_BIN, or give DATABASE_URL"
    )]
    NoBinaries,
    /// The machine has nothing that tests could run on.
    #[error(
        "no Postgres 15 or newer found, and no Docker to run one in ({docker}); install Postgres (Debian: apt \
         install postgresql; macOS: brew install postgresql), or start Docker, or name a server in \
         TEST_DATABASE_URL"
    )]
    NothingForTests {
        /// Why Docker does not do.
        docker: String,
    },
    /// A Docker engine answers and does not run Postgres.
    #[error("no Postgres found here, and Docker did not run one ({reason}); install Postgres 15 or newer")]
    Container {
        /// What failed.
        reason: String,
    },
    /// The folder in `PG_BIN` does not do.
    #[error("PG_BIN is {directory}, which has no initdb and postgres of version 15 or newer")]
    WrongBinaries {
        /// The folder.
        directory: PathBuf,
    },
    /// The data belongs to a version that is not installed.
    #[error(
        "the data was written by Postgres {major}, which is not installed; install it, or name its folder of \
         binaries in PG_BIN, or choose another directory"
    )]
    OtherVersion {
        /// The data's major version.
        major: u32,
    },
    /// Downloading failed.
    #[error("no Postgres found here, and downloading one failed ({reason}); install Postgres 15 or newer")]
    Download {
        /// What failed.
        reason: String,
    },
    /// The server's account cannot reach its directory.
    #[error("{path} is closed to the account the server runs under; choose a directory below an open one")]
    Closed {
        /// The folder that is closed.
        path: PathBuf,
    },
    /// There is no account to run the server under.
    #[error("Postgres does not run as root, and there is neither an account postgres nor nobody; add one")]
    NoAccount,
    /// There is no place for its state.
    #[error("neither XDG_STATE_HOME nor HOME says where to keep the data; set one, or give DATABASE_URL")]
    NoHome,
    /// Another process uses the server with other settings.
    #[error(
        "the Postgres in {directory} is in use with other settings; stop that process, or use another directory"
    )]
    InUse {
        /// The server's directory.
        directory: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it said.
        output: String,
    },
    /// A server could not be copied.
    #[error("pg_basebackup failed: {output}")]
    Copy {
        /// What it said.
        output: String,
    },
    /// The server ended at its start or never became ready.
    #[error("Postgres did not start; the end of its log {log}: {lines}")]
    Start {
        /// The log.
        log: PathBuf,
        /// Its last lines.
        lines: String,
    },
    /// The server did not end.
    #[error("Postgres (process {pid}) did not stop; end it by hand")]
    Stop {
        /// The server's process.
        pid: i32,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// The server could not be asked.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The process is ending.
    #[error("starting Postgres was interrupted")]
    Interrupted,
}

impl EmbeddedError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
