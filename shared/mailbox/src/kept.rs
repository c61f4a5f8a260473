//! The mails that were accepted: the newest are kept, all are counted.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{Limits, Mail};

#[derive(Debug)]
pub(crate) struct Kept {
    limits: Limits,
    mails: Mutex<Mails>,
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Mails {
    newest_last: VecDeque<Mail>,
    bytes: usize,
}

impl Kept {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            mails: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    pub(crate) fn add(&self, mail: Mail) {
        let mut mails = self.mails();
        mails.bytes += mail.raw.len();
        mails.newest_last.push_back(mail);
        while mails.newest_last.len() > self.limits.mails || mails.bytes > self.limits.bytes {
            let Some(oldest) = mails.newest_last.pop_front() else {
                break;
            };
            mails.bytes -= oldest.raw.len();
        }
        // Counted under the lock: whoever sees the count also finds the mail.
        self.count.send_modify(|count| *count += 1);
    }

    pub(crate) fn all(&self) -> Vec<Mail> {
        self.mails().newest_last.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut mails = self.mails();
        *mails = Mails::default();
        self.count.send_replace(0);
    }

    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// Resolves once `n` mails were counted.
    pub(crate) async fn reached(&self, n: u64) {
        // The sender lives in `self`, so the wait cannot end with an error before it succeeds.
        let _ = self.count.subscribe().wait_for(|count| *count >= n).await;
    }

    fn mails(&self) -> MutexGuard<'_, Mails> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
