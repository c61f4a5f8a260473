//! The ledger of costs. Bookings are appended and never changed.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Cost, CostTotal, Currency};

macro_rules! costs {
    ($tail:literal, $($argument:expr),*) => {
        query_as!(
            Cost,
            r#"SELECT cost_id, initiative_id, action_id, amount, currency AS "currency: _", kind AS "kind: _", source,
                      booked_at, reverses,
                      (SELECT r.cost_id FROM improvement.cost r
                       WHERE r.tenant_id = c.tenant_id AND r.reverses = c.cost_id) AS reversed_by
               FROM improvement.cost c
               WHERE tenant_id = $1 "# + $tail,
            $($argument),*
        )
    };
}

/// One booking.
pub(crate) async fn by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Cost>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    costs!("AND cost_id = $2", tenant, id)
        .fetch_optional(&mut **tx)
        .await
}

/// At most `limit` bookings of an initiative older than `before`, the newest first.
pub(crate) async fn page(
    tx: &mut Tx,
    initiative_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Cost>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    costs!(
        "AND initiative_id = $2 AND ($3::uuid IS NULL OR cost_id < $3) ORDER BY cost_id DESC LIMIT $4",
        tenant,
        initiative_id,
        before,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Books a cost. Violates `cost_reverses_key` when it takes back what was taken back.
pub(crate) async fn insert(tx: &mut Tx, cost: &Cost) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO improvement.cost (tenant_id, cost_id, initiative_id, action_id, amount, currency, kind, source,
                                       booked_at, reverses)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant,
        cost.cost_id,
        cost.initiative_id,
        cost.action_id,
        cost.amount,
        cost.currency.as_str(),
        cost.kind.as_str(),
        cost.source,
        cost.booked_at,
        cost.reverses
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// All bookings of an initiative together; they have one currency.
pub(crate) async fn total(tx: &mut Tx, initiative_id: Uuid) -> Result<Option<CostTotal>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let total = query!(
        r#"SELECT max(currency) AS "currency: Currency", sum(amount)::bigint AS "amount!", count(*) AS "bookings!"
           FROM improvement.cost WHERE tenant_id = $1 AND initiative_id = $2
           HAVING count(*) > 0"#,
        tenant,
        initiative_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(total.and_then(|total| {
        Some(CostTotal {
            currency: total.currency?,
            amount: total.amount,
            bookings: total.bookings,
        })
    }))
}
