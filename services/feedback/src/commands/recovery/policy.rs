//! The company's policy about recovery cases.

use attune_database::{Database, OnConstraint, Write};
use attune_rpc::{Etag, RequestKey, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::recovery::{NumberedPolicy, Policy};
use crate::error::Error;
use crate::store::recovery::policy as store;

/// A policy to be put in the place of the one that holds.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) policy: Policy,
    pub(crate) etag: String,
    pub(crate) key: RequestKey,
}

/// Reads the policy that holds, or the one of a number; 0 is the one before the tenant's first.
pub(crate) async fn get(
    db: &Database,
    tenant: &TenantId,
    number: Option<i32>,
) -> Result<NumberedPolicy, Error> {
    let mut tx = db.read(tenant).await?;
    let found = match number {
        None => {
            let newest = store::newest(&mut tx).await?;
            Some(newest.unwrap_or_else(NumberedPolicy::default_one))
        }
        Some(0) => Some(NumberedPolicy::default_one()),
        Some(number) => store::numbered(&mut tx, number).await?,
    };
    tx.commit().await?;
    found.ok_or(Error::NoRecoveryPolicy(number.unwrap_or_default()))
}

/// Sets a policy; the one before stays on record.
pub(crate) async fn set(db: &Database, tenant: &TenantId, set: Set) -> Result<NumberedPolicy, Error> {
    let Set { policy, etag, key } = set;
    let policy_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, policy_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return made_before(db, tenant, id).await,
    };
    let number = store::newest(&mut tx).await?.map_or(0, |newest| newest.number);
    Etag::of(number.into()).check(&etag)?;
    let policy = NumberedPolicy {
        number: number + 1,
        policy_id,
        policy: Json(policy),
        created_at: tx.now(),
    };
    store::insert(&mut tx, &policy)
        .await
        .on_constraint("recovery_policy_pkey", || Error::Overtaken)?;
    tx.commit().await?;
    Ok(policy)
}

async fn made_before(db: &Database, tenant: &TenantId, policy_id: Uuid) -> Result<NumberedPolicy, Error> {
    let mut tx = db.read(tenant).await?;
    let found = store::by_id(&mut tx, policy_id).await?;
    tx.commit().await?;
    found.ok_or(Error::NoRecoveryPolicy(0))
}
