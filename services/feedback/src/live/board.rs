//! Numbers that somebody watches, computed once for all who watch them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use attune_database::Database;
use attune_events::Cursor;
use attune_rpc::TenantId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{Notify, watch};

use super::hub::{Hub, Piece};
use crate::commands;
use crate::commands::metric::Value;
use crate::domain::Watched;
use crate::error::Error;

/// Between two computations: what comes together changes the numbers once.
const PAUSE: Duration = Duration::from_millis(500);
/// After so long they are computed without an event: hours turn, and windows with them.
const REFRESH: Duration = Duration::from_secs(30);

/// The boards of all tenants; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Boards {
    db: Database,
    hub: Hub,
    boards: Arc<Mutex<HashMap<TenantId, Weak<Board>>>>,
}

/// The watched numbers of one tenant, while somebody watches.
#[derive(Debug)]
struct Board {
    /// How many views show each number.
    watched: Mutex<HashMap<Watched, usize>>,
    /// A number was added.
    added: Notify,
    readings: watch::Sender<Readings>,
}

/// All numbers of a board at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Readings {
    numbers: Arc<HashMap<Watched, Reading>>,
    /// Everything told up to here is in them; none before the first.
    pub(super) at: Option<Cursor>,
}

/// One number.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) value: Value,
    /// How often it changed since it is on the board.
    pub(super) changes: u64,
}

/// Some numbers of a board, for one stream; dropped, they are watched no more.
#[derive(Debug)]
pub(super) struct View {
    board: Arc<Board>,
    pub(super) watched: Vec<Watched>,
    pub(super) readings: watch::Receiver<Readings>,
}

impl Boards {
    /// Boards of numbers from `db`, computed anew when the hub hears of something.
    pub(super) fn new(db: Database, hub: Hub) -> Self {
        Self {
            db,
            hub,
            boards: Arc::default(),
        }
    }

    /// Watches numbers of a tenant. Must be called inside a runtime.
    pub(super) fn view(&self, tenant: &TenantId, watched: Vec<Watched>) -> View {
        let board = self.board(tenant);
        let mut counts = board.counts();
        for number in &watched {
            *counts.entry(number.clone()).or_default() += 1;
        }
        drop(counts);
        board.added.notify_one();
        View {
            readings: board.readings.subscribe(),
            board,
            watched,
        }
    }

    /// The tenant's board; a new one begins to work.
    fn board(&self, tenant: &TenantId) -> Arc<Board> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(board) = boards.get(tenant).and_then(Weak::upgrade) {
            return board;
        }
        boards.retain(|_, board| board.strong_count() > 0);
        let board = Arc::new(Board {
            watched: Mutex::default(),
            added: Notify::new(),
            readings: watch::Sender::default(),
        });
        boards.insert(tenant.clone(), Arc::downgrade(&board));
        let keeper = Keeper {
            db: self.db.clone(),
            hub: self.hub.clone(),
            tenant: tenant.clone(),
            board: Arc::downgrade(&board),
        };
        tokio::spawn(keeper.run());
        board
    }
}

impl Board {
    fn counts(&self) -> MutexGuard<'_, HashMap<Watched, usize>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    /// The numbers of `watched` in their order; none while one is not computed yet.
    pub(super) fn of(&self, watched: &[Watched]) -> Option<Vec<Reading>> {
        watched
            .iter()
            .map(|number| self.numbers.get(number).cloned())
            .collect()
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let mut counts = self.board.counts();
        for number in &self.watched {
            if let Some(count) = counts.get_mut(number) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(number);
                }
            }
        }
    }
}

/// Keeps the numbers of one board new, as long as somebody looks at it.
struct Keeper {
    db: Database,
    hub: Hub,
    tenant: TenantId,
    board: Weak<Board>,
}

impl Keeper {
    async fn run(self) {
        let (mut pieces, mut at) = self.hub.enter(&self.tenant).await;
        let mut moves = self.db.clock().moves();
        loop {
            // Before the numbers are read, so that everything told up to there is in them.
            at = self.hub.at().unwrap_or(at);
            if !take_all(&mut pieces) {
                // The hub let go of its rooms: it begins anew, and so does the board.
                (pieces, at) = self.hub.enter(&self.tenant).await;
            }
            let Some(board) = self.board.upgrade() else {
                return;
            };
            match self.read(&board).await {
                Ok(values) => board.show(values, at),
                Err(error) => {
                    tracing::warn!(tenant = %self.tenant, %error, "watched numbers cannot be read at the moment");
                }
            }
            tokio::time::sleep(PAUSE).await;
            let added = board.added.notified();
            tokio::select! {
                () = added => {}
                // A lag and a closed room are seen by the next look.
                _ = pieces.recv() => {}
                () = moves.next() => {}
                () = tokio::time::sleep(REFRESH) => {}
                () = board.abandoned() => {}
            }
        }
    }

    async fn read(&self, board: &Board) -> Result<Vec<(Watched, Value)>, Error> {
        let watched: Vec<Watched> = board.counts().keys().cloned().collect();
        let now = self.db.clock().now();
        let measures: Vec<_> = watched.iter().map(|number| number.measure(now)).collect();
        let values = commands::metric::query_all(&self.db, &self.tenant, &measures).await?;
        Ok(watched.into_iter().zip(values).collect())
    }
}

impl Board {
    /// Shows new values; who looks is woken where one differs or is new.
    fn show(&self, values: Vec<(Watched, Value)>, at: Cursor) {
        self.readings.send_if_modified(|readings| {
            let before = Arc::clone(&readings.numbers);
            let mut differs = false;
            let numbers = values.into_iter().map(|(number, value)| {
                let changes = match before.get(&number) {
                    Some(reading) if reading.value == value => reading.changes,
                    Some(reading) => {
                        differs = true;
                        reading.changes + 1
                    }
                    None => {
                        differs = true;
                        1
                    }
                };
                (number, Reading { value, changes })
            });
            readings.numbers = Arc::new(numbers.collect());
            readings.at = Some(at);
            differs
        });
    }

    /// When the last view is gone.
    async fn abandoned(&self) {
        self.readings.closed().await;
    }
}

/// Takes all that was told, which is looked at together; false when there is nobody to tell more.
fn take_all(pieces: &mut Receiver<Piece>) -> bool {
    loop {
        match pieces.try_recv() {
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Closed) => return false,
        }
    }
}
