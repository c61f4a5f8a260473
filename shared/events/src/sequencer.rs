//! Numbers what writers told, in the order in which it became visible.
//!
//! Any replica may sequence; the lock of the one row of `feed_head` decides who does, and nothing is wrong
//! when several try. A transaction that commits late is numbered late: there is no gap to judge, positions
//! are contiguous, and any reader may ask for what is greater than its cursor.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use attune_database::{Database, PlatformTx, extend_event_log};
use futures::FutureExt as _;
use sqlx::{SqlStr, query_as, query_scalar};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::measure::FeedMeasures;
use crate::signals::{Signals, appended};
use crate::statement::statement;

/// How many events are numbered in one transaction; one commit, one notification.
const BATCH: i64 = 1_000;
/// How long the loop rests when nobody tells anything. A hint, which follows the writer's commit, ends the rest at
/// once; what a crash kept from hinting is found by itself.
const IDLE: Duration = Duration::from_millis(250);
/// Bounds of the rest where another sequencer was at it: it may have looked before what was hinted at had committed.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(20);
/// How long the rest after a batch is, in times of the batch.
const REST_FOR_WORK: u32 = 3;
/// How often the outbox is measured.
const MEASURE: Duration = Duration::from_secs(5);

/// What one step of a [`Sequencer`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many events were numbered.
    Numbered(i64),
    /// The outbox was empty.
    Empty,
    /// Another sequencer was at it.
    Taken,
}

/// Moves the outbox of one service into its feed.
#[derive(Debug)]
pub struct Sequencer {
    database: Database,
    signals: Arc<Signals>,
    measures: FeedMeasures,
    waiting: SqlStr,
    lock: SqlStr,
    number: SqlStr,
    /// The first position that the log's partitions do not take, as far as known; see [`extend_event_log`].
    extent: AtomicI64,
}

impl Sequencer {
    /// The sequencer of `database`'s schema.
    pub fn new(database: Database) -> Self {
        let schema = database.schema();
        Self {
            signals: Signals::of(&database),
            measures: FeedMeasures::of(schema),
            waiting: statement(schema, WAITING),
            lock: statement(schema, LOCK),
            number: statement(schema, NUMBER),
            extent: AtomicI64::new(0),
            database,
        }
    }

