//! The versions of what a tenant's texts are understood with.

use attune_database::Tx;
use sqlx::query_as;

/// Which taxonomy and which correction are the tenant's now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    /// 0 before its first own topic.
    pub(crate) taxonomy: i64,
    /// The number of the correction in use.
    pub(crate) correction: Option<i32>,
}

/// Reads both at once.
pub(crate) async fn versions(tx: &mut Tx) -> Result<Versions, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Versions,
        r#"SELECT coalesce((SELECT version FROM feedback.taxonomy WHERE tenant_id = $1), 0) AS "taxonomy!",
                  (SELECT number FROM feedback.correction WHERE tenant_id = $1 AND state = 'active') AS correction"#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}
