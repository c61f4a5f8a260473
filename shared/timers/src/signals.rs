//! Wake-ups inside one process: hints, beside which the loops poll.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use attune_database::Schema;
use tokio::sync::Notify;

/// Who schedules knows no more than the schema.
static SCHEDULED: LazyLock<Mutex<HashMap<&'static str, Arc<Notify>>>> = LazyLock::new(Mutex::default);

/// Notified when somebody has committed a timer in `schema`.
pub(crate) fn scheduled(schema: Schema) -> Arc<Notify> {
    let mut known = SCHEDULED.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(schema.name()).or_default().clone()
}
