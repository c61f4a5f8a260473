//! What goes on by itself for a tenant, as far as it has begun.

use attune_database::Tx;
use sqlx::query_as;

/// Each true from the tenant's first feedback of its kind on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// Hot issues are looked for.
    pub(crate) detection: bool,
    /// Texts are sorted into themes.
    pub(crate) themes: bool,
    /// Rated texts are learnt from.
    pub(crate) learning: bool,
}

/// What has begun for the tenant.
pub(crate) async fn look(tx: &mut Tx) -> Result<Begun, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_as!(
        Begun,
        r#"SELECT EXISTS (SELECT FROM feedback.detection WHERE tenant_id = $1) AS "detection!",
                  EXISTS (SELECT FROM feedback.theme_state WHERE tenant_id = $1) AS "themes!",
                  EXISTS (SELECT FROM feedback.learning WHERE tenant_id = $1) AS "learning!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await
}
