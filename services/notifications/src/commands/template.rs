//! Making, reading and trying templates.

use std::collections::BTreeMap;

use attune_database::{Database, OnConstraint, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Draft, Rendered, Template};
use crate::error::Error;
use crate::store;

/// A template to be made.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) draft: Draft,
    pub(crate) key: RequestKey,
}

/// A template to be tried.
pub(crate) struct Preview {
    pub(crate) template_id: Uuid,
    pub(crate) language: String,
    pub(crate) display_name: String,
    pub(crate) variables: BTreeMap<String, String>,
}

/// Makes a template.
pub(crate) async fn create(db: &Database, tenant: &TenantId, create: Create) -> Result<Template, Error> {
    let template_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &create.key, template_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return get(db, tenant, id).await,
    };
    let Draft {
        name,
        purpose,
        variants,
    } = create.draft;
    let template = Template {
        template_id,
        name,
        purpose,
        variants: Json(variants),
        created_at: tx.now(),
    };
    store::template::insert(&mut tx, &template)
        .await
        .on_constraint("template_name_key", || Error::NameTaken)?;
    tx.commit().await?;
    Ok(template)
}

/// Reads a template.
pub(crate) async fn get(db: &Database, tenant: &TenantId, id: Uuid) -> Result<Template, Error> {
    let mut tx = db.read(tenant).await?;
    let template = store::template::by_ids(&mut tx, &[id])
        .await?
        .pop()
        .ok_or(Error::NoTemplate(id))?;
    tx.commit().await?;
    Ok(template)
}

/// Reads a page of templates and the token of the next.
pub(crate) async fn list(
    db: &Database,
    tenant: &TenantId,
    page: &Page<Uuid>,
) -> Result<(Vec<Template>, String), Error> {
    let mut tx = db.read(tenant).await?;
    let mut templates = store::template::page(&mut tx, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut templates, |last| last.template_id)?;
    Ok((templates, next))
}

/// Fills a template in without sending anything.
pub(crate) async fn preview(db: &Database, tenant: &TenantId, preview: Preview) -> Result<Rendered, Error> {
    let template = get(db, tenant, preview.template_id).await?;
    template
        .render(&preview.language, &preview.display_name, &preview.variables)
        .map_err(|error| {
            let mut violations = Violations::default();
            violations.add("variables", error.to_string());
            Error::Rpc(violations.into())
        })
}
