//! Dated feedback, replayed hour by hour on a virtual clock.
//!
//! Rows are sent when their hour is over, then time moves to the full hour, at which the platform looks for what
//! is going wrong and the people act. Hours in which nothing is said and nothing is due are skipped. Time never
//! moves past the hour of the last row: the end of the data is the end of observation.

use std::collections::BTreeMap;

use attune_clock::ManualClock;
use chrono::{DateTime, TimeDelta, Utc};

use crate::customers::{Customers, Decisions, Part};
use crate::input::{Rejection, Row};
use crate::owner::Owner;
use crate::platform::Platform;
use crate::progress::Progress;
use crate::sender::{Sent, send};
use crate::settled::Settled;
use crate::timetable::full_hour;

/// A replay of rows sorted by time.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) platform: Platform,
    pub(crate) hand: ManualClock,
    pub(crate) settled: Settled,
    pub(crate) owner: Owner,
}

/// What was replayed.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) accepted: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: Vec<Rejection>,
    pub(crate) customers: Decisions,
}

/// The full hour by which everything has been said.
pub(crate) fn end_of(rows: &[Row]) -> Option<DateTime<Utc>> {
    rows.last().map(|row| hour_after(row.at))
}

/// The full hour after an instant, also where it is one.
fn hour_after(at: DateTime<Utc>) -> DateTime<Utc> {
    full_hour(at + TimeDelta::microseconds(1))
}

impl Replay {
    /// Replays `rows`.
    pub(crate) async fn run(mut self, rows: &[Row]) -> anyhow::Result<Replayed> {
        let mut hours: BTreeMap<DateTime<Utc>, Vec<Row>> = BTreeMap::new();
        for row in rows {
            hours.entry(hour_after(row.at)).or_default().push(row.clone());
        }
        let mut customers = Customers::new(self.platform.clone(), "demo", Part::Played);
        let mut sent = Sent::default();
        let mut progress = Progress::of(rows.len());
        self.settled.listening().await?;
        loop {
            let spoken = hours.keys().next().copied();
            let Some(hour) = spoken.into_iter().chain(self.owner.next_due()).min() else {
                break;
            };
            let said = hours.remove(&hour).unwrap_or_default();
            sent.add(self.hear(&mut customers, &said).await?);
            self.move_to(hour).await?;
            let (day, issues) = (hour.format("%Y-%m-%d %H:%M"), self.owner.issues());
            progress.advance(
                said.len(),
                &format!("{day}, {issues} issue{}", if issues == 1 { "" } else { "s" }),
            );
        }
        progress.finish();
        let Sent {
            accepted,
            duplicates,
            refused,
        } = sent;
        Ok(Replayed {
            accepted,
            duplicates,
            refused,
            customers: customers.decisions(),
        })
    }

    /// Sends what was said in one hour, and waits until all services have heard it.
    async fn hear(&self, customers: &mut Customers, said: &[Row]) -> anyhow::Result<Sent> {
        let Some(last) = said.last() else {
            return Ok(Sent::default());
        };
        self.hand.advance_to(last.at);
        customers.admit(said).await?;
        let sent = send(&self.platform, customers, said).await?;
        self.settled.wait(last.at).await?;
        Ok(sent)
    }

    /// Moves to a full hour: the platform does what is due then, and so do the people.
    async fn move_to(&mut self, hour: DateTime<Utc>) -> anyhow::Result<()> {
        self.hand.advance_to(hour);
        self.settled.wait(hour).await?;
        while self.owner.act(hour).await? {
            self.settled.wait(hour).await?;
        }
        Ok(())
    }
}
