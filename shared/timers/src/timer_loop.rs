//! Fires what is due, on any number of replicas.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use sqlx::{SqlStr, query, query_as, query_scalar};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::signals::Hints;
use crate::statement::statement;
use crate::{Timer, TimerError, TimerHandler};

/// Timers fired in one transaction.
const BATCH: i64 = 100;
/// How long the loop rests at most.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// Between two looks where something is due that somebody else holds.
const SHORTEST: Duration = Duration::from_millis(10);
/// The rest after the first failure; it doubles with each up to the longest.
const FIRST_REST: TimeDelta = TimeDelta::seconds(5);
const LONGEST_REST: TimeDelta = TimeDelta::hours(1);
/// How long one statement of a handler may run: the answers of a pilot with a million customers are six seconds of work.
const LONGEST_STATEMENT: Duration = Duration::from_mins(5);
/// Longer texts of errors are cut.
const LONGEST_ERROR: usize = 2_000;

/// Tenant, kind, subject, due at, attempts.
type Row = (String, String, Uuid, DateTime<Utc>, i32);

/// Fires the due timers of one service and hands them to their handlers.
pub struct TimerLoop {
    database: Database,
    handlers: HashMap<&'static str, Arc<dyn TimerHandler>>,
    kinds: Vec<&'static str>,
    claim: SqlStr,
    remove: SqlStr,
    failed: SqlStr,
    next: SqlStr,
}

impl TimerLoop {
    /// The loop over the timers in `database` whose kinds `handlers` handle. Of two handlers of one kind the
    /// later is used.
    pub fn new(database: Database, handlers: Vec<Arc<dyn TimerHandler>>) -> Self {
        let schema = database.schema();
        let handlers: HashMap<_, _> = handlers
            .into_iter()
            .map(|handler| (handler.kind(), handler))
            .collect();
        Self {
            kinds: handlers.keys().copied().collect(),
            handlers,
            claim: statement(schema, CLAIM),
            remove: statement(schema, REMOVE),
            failed: statement(schema, FAILED),
            next: statement(schema, NEXT),
            database,
        }
    }

    /// Fires what becomes due, until `shutdown`. A failure of the database is logged and tried again.
    pub async fn run(&self, shutdown: CancellationToken) {
        if self.kinds.is_empty() {
            return shutdown.cancelled().await;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.fire_for_ever() => {}
        }
    }

