//! A virtual clock in a file, for several processes that must agree on the time.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::sync::watch;

/// How soon a process notices that another one moved the time. `now` itself is never stale.
const POLL: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct FileClock {
    path: PathBuf,
    last: Mutex<DateTime<Utc>>,
    moves: Arc<watch::Sender<DateTime<Utc>>>,
}

impl FileClock {
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let now = read(&path)?;
        let moves = Arc::new(watch::Sender::new(now));
        watch_file(path.clone(), &moves);
        Ok(Self {
            path,
            last: Mutex::new(now),
            moves,
        })
    }
}

impl crate::Source for FileClock {
    fn now(&self) -> DateTime<Utc> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(now) = read(&self.path) {
            *last = now.max(*last);
        }
        *last
    }
    fn moves(&self) -> Option<watch::Receiver<DateTime<Utc>>> {
        Some(self.moves.subscribe())
    }
}

/// A thread, not a task: a clock may be opened before there is a runtime. It ends with the clock.
fn watch_file(path: PathBuf, moves: &Arc<watch::Sender<DateTime<Utc>>>) {
    let moves = Arc::downgrade(moves);
    std::thread::spawn(move || {
        while let Some(moves) = moves.upgrade() {
            if let Ok(now) = read(&path) {
                moves.send_if_modified(|seen| std::mem::replace(seen, now) != now);
            }
            drop(moves);
            std::thread::sleep(POLL);
        }
    });
}

fn read(path: &Path) -> io::Result<DateTime<Utc>> {
    let text = std::fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} must hold one instant such as 2026-03-01T12:00:00Z",
                path.display()
            ),
        )
    })
}

pub(crate) fn write(path: &Path, instant: DateTime<Utc>) -> io::Result<()> {
    let beside = path.with_extension("next");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(instant.to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes())?;
    drop(file);
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use crate::{Clock, write_clock_file};
    use chrono::{DateTime, Utc};

    #[tokio::test]
    async fn two_clocks_on_one_file_agree_and_notice_a_move() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        write_clock_file(&path, noon).unwrap();
        let (one, other) = (Clock::file(&path).unwrap(), Clock::file(&path).unwrap());
        assert_eq!((one.now(), other.now()), (noon, noon));

        let later = noon + chrono::TimeDelta::days(30);
        write_clock_file(&path, later).unwrap();
        assert_eq!((one.now(), other.now()), (later, later));
    }

    #[test]
    fn a_file_that_holds_no_instant_is_refused_with_what_it_should_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        std::fs::write(&path, "tomorrow").unwrap();
        let error = Clock::file(&path).unwrap_err().to_string();
        assert!(error.contains("2026-03-01T12:00:00Z"), "{error}");
    }
}
