//! Writes that may be repeated safely: the request's row is part of the effect's transaction (AIP-155).

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
            // It expired between the two statements.
            None => Err(Error::aborted(
                Reason::Retry,
                "the request id has just expired; repeat the call",
            )),
        }
    }
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
