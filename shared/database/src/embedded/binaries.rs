//! Finding the server's binaries on the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;

/// The oldest major version the platform runs on.
const OLDEST: u32 = 15;

/// Where binaries are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// `PG_BIN`: the one folder that counts where it is given.
    named: Option<PathBuf>,
    /// The folders tried in turn otherwise.
    folders: Vec<PathBuf>,
}

impl Places {
    /// `PG_BIN`, `PATH`, and Debian's, Red Hat's and Homebrew's places, newer versions first.
    pub(crate) fn of_machine() -> Self {
        Self {
            named: std::env::var_os("PG_BIN")
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            folders: candidates(),
        }
    }
}

/// A folder that holds `initdb` and `postgres` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    directory: PathBuf,
    pub(crate) major: u32,
}

impl Binaries {
    /// The binaries in the folder that is named, else the first suitable ones in the others; of the major
    /// version `wanted` where data of it exists.
    pub(crate) fn find(places: &Places, wanted: Option<u32>) -> Result<Self, EmbeddedError> {
        if let Some(directory) = places.named.clone() {
            let found = Self::in_folder(&directory).filter(|found| found.major >= OLDEST);
            let found = found.ok_or(EmbeddedError::WrongBinaries { directory })?;
            return match wanted {
                Some(major) if major != found.major => Err(EmbeddedError::OtherVersion { major }),
                _ => Ok(found),
            };
        }
        let mut any = false;
        for found in places.folders.iter().filter_map(|folder| Self::in_folder(folder)) {
            any |= found.major >= OLDEST;
            if wanted.map_or(found.major >= OLDEST, |major| major == found.major) {
                return Ok(found);
            }
        }
        match wanted {
            Some(major) if any => Err(EmbeddedError::OtherVersion { major }),
            _ => Err(EmbeddedError::NoBinaries),
        }
    }

    /// The binaries in `folder`, if it has both. Links are followed, because the server looks for its
    /// libraries beside itself.
    pub(crate) fn in_folder(folder: &Path) -> Option<Self> {
        let server = folder.join("postgres").canonicalize().ok()?;
        let directory = server.parent()?.to_owned();
        let _ = directory.join("initdb").canonicalize().ok()?;
        let output = Command::new(&server).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { directory, major })
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(crate) fn basebackup(&self) -> PathBuf {
        self.directory.join("pg_basebackup")
    }
}

/// `17` of `postgres (PostgreSQL) 17.2 (Debian 17.2-1)`, of `… 18beta1` and of `… 18rc1`.
fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(versions_in("/usr/lib/postgresql", "", "bin"));
    folders.extend(versions_in("/usr", "pgsql-", "bin"));
    for homebrew in [
        "/opt/homebrew/opt",
        "/usr/local/opt",
        "/home/linuxbrew/.linuxbrew/opt",
    ] {
        folders.extend(versions_in(homebrew, "postgresql@", "bin"));
        folders.push(Path::new(homebrew).join("postgresql/bin"));
    }
    folders
}

/// `parent/<prefix><number>/<below>`, the highest number first.
fn versions_in(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(below)))
        })
        .collect();
    versions.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(major_version("bash: postgres: command not found"), None);
    }

    #[test]
    fn newer_versions_come_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "notes"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = versions_in(folder.path().to_str().unwrap(), "", "bin");
        let expected: Vec<_> = ["17", "15", "9"]
            .map(|v| folder.path().join(v).join("bin"))
            .into();
        assert_eq!(found, expected);
    }
}
