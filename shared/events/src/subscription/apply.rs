//! A batch becomes effects: all at once when that goes well, one by one to find what does not.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use attune_database::Tx;

use super::handle::{Failure, is_of_the_event};
use super::parking::{Subject, subject};
use super::{Batch, Broken, FIRST_REST, LONGEST_REST, Subscription};
use crate::backoff::Backoff;
use crate::{Cursor, Event};

/// How often an event is tried alone before its subject is parked; with the rests between, about a second.
const ATTEMPTS: i32 = 5;
const LONGEST_REST_OF_POISON: Duration = Duration::from_millis(640);

/// How a transaction over a batch ended.
enum Outcome {
    Committed,
    /// Another replica is at work, or was faster.
    Overtaken,
    /// Nothing was kept. Another try may go better.
    Failed(Failure),
}

/// How the events of a batch are handed over.
enum Mode<'a> {
    /// All events of a tenant together.
    Together,
    /// Each alone, counting the tries of those that fail.
    Alone(&'a mut HashMap<i64, i32>),
}

impl Subscription {
    /// Handles `batch` until its effects and the cursor are committed.
    pub(super) async fn apply(&self, batch: &Batch, at: Option<Cursor>) -> Result<(), Broken> {
        let mut retries = Backoff::new(FIRST_REST, LONGEST_REST);
        let mut poisoned = Backoff::new(FIRST_REST, LONGEST_REST_OF_POISON);
        let mut attempts = HashMap::new();
        let mut alone = false;
        loop {
            let mode = if alone {
                Mode::Alone(&mut attempts)
            } else {
                Mode::Together
            };
            let rest = match self.attempt(batch, at, mode).await? {
                Outcome::Committed => return Ok(()),
                Outcome::Overtaken => return Err(Broken::Standby),
                Outcome::Failed(Failure::Retry(error)) => {
                    let rest = retries.next();
                    self.warn(&error, "event cannot be handled now, trying again");
                    rest
                }
                // The first time alone follows at once: it may be one event among hundreds.
                Outcome::Failed(Failure::Poison(_)) if !alone => {
                    alone = true;
                    continue;
                }
                Outcome::Failed(Failure::Poison(error)) => {
                    self.warn(&error, "event failed, trying again");
                    poisoned.next()
                }
            };
            self.measure(batch.oldest(), batch.behind_before(at));
            tokio::time::sleep(rest).await;
        }
    }

    fn warn(&self, error: &str, message: &'static str) {
        tracing::warn!(
            subscription = self.consumer.name(),
            source = self.consumer.source(),
            error,
            "{message}"
        );
    }

    /// One transaction over the batch.
    async fn attempt(&self, batch: &Batch, at: Option<Cursor>, mode: Mode<'_>) -> Result<Outcome, Broken> {
        let Some(first) = batch.events.first() else {
            return Ok(Outcome::Committed);
        };
        // The tables of the platform are the same inside a tenant, so this costs no round trip of its own.
        let mut tx = self.database.system(&first.tenant).await?;
        let Some(locked) = self.row.lock(&mut tx).await?.filter(|locked| locked.at == at) else {
            tx.roll_back().await?;
            return Ok(Outcome::Overtaken);
        };
        let mut parked = if locked.has_parked {
            self.parking.parked(&mut tx, &batch.events).await?
        } else {
            HashSet::new()
        };
        let failure = match mode {
            Mode::Together => self.handle_together(&mut tx, batch, &parked).await?,
            Mode::Alone(attempts) => self.handle_alone(&mut tx, batch, &mut parked, attempts).await?,
        };
        if let Some(failure) = failure {
            tx.roll_back().await?;
            return Ok(Outcome::Failed(failure));
        }
        match self.commit(tx, batch.through).await {
            Ok(()) => Ok(Outcome::Committed),
            Err(error) if is_of_the_event(&error) => Ok(Outcome::Failed(Failure::Poison(format!(
                "the effects cannot be committed: {error}"
            )))),
            Err(error) => Err(error.into()),
        }
    }

    async fn commit(&self, mut tx: Tx, through: Cursor) -> Result<(), sqlx::Error> {
        let now = tx.now();
        self.row.advance(&mut tx, through, now).await?;
        tx.commit().await
    }

