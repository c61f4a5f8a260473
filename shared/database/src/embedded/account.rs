//! Under which account the server runs, and where that account's files may be.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User};

use super::EmbeddedError;

/// The account of the server: our own, or an unprivileged one when we are root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    other: Option<(u32, u32)>,
    uid: u32,
    gid: u32,
}

impl Account {
    pub(crate) fn of_server() -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            let gid = nix::unistd::Gid::effective().as_raw();
            return Ok(Self {
                other: None,
                uid: Uid::effective().as_raw(),
                gid,
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| (user.uid.as_raw(), user.gid.as_raw()))
            .map(|(uid, gid)| Self {
                other: Some((uid, gid)),
                uid,
                gid,
            })
            .ok_or(EmbeddedError::NoAccount)
    }

    /// `program` under this account, without the environment's settings for Postgres clients.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).env("LC_MESSAGES", "C");
        for name in [
            "PGDATA",
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGOPTIONS",
            "LC_ALL",
        ] {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.other {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives `path` to the account.
    pub(crate) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Some((uid, gid)) = self.other else {
            return Ok(());
        };
        chown(path, Some(uid), Some(gid)).map_err(|source| EmbeddedError::file(path, source))
    }

    /// Whether `path` belongs to the account.
    pub(crate) fn owns(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == self.uid)
    }

    /// Fails with the folder on the way to `path` that the account may not pass.
    pub(crate) fn check_way_to(&self, path: &Path) -> Result<(), EmbeddedError> {
        for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            let found = fs::metadata(folder).map_err(|source| EmbeddedError::file(folder, source))?;
            let needed = if found.uid() == self.uid {
                0o100
            } else if found.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if found.mode() & needed == 0 {
                return Err(EmbeddedError::Closed {
                    path: folder.to_owned(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn is_another(&self) -> bool {
        self.other.is_some()
    }
}

/// Where a user's durable state is kept (XDG Base Directory Specification), or root's.
pub(crate) fn state_directory() -> Result<PathBuf, EmbeddedError> {
    user_directory("XDG_STATE_HOME", ".local/state")
}

/// Where what can be fetched again is kept.
#[cfg(feature = "download")]
pub(crate) fn cache_directory() -> Result<PathBuf, EmbeddedError> {
    user_directory("XDG_CACHE_HOME", ".cache")
}

fn user_directory(variable: &str, below_home: &str) -> Result<PathBuf, EmbeddedError> {
    if Uid::effective().is_root() {
        return Ok(PathBuf::from("/var/lib/attune"));
    }
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
        .map(|directory| directory.join("attune"))
        .ok_or(EmbeddedError::NoHome)
}
