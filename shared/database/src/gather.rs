//! Writes that arrive together are committed together: a commit costs the disk the same for one row as for
//! hundreds.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use attune_rpc::{Code, Error, Reason, TenantId};
use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Most writes in one transaction.
const MOST_AT_ONCE: usize = 512;

/// Most writes of one tenant that wait for the transaction before theirs; more are refused.
const MOST_WAITING: usize = 4 * MOST_AT_ONCE;

/// After what time a refused caller may come again: several transactions later.
const COME_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How long a transaction may be under way before another one is begun beside it, where that is allowed at all. The
/// more go together the less each costs, so it is for the slow connection that must not hold up everybody else.
const LONG_UNDER_WAY: Duration = Duration::from_millis(20);

/// One kind of write, for many callers at once.
pub trait GatheredWrite: Send + Sync + 'static {
    /// What one caller asks for.
    type Item: Send + Sync + 'static;
    /// What one caller gets.
    type Answer: Send + 'static;

    /// Does all of `items` in one transaction inside `tenant`, and answers each, in their order. An error that is
    /// one item's own stands in its place; one that fails the transaction undoes everything.
    fn write(
        &self,
        tenant: &TenantId,
        items: &[Self::Item],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer, Error>>, Error>> + Send;
}

/// Gathers the writes of one kind, tenant by tenant.
///
/// Nobody waits for company: the first goes at once, and those that arrive while a transaction is under way go
/// together in the next. Where a transaction fails, its writes are tried one by one, so that what
/// is wrong with one fails that one alone. A caller that goes away takes nothing back: its write is done, and its
/// request id finds it.
pub struct Gather<W: GatheredWrite> {
    inner: Arc<Inner<W>>,
}

struct Inner<W: GatheredWrite> {
    write: W,
    /// Most transactions of one tenant at a time.
    abreast: usize,
    /// Of the tenants for whom a transaction is under way.
    lanes: Mutex<HashMap<TenantId, Lane<W>>>,
}

/// What one tenant asks for.
struct Lane<W: GatheredWrite> {
    waiting: VecDeque<Waiting<W>>,
    /// Transactions under way.
    under_way: usize,
    /// When the last of them began.
    began: Instant,
}

struct Waiting<W: GatheredWrite> {
    item: W::Item,
    answer: oneshot::Sender<Result<W::Answer, Error>>,
}

impl<W: GatheredWrite> Gather<W> {
    /// Gathers for `write`, one transaction of a tenant at a time: two would wait for each other's rows.
    pub fn new(write: W) -> Self {
        Self::abreast(write, 1)
    }

    /// Gathers for `write`, at most `most` transactions of a tenant at a time: another one than the first where those
    /// under way take long.
    pub(crate) fn abreast(write: W, most: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                write,
                abreast: most,
                lanes: Mutex::default(),
            }),
        }
    }

    /// Does `item` inside `tenant`, together with what others write there at the moment. Must be called inside a
    /// runtime.
    ///
    /// Fails with `RESOURCE_EXHAUSTED` where too many wait already, and as the write itself does.
    pub async fn write(&self, tenant: &TenantId, item: W::Item) -> Result<W::Answer, Error> {
        let (sender, answer) = oneshot::channel();
        let waiting = Waiting { item, answer: sender };
        if self.inner.join(tenant, waiting)? {
            tokio::spawn(Arc::clone(&self.inner).work(tenant.clone()));
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(Error::internal("a gathered write ended without an answer")),
        }
    }
}

impl<W: GatheredWrite> Inner<W> {
    /// Lines up; answers whether somebody has to begin to work.
    fn join(&self, tenant: &TenantId, waiting: Waiting<W>) -> Result<bool, Error> {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.get_mut(tenant) else {
            let lane = Lane {
                waiting: VecDeque::from([waiting]),
                under_way: 1,
                began: Instant::now(),
            };
            lanes.insert(tenant.clone(), lane);
            return Ok(true);
        };
        if lane.waiting.len() >= MOST_WAITING {
            let message = "too many calls of this kind wait; send fewer at once";
            return Err(Error::resource_exhausted(
                Reason::Overloaded,
                message,
                COME_AGAIN_AFTER,
            ));
        }
        lane.waiting.push_back(waiting);
        let begins = lane.under_way < self.abreast && lane.began.elapsed() > LONG_UNDER_WAY;
        if begins {
            lane.under_way += 1;
            lane.began = Instant::now();
        }
        Ok(begins)
    }

    /// Works until nobody waits. A task of its own: a caller that goes away must not take the others along.
    async fn work(self: Arc<Self>, tenant: TenantId) {
        while let Some(batch) = self.next(&tenant) {
            let (items, callers): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.item, waiting.answer))
                .unzip();
            let answers = AssertUnwindSafe(self.answers(&tenant, &items))
                .catch_unwind()
                .await;
            // After a panic the callers see that nobody will answer.
            for (caller, answer) in callers.into_iter().zip(answers.into_iter().flatten()) {
                // One that went away needs no answer.
                let _ = caller.send(answer);
            }
        }
    }

    /// The next to go together; with none, one transaction less is under way, and the lane goes with the last.
    fn next(&self, tenant: &TenantId) -> Option<Vec<Waiting<W>>> {
        let mut lanes = self.lanes();
        let lane = lanes.get_mut(tenant)?;
        if lane.waiting.is_empty() {
            lane.under_way -= 1;
            if lane.under_way == 0 {
                lanes.remove(tenant);
            }
            return None;
        }
        lane.began = Instant::now();
        let together = lane.waiting.len().min(MOST_AT_ONCE);
        Some(lane.waiting.drain(..together).collect())
    }

    async fn answers(&self, tenant: &TenantId, items: &[W::Item]) -> Vec<Result<W::Answer, Error>> {
        match self.write.write(tenant, items).await {
            Ok(answers) => answers,
            Err(error) if items.len() == 1 => vec![Err(error)],
            // The database is away for each of them as for all.
            Err(error) if error.code() == Code::Unavailable => items
                .iter()
                .map(|_| Err(Error::unavailable(error.message(), COME_AGAIN_AFTER)))
                .collect(),
            Err(error) => {
                tracing::debug!(%error, writes = items.len(), "gathered writes are tried one by one");
                self.one_by_one(tenant, items).await
            }
        }
    }

    async fn one_by_one(&self, tenant: &TenantId, items: &[W::Item]) -> Vec<Result<W::Answer, Error>> {
        let mut answers = Vec::with_capacity(items.len());
        for item in items {
            let answer = self.write.write(tenant, std::slice::from_ref(item)).await;
            let missing = || Err(Error::internal("a gathered write has no answer"));
            answers.push(answer.and_then(|mut answers| answers.pop().unwrap_or_else(missing)));
        }
        answers
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<TenantId, Lane<W>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: GatheredWrite> Clone for Gather<W> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<W: GatheredWrite> fmt::Debug for Gather<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}