    /// Tenant by tenant, in the order in which each first appears. The events of parked subjects join those.
    async fn handle_together(
        &self,
        tx: &mut Tx,
        batch: &Batch,
        parked: &HashSet<Subject>,
    ) -> Result<Option<Failure>, sqlx::Error> {
        let (behind, free): (Vec<&Event>, Vec<&Event>) = batch
            .events
            .iter()
            .partition(|event| !parked.is_empty() && parked.contains(&subject(event)));
        for event in &behind {
            self.park_behind(tx, event).await?;
        }
        for events in by_tenant(&free) {
            let Some(first) = events.first() else { continue };
            tx.switch_tenant(&first.tenant).await?;
            if let Err(failure) = self.handle_batch(tx, &events).await {
                return Ok(Some(failure));
            }
        }
        Ok(None)
    }

    /// Event by event. What fails the last allowed time is parked; what fails before makes the whole
    /// transaction fail, after every other event had its try too.
    async fn handle_alone(
        &self,
        tx: &mut Tx,
        batch: &Batch,
        parked: &mut HashSet<Subject>,
        attempts: &mut HashMap<i64, i32>,
    ) -> Result<Option<Failure>, sqlx::Error> {
        let mut failed = None;
        let mut waiting = HashSet::new();
        for event in &batch.events {
            let subject = subject(event);
            if parked.contains(&subject) {
                self.park_behind(tx, event).await?;
                continue;
            }
            if waiting.contains(&subject) {
                continue;
            }
            tx.switch_tenant(&event.tenant).await?;
            match self.handle_in_savepoint(tx, event).await? {
                Ok(()) => {}
                Err(Failure::Retry(error)) => return Ok(Some(Failure::Retry(error))),
                Err(Failure::Poison(error)) => {
                    let tried = attempts.entry(event.position).or_default();
                    *tried += 1;
                    if *tried < ATTEMPTS {
                        waiting.insert(subject);
                        failed = Some(Failure::Poison(error));
                    } else {
                        self.park(tx, event, *tried, &error).await?;
                        parked.insert(subject);
                    }
                }
            }
        }
        Ok(failed)
    }

    async fn park(&self, tx: &mut Tx, event: &Event, attempts: i32, error: &str) -> Result<(), sqlx::Error> {
        tracing::error!(
            subscription = self.consumer.name(),
            event.id = %event.id,
            event.r#type = event.type_name,
            subject = %event.subject,
            attempts,
            error,
            "event parked; its subject's events wait until they are released"
        );
        self.measures.parked(1);
        self.parking.park(tx, event, attempts, error).await
    }

    async fn park_behind(&self, tx: &mut Tx, event: &Event) -> Result<(), sqlx::Error> {
        self.measures.parked(1);
        self.parking
            .park(
                tx,
                event,
                0,
                "waits behind an earlier parked event of its subject",
            )
            .await
    }

    /// Handles released events in the order of their positions; what fails again waits again, and what is
    /// behind it with it.
    pub(super) async fn redeliver(&self) -> Result<(), Broken> {
        while self.redeliver_some().await? {}
        Ok(())
    }

    /// Whether there may be more.
    async fn redeliver_some(&self) -> Result<bool, Broken> {
        let mut tx = self.database.platform_tx().await?;
        let due = match self.row.lock(&mut tx).await? {
            Some(_) => self.parking.due(&mut tx).await?,
            None => Vec::new(),
        };
        let Some(first) = due.first() else {
            tx.roll_back().await?;
            return Ok(false);
        };
        let mut tx = tx.enter(&first.tenant).await?;
        let mut failed: HashSet<Subject> = HashSet::new();
        let mut handled = 0;
        for event in &due {
            let subject = subject(event);
            if failed.contains(&subject) {
                continue;
            }
            tx.switch_tenant(&event.tenant).await?;
            match self.handle_in_savepoint(&mut tx, event).await? {
                Ok(()) => {
                    self.parking.remove(&mut tx, event).await?;
                    handled += 1;
                }
                Err(Failure::Retry(error)) => {
                    self.warn(&error, "released event cannot be handled now, trying again");
                    tx.roll_back().await?;
                    return Ok(false);
                }
                Err(Failure::Poison(error)) => {
                    self.warn(&error, "released event failed again and waits");
                    self.parking.failed(&mut tx, event, &error).await?;
                    failed.insert(subject);
                }
            }
        }
        tx.commit().await?;
        self.measures.handled(handled);
        Ok(handled > 0)
    }
}

/// The events of each tenant, in order.
fn by_tenant(events: &[&Event]) -> Vec<Vec<Event>> {
    let mut groups: Vec<Vec<Event>> = Vec::new();
    let mut places = HashMap::new();
    for event in events {
        let place = *places.entry(&event.tenant).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.get_mut(place) {
            group.push((*event).clone());
        }
    }
    groups
}
