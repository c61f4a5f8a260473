//! Adopting and wording principles.

use attune_database::{Database, OnConstraint, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId};
use uuid::Uuid;

use crate::domain::Principle;
use crate::error::Error;
use crate::{events, store};

/// A principle to be adopted.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) name: String,
    pub(crate) statement: String,
    pub(crate) key: RequestKey,
}

/// A principle to be worded anew.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) principle_id: Uuid,
    pub(crate) etag: String,
    pub(crate) name: Option<String>,
    pub(crate) statement: Option<String>,
    pub(crate) key: RequestKey,
}

/// Adopts a principle.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Principle, Error> {
    let Create { name, statement, key } = create;
    let id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut principle = Principle::adopted(id, name, statement, tx.now());
    events::principle::adopted(&mut tx, &mut principle).await?;
    store::principle::insert(&mut tx, &principle)
        .await
        .on_constraint("principle_name_key", || Error::PrincipleExists)?;
    tx.commit().await?;
    Ok(principle)
}

/// Reads a principle.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Principle, Error> {
    let mut tx = db.read(tenant).await?;
    let principle = store::principle::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NoPrinciple(id))?;
    tx.commit().await?;
    Ok(principle)
}

/// Reads a page of principles, the newest first, and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<Uuid>,
) -> Result<(Vec<Principle>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut principles = store::principle::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut principles, |last| last.principle_id)?;
    Ok((principles, next))
}

/// Words a principle anew.
pub(crate) async fn update(db: &Database, tenant: &TenantId, update: Update) -> Result<Principle, Error> {
    let Update {
        principle_id,
        etag,
        name,
        statement,
        key,
    } = update;
    let mut tx = match db.write(tenant, &key, principle_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let mut principle = store::principle::lock(&mut tx, principle_id)
        .await?
        .ok_or(Error::NoPrinciple(principle_id))?;
    principle.etag().check(&etag)?;
    if principle.apply(name, statement) {
        events::principle::changed(&mut tx, &mut principle).await?;
        store::principle::update(&mut tx, &principle)
            .await
            .on_constraint("principle_name_key", || Error::PrincipleExists)?;
    }
    tx.commit().await?;
    Ok(principle)
}

/// Refuses ids that are no principles.
pub(super) async fn check(tx: &mut Tx, ids: &[Uuid]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    match store::principle::unknown(tx, ids).await? {
        Some(id) => Err(Error::NoPrinciple(id)),
        None => Ok(()),
    }
}
