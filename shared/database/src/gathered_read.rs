//! Rows that are asked for at the same time are read together: a transaction costs the same for one row as for
//! hundreds.

use std::collections::HashMap;
use std::fmt;

use attune_rpc::{Code, Error, TenantId};
use uuid::Uuid;

use crate::{Database, Gather, GatheredWrite, Tx, database_error};

/// Most reads of one tenant and kind under way at the same time, the second where the first is slow.
const ABREAST: usize = 2;

/// One kind of row that is found by its id.
pub trait GatheredRead: Send + Sync + 'static {
    /// The row.
    type Row: Clone + Send + Sync + 'static;

    /// Those of the rows `ids` that there are, within `tx`. No id comes twice.
    fn read(
        &self,
        tx: &mut Tx,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<HashMap<Uuid, Self::Row>, sqlx::Error>> + Send;
}

/// Gathers the reads of one kind of row, tenant by tenant: what is asked for while a transaction is under way is read
/// in the next. It begins after the caller has asked, so a caller reads what it has written.
pub struct GatherReads<R: GatheredRead> {
    gather: Gather<Reading<R>>,
}

impl<R: GatheredRead> GatherReads<R> {
    /// Gathers what is read in `database` as `read` says.
    pub fn new(database: Database, read: R) -> Self {
        Self {
            gather: Gather::abreast(Reading { database, read }, ABREAST),
        }
    }

    /// The row `id` of `tenant`; `None` when there is none. Must be called inside a runtime.
    ///
    /// Fails with `RESOURCE_EXHAUSTED` where too many wait already, and as [`database_error`] says.
    pub async fn get(&self, tenant: &TenantId, id: Uuid) -> Result<Option<R::Row>, Error> {
        self.gather.write(tenant, id).await
    }
}

impl<R: GatheredRead> Clone for GatherReads<R> {
    fn clone(&self) -> Self {
        Self {
            gather: self.gather.clone(),
        }
    }
}

impl<R: GatheredRead> fmt::Debug for GatherReads<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherReads").finish_non_exhaustive()
    }
}

struct Reading<R> {
    database: Database,
    read: R,
}

impl<R: GatheredRead> Reading<R> {
    async fn rows(&self, tenant: &TenantId, ids: &[Uuid]) -> Result<HashMap<Uuid, R::Row>, sqlx::Error> {
        let mut tx = self.database.read(tenant).await?;
        let rows = self.read.read(&mut tx, ids).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

impl<R: GatheredRead> GatheredWrite for Reading<R> {
    type Item = Uuid;
    type Answer = Option<R::Row>;

    async fn write(
        &self,
        tenant: &TenantId,
        items: &[Uuid],
    ) -> Result<Vec<Result<Option<R::Row>, Error>>, Error> {
        let mut ids = items.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut rows = match self.rows(tenant, &ids).await.map_err(database_error) {
            Ok(rows) => rows,
            Err(error) if error.code() == Code::Unavailable => return Err(error),
            // What fails for all fails for each: to try them one by one would only take longer.
            Err(error) => return Ok(items.iter().map(|_| Err(same(&error))).collect()),
        };
        let repeated = ids.len() < items.len();
        let row = |id: &Uuid| {
            if repeated {
                rows.get(id).cloned()
            } else {
                rows.remove(id)
            }
        };
        Ok(items.iter().map(row).map(Ok).collect())
    }
}

fn same(error: &Error) -> Error {
    Error::new(error.code(), error.reason(), error.message())
}
