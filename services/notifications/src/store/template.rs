//! Templates.

use attune_database::Tx;
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::domain::{Purpose, Template};

/// The templates with these ids, in no particular order.
pub(crate) async fn by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<Template>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Template,
        r#"SELECT template_id, name, purpose AS "purpose: _", variants AS "variants: _", created_at
           FROM notifications.template WHERE tenant_id = $1 AND template_id = ANY($2)"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` templates after `after`; ids are in the order of creation.
pub(crate) async fn page(tx: &mut Tx, after: Option<Uuid>, limit: i64) -> Result<Vec<Template>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Template,
        r#"SELECT template_id, name, purpose AS "purpose: _", variants AS "variants: _", created_at
           FROM notifications.template
           WHERE tenant_id = $1 AND ($2::uuid IS NULL OR template_id > $2)
           ORDER BY template_id LIMIT $3"#,
        tenant,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a template. Violates `template_name_key` when another has the name.
pub(crate) async fn insert(tx: &mut Tx, template: &Template) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "INSERT INTO notifications.template (tenant_id, template_id, name, purpose, variants, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tenant,
        template.template_id,
        template.name,
        template.purpose as Purpose,
        sqlx::types::Json(&template.variants.0) as _,
        template.created_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
