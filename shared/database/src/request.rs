//! Writes that may be repeated safely: the request's row is part of the effect's transaction (AIP-155).

use std::collections::{BTreeMap, HashSet};

use attune_rpc::{Code, Error, Reason, RequestKey, TenantId};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{Database, Schema, Tx, database_error};

/// What a write begins with.
#[derive(Debug)]
#[must_use = "a repeated write is answered with what it did the first time"]
pub enum Write {
    /// The first time: do it in this transaction and commit.
    Fresh(Tx),
    /// Done before, and this is the resource it made or changed; answer with its present state.
    Repeat(Uuid),
}

impl Database {
    /// Begins a caller's write inside `tenant`, whose effect is the resource `result`.
    ///
    /// Of several writes with the same request id, at the same time or later, one does the work and the
    /// others get its result: a concurrent one waits until the first has committed, and takes its place
    /// when that one did not. A key without a request id always starts afresh.
    ///
    /// Fails with `INVALID_ARGUMENT` and reason `REQUEST_ID_REUSED` where the id came before with another
    /// body, and as [`database_error`] says.
    pub async fn write(&self, tenant: &TenantId, key: &RequestKey, result: Uuid) -> Result<Write, Error> {
        let mut tx = self.system(tenant).await.map_err(database_error)?;
        let Some(request_id) = key.request_id else {
            return Ok(Write::Fresh(tx));
        };
        if record(&mut tx, key, request_id, result)
            .await
            .map_err(database_error)?
        {
            return Ok(Write::Fresh(tx));
        }
        let schema = tx.schema();
        let earlier = find(&mut tx, schema, tenant, key.method, request_id)
            .await
            .map_err(database_error)?;
        tx.roll_back().await.map_err(database_error)?;
        match earlier {
            Some((hash, result)) if hash == key.hash => Ok(Write::Repeat(result)),
            Some(_) => Err(reused(key.method, request_id)),
            None => Err(expired()),
        }
    }
}

/// What one of several writes begins with.
#[derive(Debug)]
#[must_use = "a repeated write is answered with what it did the first time"]
pub enum Began {
    /// The first time: do it in the transaction.
    Fresh,
    /// Done before, and this is the resource it made or changed.
    Repeat(Uuid),
    /// The same as another of these writes, a fresh one at this place: answer with what that one does.
    Same(usize),
    /// Not to be done: the id came before with another body.
    Refused(Error),
}

impl Database {
    /// [`write`](Self::write) for several writes of one method in one transaction: what each begins with, in their
    /// order. Each key comes with the resource that its write makes.
    pub async fn write_many(
        &self,
        tenant: &TenantId,
        keys: &[(&RequestKey, Uuid)],
    ) -> Result<(Tx, Vec<Began>), Error> {
        let mut tx = self.system(tenant).await.map_err(database_error)?;
        let mut began: Vec<Began> = Vec::with_capacity(keys.len());
        let mut first: BTreeMap<(&str, Uuid), usize> = BTreeMap::new();
        for (place, (key, _)) in keys.iter().enumerate() {
            let Some(request_id) = key.request_id else {
                began.push(Began::Fresh);
                continue;
            };
            let earlier = *first.entry((key.method, request_id)).or_insert(place);
            began.push(match keys.get(earlier) {
                Some((other, _)) if earlier != place && other.hash == key.hash => Began::Same(earlier),
                Some(_) if earlier != place => Began::Refused(reused(key.method, request_id)),
                _ => Began::Fresh,
            });
        }
        if !first.is_empty() {
            let asked: Vec<Asked<'_>> = first
                .into_iter()
                .filter_map(|((method, request_id), place)| {
                    let (key, result) = keys.get(place)?;
                    Some(Asked {
                        place,
                        method,
                        request_id,
                        hash: key.hash.to_vec(),
                        result: *result,
                    })
                })
                .collect();
            look_up(&mut tx, asked, &mut began)
                .await
                .map_err(database_error)?;
        }
        for place in 0..began.len() {
            if let Some(Began::Same(earlier)) = began.get(place)
                && let Some(settled) = settled(&began, *earlier, keys)
            {
                began[place] = settled;
            }
        }
        Ok((tx, began))
    }
}

/// What a write that is the same as the one at `earlier` begins with, unless that one is fresh.
fn settled(began: &[Began], earlier: usize, keys: &[(&RequestKey, Uuid)]) -> Option<Began> {
    match began.get(earlier)? {
        Began::Repeat(result) => Some(Began::Repeat(*result)),
        Began::Refused(_) => {
            let (key, _) = keys.get(earlier)?;
            Some(Began::Refused(reused(key.method, key.request_id?)))
        }
        Began::Fresh | Began::Same(_) => None,
    }
}