    /// Numbers what is told, until `shutdown`. A failure is logged and tried again.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.sequence() => {}
            () = self.measure() => {}
        }
    }

    async fn sequence(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let mut hinted: Option<Instant> = None;
        let mut sure = false;
        let hints = appended(self.database.schema());
        loop {
            // Armed before the look, so that no hint falls between the look and the rest.
            let mut hint = pin!(hints.notified());
            let began = Instant::now();
            let stepped = if sure {
                self.step().await
            } else {
                self.look().await
            };
            sure = false;
            let rest_for = match stepped {
                Ok(Step::Numbered(BATCH)) => {
                    sure = true;
                    continue;
                }
                Ok(Step::Numbered(_)) => {
                    backoff.reset();
                    // While others write, the next batch is the larger for a rest a few times as long as this one
                    // took: a sequencer takes a quarter of what its writers could have, at most. One event alone
                    // never waits, and after a batch that was slow for another reason nobody waits as long again.
                    tokio::time::sleep((began.elapsed() * REST_FOR_WORK).min(LONGEST)).await;
                    sure = hint.as_mut().now_or_never().is_some();
                    continue;
                }
                Ok(Step::Empty) => IDLE,
                Ok(Step::Taken) => rest(hinted.map(|hinted| hinted.elapsed())),
                Err(error) => {
                    tracing::warn!(schema = %self.database.schema(), %error, "sequencer failed, trying again");
                    backoff.next()
                }
            };
            tokio::select! {
                () = hint => {
                    hinted = Some(Instant::now());
                    sure = true;
                }
                () = tokio::time::sleep(rest_for) => {}
            }
        }
    }

    /// A step, if there is anything to number: asking costs a quarter of an empty step.
    async fn look(&self) -> Result<Step, sqlx::Error> {
        let waiting = query_scalar(self.waiting.clone())
            .fetch_one(self.database.pool())
            .await?;
        if waiting {
            self.step().await
        } else {
            Ok(Step::Empty)
        }
    }

    /// Numbers one batch, or finds nothing to do. For tests; [`run`](Self::run) does it again and again.
    pub async fn step(&self) -> Result<Step, sqlx::Error> {
        let mut tx = self.database.platform_tx().await?;
        let Some(head): Option<i64> = query_scalar(self.lock.clone()).fetch_optional(&mut *tx).await? else {
            return Ok(Step::Taken);
        };
        let extent = self.extend(&mut tx, head + BATCH).await?;
        let (numbered, position): (i64, i64) = query_as(self.number.clone())
            .bind(head)
            .bind(BATCH)
            .bind(tx.now())
            .bind(channel(&self.database))
            .fetch_one(&mut *tx)
            .await?;
        if numbered == 0 {
            tx.roll_back().await?;
            return Ok(Step::Empty);
        }
        tx.commit().await?;
        self.extent.store(extent, Ordering::Relaxed);
        self.signals.head_is(position);
        self.measures.position(position);
        Ok(Step::Numbered(numbered))
    }

    async fn extend(&self, tx: &mut PlatformTx, last: i64) -> Result<i64, sqlx::Error> {
        let known = self.extent.load(Ordering::Relaxed);
        if last < known {
            Ok(known)
        } else {
            extend_event_log(tx, last).await
        }
    }

    async fn measure(&self) {
        let oldest = statement(
            self.database.schema(),
            "SELECT min(occurred_at) FROM {schema}.outbox",
        );
        let parked = statement(self.database.schema(), "SELECT count(*) FROM {schema}.parked");
        loop {
            tokio::time::sleep(MEASURE).await;
            let pool = self.database.pool();
            let measured = tokio::try_join!(
                query_scalar(oldest.clone()).fetch_one(pool),
                query_scalar(parked.clone()).fetch_one(pool),
            );
            match measured {
                Ok((oldest, parked)) => self.measures.outbox(oldest, self.database.clock().now(), parked),
                Err(error) => tracing::debug!(%error, "outbox not measured"),
            }
        }
    }
}

/// The channel that carries the hint to other processes.
pub(crate) fn channel(database: &Database) -> String {
    format!("attune_feed_{}", database.schema())
}

const WAITING: &str = "SELECT EXISTS (SELECT FROM {schema}.outbox)";

const LOCK: &str = "SELECT position FROM {schema}.feed_head FOR UPDATE SKIP LOCKED";

/// `$1` head, `$2` batch, `$3` now, `$4` channel. A statement of its own after the lock, so that its snapshot
/// is younger than whatever the sequencer before committed.
const NUMBER: &str = "
    WITH moved AS (
        DELETE FROM {schema}.outbox
        WHERE seq IN (SELECT seq FROM {schema}.outbox ORDER BY seq LIMIT $2)
        RETURNING *
    ), numbered AS (
        INSERT INTO {schema}.event_log
            (position, subject_version, occurred_at, recorded_at, event_id, subject, tenant_id, type,
             payload, trace_context)
        SELECT $1 + row_number() OVER (ORDER BY seq), subject_version, occurred_at, $3, event_id, subject,
               tenant_id, type, payload, trace_context
        FROM moved
        RETURNING position
    ), counted AS (
        SELECT count(*) AS events FROM numbered
    ), head AS (
        UPDATE {schema}.feed_head SET position = $1 + events FROM counted WHERE events > 0
        RETURNING pg_notify($4, '')::text
    )
    SELECT events, $1 + events FROM counted LEFT JOIN head ON true";

/// How long to rest where another sequencer was at it: a quarter of the time since the last hint, within bounds.
fn rest(since_hint: Option<Duration>) -> Duration {
    since_hint.map_or(LONGEST, |elapsed| (elapsed / 4).clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_another_it_looks_often_after_a_hint_and_less_later() {
        let after = |millis| rest(Some(Duration::from_millis(millis)));
        assert_eq!(after(0), SHORTEST);
        assert_eq!(after(40), Duration::from_millis(10));
        assert_eq!(after(400), LONGEST);
        assert_eq!(rest(None), LONGEST);
    }
}
