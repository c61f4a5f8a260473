//! What customers and contacts are worth, and what was stated about initiatives. All of it is appended and never
//! changed.

use attune_database::Tx;
use sqlx::types::Json;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::{Currency, MoneyBounds, WorthParameters, WorthStatement};

struct ParametersRow {
    worth_parameters_id: Uuid,
    version: i32,
    currency: Currency,
    customer_value: Json<MoneyBounds>,
    cost_per_contact: Json<MoneyBounds>,
    set_at: chrono::DateTime<chrono::Utc>,
}

impl From<ParametersRow> for WorthParameters {
    fn from(row: ParametersRow) -> Self {
        let ParametersRow {
            worth_parameters_id,
            version,
            currency,
            customer_value,
            cost_per_contact,
            set_at,
        } = row;
        Self {
            worth_parameters_id,
            version,
            currency,
            customer_value: customer_value.0,
            cost_per_contact: cost_per_contact.0,
            set_at,
        }
    }
}

macro_rules! parameters {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            ParametersRow,
            r#"SELECT worth_parameters_id, version, currency AS "currency: _", customer_value AS "customer_value: _",
                      cost_per_contact AS "cost_per_contact: _", set_at
               FROM improvement.worth_parameters
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// A version of the parameters; the latest where none is named.
pub(crate) async fn parameters(
    tx: &mut Tx,
    version: Option<i32>,
) -> Result<Option<WorthParameters>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = parameters!(
        "AND ($2::int IS NULL OR version = $2) ORDER BY version DESC LIMIT 1",
        tenant,
        version
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(WorthParameters::from))
}

/// The version of the parameters with this id.
pub(crate) async fn parameters_by_id(tx: &mut Tx, id: Uuid) -> Result<Option<WorthParameters>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = parameters!("AND worth_parameters_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(WorthParameters::from))
}

/// Stores a version. Violates `worth_parameters_pkey` when another was set at the same time.
pub(crate) async fn set_parameters(tx: &mut Tx, parameters: &WorthParameters) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.worth_parameters (tenant_id, worth_parameters_id, version, currency, customer_value,
                                                   cost_per_contact, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        parameters.worth_parameters_id,
        parameters.version,
        parameters.currency.as_str(),
        Json(&parameters.customer_value) as _,
        Json(&parameters.cost_per_contact) as _,
        parameters.set_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether anything was ever stated about an initiative.
pub(crate) async fn is_stated(tx: &mut Tx, initiative_id: Uuid) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM improvement.worth_statement
                          WHERE tenant_id = $1 AND initiative_id = $2) AS "stated!""#,
        tenant,
        initiative_id
    )
    .fetch_one(&mut **tx)
    .await
}

/// The statement with this id.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<WorthStatement>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = query_scalar!(
        r#"SELECT worth AS "worth: Json<WorthStatement>" FROM improvement.worth_statement
           WHERE tenant_id = $1 AND worth_statement_id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(|found| found.0))
}

/// The last statement about an initiative.
pub(crate) async fn latest(tx: &mut Tx, initiative_id: Uuid) -> Result<Option<WorthStatement>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = query_scalar!(
        r#"SELECT worth AS "worth: Json<WorthStatement>" FROM improvement.worth_statement
           WHERE tenant_id = $1 AND initiative_id = $2 ORDER BY number DESC LIMIT 1"#,
        tenant,
        initiative_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(|found| found.0))
}

/// At most `limit` statements about an initiative after `after`, the first one first.
pub(crate) async fn page(
    tx: &mut Tx,
    initiative_id: Uuid,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<WorthStatement>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = query_scalar!(
        r#"SELECT worth AS "worth: Json<WorthStatement>" FROM improvement.worth_statement
           WHERE tenant_id = $1 AND initiative_id = $2 AND ($3::int IS NULL OR number > $3)
           ORDER BY number LIMIT $4"#,
        tenant,
        initiative_id,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(|found| found.0).collect())
}

/// Appends a statement.
pub(crate) async fn append(tx: &mut Tx, statement: &WorthStatement) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.worth_statement (tenant_id, worth_statement_id, initiative_id, number, made_at, worth)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tenant,
        statement.worth_statement_id,
        statement.initiative_id,
        statement.number,
        statement.made_at,
        Json(statement) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
