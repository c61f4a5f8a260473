//! Time that a test or a replay can move.
//!
//! Nothing in the platform asks the operating system for the time; it asks a [`Clock`] that was handed in.
//! In production that is the system clock. A test holds a [`ManualClock`] and moves it; several processes
//! that must share one virtual time read it from a file.

mod file;
mod manual;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

pub use manual::ManualClock;

/// A source of time: the system, a test's hand, or a file shared by several processes.
trait Source: Debug + Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    fn moves(&self) -> Option<tokio::sync::watch::Receiver<DateTime<Utc>>> {
        None
    }
    fn is_virtual(&self) -> bool {
        true
    }
}

/// The time as the platform knows it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Arc<dyn Source>,
}

impl Clock {
    /// The operating system's clock.
    pub fn system() -> Self {
        Self {
            source: Arc::new(System),
        }
    }

    /// A clock that stands at `start` until its [`ManualClock`] moves it.
    pub fn manual(start: DateTime<Utc>) -> (Self, ManualClock) {
        let hand = ManualClock::at(start);
        (
            Self {
                source: Arc::new(hand.clone()),
            },
            hand,
        )
    }

    /// A virtual clock that several processes share: `path` holds one RFC 3339 instant and is replaced
    /// atomically by whoever moves the time. Fails when the file cannot be read or holds anything else.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            source: Arc::new(file::FileClock::open(path.into())?),
        })
    }

    /// The current instant, cut to microseconds because that is what Postgres keeps.
    pub fn now(&self) -> DateTime<Utc> {
        self.source.now().trunc_subsecs(6)
    }

    /// The moves of virtual time from here on. A loop takes this once, before its first look at the time,
    /// so that no move falls between the look and the wait.
    pub fn moves(&self) -> Moves {
        Moves {
            receiver: self.source.moves(),
        }
    }

    /// Whether somebody else than the operating system moves this clock.
    pub fn is_virtual(&self) -> bool {
        self.source.is_virtual()
    }
}

/// What [`Clock::moves`] gives.
#[derive(Debug)]
pub struct Moves {
    receiver: Option<tokio::sync::watch::Receiver<DateTime<Utc>>>,
}

impl Moves {
    /// Resolves when virtual time has moved since the last call; never on the system clock, whose loops poll.
    pub async fn next(&mut self) {
        let Some(receiver) = &mut self.receiver else {
            return std::future::pending().await;
        };
        if receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Debug)]
struct System;

impl Source for System {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn is_virtual(&self) -> bool {
        false
    }
}

/// Writes `instant` to the file of a [`Clock::file`] so that no reader ever sees half of it.
pub fn write_clock_file(path: &std::path::Path, instant: DateTime<Utc>) -> io::Result<()> {
    file::write(path, instant)
}
