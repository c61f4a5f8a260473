//! A time that moves by hand.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use attune_clock::write_clock_file;
use chrono::{DateTime, SubsecRound as _, Utc};

use crate::Failure;

/// A time that all processes read from one file.
#[derive(Debug)]
pub(super) struct VirtualTime {
    file: PathBuf,
    now: Mutex<DateTime<Utc>>,
}

impl VirtualTime {
    pub(super) fn begin(file: PathBuf, start: DateTime<Utc>) -> Result<Self, Failure> {
        let now = start.trunc_subsecs(6);
        write_clock_file(&file, now)?;
        let now = Mutex::new(now);
        Ok(Self { file, now })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn move_to(&self, instant: DateTime<Utc>) -> Result<(), Failure> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = instant.trunc_subsecs(6).max(*now);
        Ok(write_clock_file(&self.file, *now)?)
    }

    pub(super) fn settings(&self) -> [(String, OsString); 2] {
        [
            ("ATTUNE_CLOCK_FILE".to_owned(), self.file.clone().into()),
            ("ATTUNE_ALLOW_VIRTUAL_CLOCK".to_owned(), "true".into()),
        ]
    }
}