/// The resource that each of several writes leads to, in their order, or why it was refused. `keys` and `began` are
/// those of [`Database::write_many`]; `made` is what the fresh ones came to, in their order. Where that is another
/// resource than the one announced, because it was there before the request came, a repetition will find it too.
pub async fn settle(
    tx: &mut Tx,
    keys: &[(&RequestKey, Uuid)],
    began: Vec<Began>,
    made: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Result<Uuid, Error>>, sqlx::Error> {
    let mut made = made.into_iter();
    let mut results: Vec<Result<Uuid, Error>> = Vec::with_capacity(keys.len());
    for (began, (key, announced)) in began.into_iter().zip(keys) {
        let result = match began {
            Began::Fresh => {
                let result = made.next().unwrap_or(*announced);
                if result != *announced {
                    lead_to(tx, key, result).await?;
                }
                Ok(result)
            }
            Began::Repeat(result) => Ok(result),
            Began::Same(earlier) => Ok(match results.get(earlier) {
                Some(Ok(result)) => *result,
                _ => *announced,
            }),
            Began::Refused(error) => Err(error),
        };
        results.push(result);
    }
    Ok(results)
}

/// Lets a repetition of the request find `result`.
async fn lead_to(tx: &mut Tx, key: &RequestKey, result: Uuid) -> Result<(), sqlx::Error> {
    let Some(request_id) = key.request_id else {
        return Ok(());
    };
    let update = format!(
        "UPDATE {} SET result_id = $4 WHERE tenant_id = $1 AND method = $2 AND request_id = $3",
        tx.schema().table("request")
    );
    sqlx::query(AssertSqlSafe(update))
        .bind(tx.tenant().as_str().to_owned())
        .bind(key.method)
        .bind(request_id)
        .bind(result)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A request id that is looked up, and where its write stands.
struct Asked<'k> {
    place: usize,
    method: &'k str,
    request_id: Uuid,
    hash: Vec<u8>,
    result: Uuid,
}

/// Records those that are new and enters what became of the others into `began`.
///
/// `asked` is in the order of the keys, so that two transactions which wait for each other's take them in the same
/// order.
async fn look_up(tx: &mut Tx, asked: Vec<Asked<'_>>, began: &mut [Began]) -> Result<(), sqlx::Error> {
    let fresh = record_many(tx, &asked).await?;
    let known: Vec<Asked<'_>> = asked
        .into_iter()
        .filter(|asked| !fresh.contains(&(asked.method.to_owned(), asked.request_id)))
        .collect();
    for asked in known {
        let (schema, tenant) = (tx.schema(), tx.tenant().clone());
        let earlier = find(tx, schema, &tenant, asked.method, asked.request_id).await?;
        let Some(entry) = began.get_mut(asked.place) else {
            continue;
        };
        *entry = match earlier {
            Some((hash, result)) if hash == asked.hash => Began::Repeat(result),
            Some(_) => Began::Refused(reused(asked.method, asked.request_id)),
            None => Began::Refused(expired()),
        };
    }
    Ok(())
}

/// Those whose rows are new. Waits for concurrent transactions that inserted the same keys.
async fn record_many(tx: &mut Tx, asked: &[Asked<'_>]) -> Result<HashSet<(String, Uuid)>, sqlx::Error> {
    let insert = format!(
        "INSERT INTO {} (tenant_id, method, request_id, hash, result_id, created_at)
         SELECT $1, method, request_id, hash, result_id, $6
         FROM unnest($2::text[], $3::uuid[], $4::bytea[], $5::uuid[])
             WITH ORDINALITY AS new (method, request_id, hash, result_id, place)
         ORDER BY place
         ON CONFLICT (tenant_id, method, request_id) DO NOTHING RETURNING method, request_id",
        tx.schema().table("request")
    );
    let rows: Vec<(String, Uuid)> = sqlx::query_as(AssertSqlSafe(insert))
        .bind(tx.tenant().as_str().to_owned())
        .bind(
            asked
                .iter()
                .map(|asked| asked.method.to_owned())
                .collect::<Vec<_>>(),
        )
        .bind(asked.iter().map(|asked| asked.request_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.hash.clone()).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.result).collect::<Vec<_>>())
        .bind(tx.now())
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Whether the row is new. Waits for a concurrent transaction that inserted the same key.
async fn record(tx: &mut Tx, key: &RequestKey, request_id: Uuid, result: Uuid) -> Result<bool, sqlx::Error> {
    let insert = format!(
        "INSERT INTO {} (tenant_id, method, request_id, hash, result_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, method, request_id) DO NOTHING",
        tx.schema().table("request")
    );
    let inserted = sqlx::query(AssertSqlSafe(insert))
        .bind(tx.tenant().as_str().to_owned())
        .bind(key.method)
        .bind(request_id)
        .bind(key.hash.to_vec())
        .bind(result)
        .bind(tx.now())
        .execute(&mut **tx)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn find(
    connection: &mut PgConnection,
    schema: Schema,
    tenant: &TenantId,
    method: &str,
    request_id: Uuid,
) -> Result<Option<(Vec<u8>, Uuid)>, sqlx::Error> {
    let select = format!(
        "SELECT hash, result_id FROM {} WHERE tenant_id = $1 AND method = $2 AND request_id = $3",
        schema.table("request")
    );
    sqlx::query_as(AssertSqlSafe(select))
        .bind(tenant.as_str())
        .bind(method)
        .bind(request_id)
        .fetch_optional(connection)
        .await
}

fn reused(method: &str, request_id: Uuid) -> Error {
    let message = format!(
        "request_id {request_id} was used before for another {method}; send a new one, or the same request"
    );
    Error::new(Code::InvalidArgument, Reason::RequestIdReused, message)
        .with("request_id", request_id)
        .with("method", method)
}

/// It expired between the two statements.
fn expired() -> Error {
    Error::aborted(Reason::Retry, "the request id has just expired; repeat the call")
}
