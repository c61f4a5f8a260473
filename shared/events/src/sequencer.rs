//! Numbers what writers told, in the order in which it became visible.
//!
//! Any replica may sequence; the lock of the one row of `feed_head` decides who does, and nothing is wrong
//! when several try. A transaction that commits late is numbered late: there is no gap to judge, positions
//! are contiguous, and any reader may ask for what is greater than its cursor.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use attune_database::{Database, extend_event_log};
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

/// What one look at the outbox found.
enum Looked {
    /// These were numbered; the last is at `position`.
    Numbered { events: i64, position: i64 },
    /// Nothing waits.
    Empty,
    /// Something waits and was not numbered: another sequencer is at it, or the log has no room.
    Kept,
}

/// Moves the outbox of one service into its feed.
#[derive(Debug)]
pub struct Sequencer {
    database: Database,
    signals: Arc<Signals>,
    measures: FeedMeasures,
    number: SqlStr,
    lock: SqlStr,
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
            number: statement(schema, NUMBER),
            lock: statement(schema, LOCK),
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
        let hints = appended(self.database.schema());
        loop {
            // Armed before the look, so that no hint falls between the look and the rest.
            let hint = hints.notified();
            let began = Instant::now();
            let rest_for = match self.step().await {
                Ok(Step::Numbered(BATCH)) => continue,
                Ok(Step::Numbered(_)) => {
                    backoff.reset();
                    // While others write, the next batch is the larger for a rest a few times as long as this one
                    // took: a sequencer takes a quarter of what its writers could have, at most. One event alone
                    // never waits, and after a batch that was slow for another reason nobody waits as long again.
                    tokio::time::sleep((began.elapsed() * REST_FOR_WORK).min(LONGEST)).await;
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
                () = hint => hinted = Some(Instant::now()),
                () = tokio::time::sleep(rest_for) => {}
            }
        }
    }

    /// Numbers one batch, or finds nothing to do. For tests; [`run`](Self::run) does it again and again.
    pub async fn step(&self) -> Result<Step, sqlx::Error> {
        let numbered = match self.number().await? {
            // Whether the log ends here is for the lock's holder to see.
            Looked::Kept if self.extend().await? => self.number().await?,
            looked => looked,
        };
        Ok(match numbered {
            Looked::Numbered { events, position } => {
                self.signals.head_is(position);
                self.measures.position(position);
                Step::Numbered(events)
            }
            Looked::Empty => Step::Empty,
            Looked::Kept => Step::Taken,
        })
    }

    /// One statement, which is a transaction: nothing is written where there is nothing to number.
    async fn number(&self) -> Result<Looked, sqlx::Error> {
        let (waiting, events, position): (bool, Option<i64>, Option<i64>) = query_as(self.number.clone())
            .bind(self.extent.load(Ordering::Relaxed))
            .bind(BATCH)
            .bind(self.database.clock().now())
            .bind(channel(&self.database))
            .fetch_one(self.database.pool())
            .await?;
        Ok(match (waiting, events, position) {
            (true, Some(events), Some(position)) if events > 0 => Looked::Numbered { events, position },
            (false, ..) => Looked::Empty,
            // Held by another one, or numbered by it between the look and the lock.
            (true, ..) => Looked::Kept,
        })
    }

    /// Makes room in the log for another batch; `false` where another sequencer is at it.
    async fn extend(&self) -> Result<bool, sqlx::Error> {
        let mut tx = self.database.platform_tx().await?;
        let Some(head): Option<i64> = query_scalar(self.lock.clone()).fetch_optional(&mut *tx).await? else {
            return Ok(false);
        };
        let extent = extend_event_log(&mut tx, head + BATCH).await?;
        tx.commit().await?;
        self.extent.store(extent, Ordering::Relaxed);
        Ok(true)
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

const LOCK: &str = "SELECT position FROM {schema}.feed_head FOR UPDATE SKIP LOCKED";

/// `$1` the log's extent, `$2` batch, `$3` now, `$4` channel.
///
/// How far the outbox is emptied comes out of a join with the locked head, so nothing is taken by one who does not
/// hold it. The snapshot may be older than the lock: rows that the sequencer before has numbered since are gone when
/// they are to be deleted and are left out, and the head, being locked, is read as that one left it.
const NUMBER: &str = "
    WITH head AS MATERIALIZED (
        SELECT position FROM {schema}.feed_head
        WHERE position + $2 < $1 AND EXISTS (SELECT FROM {schema}.outbox)
        FOR UPDATE SKIP LOCKED
    ), moved AS (
        DELETE FROM {schema}.outbox
        WHERE seq <= (SELECT max(next.seq) FROM head
                      CROSS JOIN LATERAL (SELECT seq FROM {schema}.outbox ORDER BY seq LIMIT $2) AS next)
        RETURNING *
    ), numbered AS (
        INSERT INTO {schema}.event_log
            (position, subject_version, occurred_at, recorded_at, event_id, subject, tenant_id, type,
             payload, trace_context)
        SELECT head.position + row_number() OVER (ORDER BY seq), subject_version, occurred_at, $3, event_id,
               subject, tenant_id, type, payload, trace_context
        FROM moved CROSS JOIN head
        RETURNING position
    ), counted AS (
        SELECT head.position + (SELECT count(*) FROM numbered) AS position,
               (SELECT count(*) FROM numbered) AS events
        FROM head
    ), stepped AS (
        UPDATE {schema}.feed_head SET position = counted.position FROM counted WHERE events > 0
        RETURNING pg_notify($4, feed_head.position::text)::text
    )
    SELECT EXISTS (SELECT FROM {schema}.outbox), events, position
    FROM (SELECT) AS look LEFT JOIN counted ON true LEFT JOIN stepped ON true";

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
