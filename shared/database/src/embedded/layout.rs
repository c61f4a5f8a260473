//! The files of an embedded server.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::EmbeddedError;
use super::account::Account;

/// The longest path of a socket's folder: 104 bytes for the whole on macOS (108 on Linux), less the
/// socket's own name, `/.s.PGSQL.65535`, and the end mark.
const LONGEST_SOCKET_FOLDER: usize = 104 - 15 - 1;

/// Where everything of one server is.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    directory: PathBuf,
    /// The folder of the socket: in the directory where that is short enough.
    pub(crate) socket: PathBuf,
}

impl Layout {
    /// The layout of `directory`, which is made when missing.
    pub(crate) fn of(directory: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        let mode = if account.is_another() { 0o755 } else { 0o700 };
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(directory)
            .map_err(|source| EmbeddedError::file(directory, source))?;
        let directory = directory
            .canonicalize()
            .map_err(|source| EmbeddedError::file(directory, source))?;
        let socket = socket_folder(&directory, &std::env::temp_dir());
        Ok(Self { directory, socket })
    }

    /// Makes what the server needs before its first start.
    pub(crate) fn prepare(&self, account: &Account) -> Result<(), EmbeddedError> {
        account.check_way_to(&self.directory)?;
        self.private_folder(&self.socket, account)
    }

    /// A folder that is the account's alone. One that another put there before us is not used.
    pub(crate) fn private_folder(&self, path: &Path, account: &Account) -> Result<(), EmbeddedError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => account.give(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && account.owns(path) => Ok(()),
            // A crash between making it and giving it away leaves a folder of ours in our own directory.
            Err(error)
                if error.kind() == std::io::ErrorKind::AlreadyExists && path.starts_with(&self.directory) =>
            {
                account.give(path)
            }
            Err(source) => Err(EmbeddedError::file(path, source)),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Where a new data folder is made before it takes its place.
    pub(crate) fn new_data(&self) -> PathBuf {
        self.directory.join("data.new")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.directory.join("lock")
    }

    pub(crate) fn users_file(&self) -> PathBuf {
        self.directory.join("users")
    }

    /// The settings of the last start, as [`Layout::save_settings`] kept them.
    pub(crate) fn settings(&self) -> Vec<String> {
        let text = fs::read_to_string(self.directory.join("settings")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn save_settings(&self, settings: &[String]) -> Result<(), EmbeddedError> {
        let path = self.directory.join("settings");
        fs::write(&path, settings.join("\n")).map_err(|source| EmbeddedError::file(&path, source))
    }

    /// The password for connections over loopback, made once by `make`; readable by us alone.
    pub(crate) fn password(&self, make: impl FnOnce() -> String) -> Result<String, EmbeddedError> {
        let path = self.directory.join("password");
        let failed = |source| EmbeddedError::file(&path, source);
        match fs::read_to_string(&path) {
            Ok(password) if !password.is_empty() => Ok(password),
            _ => {
                let password = make();
                let file = File::create(&path).map_err(failed)?;
                file.set_permissions(Permissions::from_mode(0o600))
                    .map_err(failed)?;
                fs::write(&path, &password).map_err(failed)?;
                Ok(password)
            }
        }
    }

    /// The major version of the data, if there is any.
    pub(crate) fn major_version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

/// In the server's directory, or where its path is too long for a socket, a short one in `temporary`.
fn socket_folder(directory: &Path, temporary: &Path) -> PathBuf {
    let inside = directory.join("socket");
    if inside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        return inside;
    }
    let hash = Sha256::digest(directory.as_os_str().as_encoded_bytes());
    let start = hash
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    temporary.join(format!("attune-{start:016x}"))
}

/// Opens a file that serves as a lock.
pub(crate) fn open(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| EmbeddedError::file(path, source))
}

/// Waits for the lock on `path`; it ends with the file that is returned.
pub(crate) fn exclusive(path: &Path) -> Result<File, EmbeddedError> {
    let file = open(path)?;
    file.lock().map_err(|source| EmbeddedError::file(path, source))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_in_the_directory_where_its_path_is_short_enough() {
        let temporary = Path::new("/tmp");
        assert_eq!(
            socket_folder(Path::new("/srv/pg"), temporary),
            Path::new("/srv/pg/socket")
        );
        let deep = PathBuf::from(format!("/srv/{}", "long/".repeat(30)));
        let moved = socket_folder(&deep, temporary);
        assert!(
            moved.starts_with("/tmp") && moved.as_os_str().len() < LONGEST_SOCKET_FOLDER,
            "{moved:?}"
        );
        assert_eq!(moved, socket_folder(&deep, temporary));
    }
}