    async fn fire_for_ever(&self) {
        let mut moves = self.database.clock().moves();
        let clock = self.database.clock();
        let mut hints = Hints::new(self.database.schema(), self.kinds.clone());
        loop {
            // Before the look, so that no hint falls between the look and the rest.
            hints.forget();
            let rest = match self.step().await {
                Ok(fired) if fired > 0 => continue,
                Ok(_) => self.rest().await,
                Err(error) => {
                    tracing::warn!(schema = %self.database.schema(), %error, "timers not fired, trying again");
                    POLL
                }
            };
            tokio::select! {
                () = hints.due(clock) => {}
                () = moves.next() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Until the next timer is due, but not longer than the poll. Virtual time tells when it moves.
    async fn rest(&self) -> Duration {
        if self.database.clock().is_virtual() {
            return POLL;
        }
        let next: Result<Option<DateTime<Utc>>, _> = query_scalar(self.next.clone())
            .bind(&self.kinds)
            .fetch_one(self.database.pool())
            .await;
        match next {
            Ok(Some(due_at)) => {
                let wait = (due_at - self.database.clock().now())
                    .to_std()
                    .unwrap_or(Duration::ZERO);
                wait.clamp(SHORTEST, POLL)
            }
            _ => POLL,
        }
    }

    /// Fires one batch of due timers and answers how many were taken up. For tests; [`run`](Self::run) does it
    /// again and again.
    pub async fn step(&self) -> Result<usize, sqlx::Error> {
        let mut tx = self.database.platform_tx().await?;
        let now = tx.now();
        let rows: Vec<Row> = query_as(self.claim.clone())
            .bind(&self.kinds)
            .bind(now)
            .bind(BATCH)
            .fetch_all(&mut *tx)
            .await?;
        let mut timers = rows.into_iter().map(timer).collect::<Result<Vec<_>, _>>()?;
        // One that was moved between being found and being locked is not due.
        timers.retain(|timer| timer.due_at <= now);
        let Some(first) = timers.first() else { return Ok(0) };
        let mut tx = tx.enter(&first.tenant).await?;
        tx.statements_may_take(LONGEST_STATEMENT).await?;
        for timer in &timers {
            self.fire(&mut tx, timer, now).await?;
        }
        tx.commit().await?;
        Ok(timers.len())
    }

    /// Fires one claimed timer; its failure takes nothing else with it.
    async fn fire(&self, tx: &mut Tx, timer: &Timer, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let Some(handler) = self.handlers.get(timer.kind.as_str()) else {
            return Ok(());
        };
        tx.switch_tenant(&timer.tenant).await?;
        let point = tx.savepoint().await?;
        // Removed first, so that the handler can schedule it again; gone already when the handler of another
        // timer of this batch cancelled or moved it.
        if !self.remove(tx, timer).await? {
            return tx.release(point).await;
        }
        let span = tracing::info_span!(
            "timer", kind = timer.kind, subject = %timer.subject, tenant.id = timer.tenant.as_str(),
        );
        let fired = match settle(handler.fire(tx, timer).instrument(span)).await {
            Ok(()) => sound(tx).await?,
            failed => failed,
        };
        match fired {
            Ok(()) => tx.release(point).await,
            Err(error) => {
                tx.roll_back_to(point).await?;
                self.postpone(tx, timer, now, &error).await
            }
        }
    }

    async fn remove(&self, tx: &mut Tx, timer: &Timer) -> Result<bool, sqlx::Error> {
        let removed = query(self.remove.clone())
            .bind(timer.tenant.as_str())
            .bind(&timer.kind)
            .bind(timer.subject)
            .bind(timer.due_at)
            .execute(&mut **tx)
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    async fn postpone(
        &self,
        tx: &mut Tx,
        timer: &Timer,
        now: DateTime<Utc>,
        error: &TimerError,
    ) -> Result<(), sqlx::Error> {
        let again_at = now + rest_after(timer.attempts);
        let error: String = error.to_string().chars().take(LONGEST_ERROR).collect();
        tracing::warn!(
            kind = timer.kind, subject = %timer.subject, attempts = timer.attempts + 1, %again_at, error,
            "timer failed, firing again later"
        );
        query(self.failed.clone())
            .bind(timer.tenant.as_str())
            .bind(&timer.kind)
            .bind(timer.subject)
            .bind(again_at)
            .bind(error)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

impl std::fmt::Debug for TimerLoop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TimerLoop")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

pub(crate) fn rest_after(attempts: i32) -> TimeDelta {
    let doublings = attempts.clamp(0, 16).unsigned_abs();
    (FIRST_REST * 2_i32.pow(doublings)).min(LONGEST_REST)
}

pub(crate) fn timer((tenant, kind, subject, due_at, attempts): Row) -> Result<Timer, sqlx::Error> {
    let tenant = TenantId::parse(&tenant).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Timer {
        tenant,
        kind,
        subject,
        due_at,
        attempts,
    })
}

/// A panic is the timer's failure and not the loop's end.
async fn settle(firing: impl Future<Output = Result<(), TimerError>>) -> Result<(), TimerError> {
    match AssertUnwindSafe(firing).catch_unwind().await {
        Ok(fired) => fired,
        Err(panic) => Err(anyhow::anyhow!("the handler panicked: {}", message(panic.as_ref())).into()),
    }
}

/// Finds now what would fail the whole batch at its commit: a deferred constraint, or a failed statement whose
/// error the handler kept to itself (25P02).
async fn sound(tx: &mut Tx) -> Result<Result<(), TimerError>, sqlx::Error> {
    let checked = sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED");
    let Err(error) = checked.execute(&mut **tx).await else {
        return Ok(Ok(()));
    };
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == "25P02" || code.starts_with("23")) {
        return Ok(Err(
            anyhow::anyhow!("the effects cannot be committed: {error}").into()
        ));
    }
    Err(error)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// `$1` kinds, `$2` now, `$3` batch. Each kind is looked for by itself: what is due of others, which may be a million
/// messages, is not walked through. Nothing is locked that is not claimed; the candidates are four batches, so that as
/// many replicas find something beside each other.
const CLAIM: &str = "
    WITH candidate AS MATERIALIZED (
        SELECT due.tenant_id, due.kind, due.subject
        FROM unnest($1::text[]) AS wanted (kind)
        CROSS JOIN LATERAL (
            SELECT tenant_id, kind, subject, due_at FROM {schema}.timer
            WHERE kind = wanted.kind AND due_at <= $2
            ORDER BY due_at, tenant_id, subject LIMIT 4 * $3) AS due
        ORDER BY due.due_at, due.tenant_id, due.kind, due.subject LIMIT 4 * $3)
    SELECT timer.tenant_id, timer.kind, timer.subject, timer.due_at, timer.attempts
    FROM {schema}.timer AS timer JOIN candidate USING (tenant_id, kind, subject)
    ORDER BY timer.due_at, timer.tenant_id, timer.kind, timer.subject LIMIT $3
    FOR UPDATE OF timer SKIP LOCKED";

/// Written so that no index by `due_at` serves it: thousands may be due at one instant.
const REMOVE: &str = "
    DELETE FROM {schema}.timer
    WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND due_at IS NOT DISTINCT FROM $4";

const FAILED: &str = "
    UPDATE {schema}.timer SET due_at = $4, attempts = attempts + 1, last_error = $5
    WHERE tenant_id = $1 AND kind = $2 AND subject = $3";

const NEXT: &str = "
    SELECT min(first.due_at)
    FROM unnest($1::text[]) AS wanted (kind)
    CROSS JOIN LATERAL (SELECT min(due_at) AS due_at FROM {schema}.timer WHERE kind = wanted.kind) AS first";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_from_five_seconds_to_an_hour() {
        assert_eq!(rest_after(0), TimeDelta::seconds(5));
        assert_eq!(rest_after(3), TimeDelta::seconds(40));
        assert_eq!(rest_after(i32::MAX), TimeDelta::hours(1));
    }
}
