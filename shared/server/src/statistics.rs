//! Has tables analysed as soon as they hold something.

use std::time::Duration;

use attune_database::{Database, analyze_filled};
use tokio_util::sync::CancellationToken;

/// Time between two looks. Autovacuum comes by once a minute; a plan without statistics can cost seconds a call until then.
const LOOK: Duration = Duration::from_secs(3);

/// Looks at the tables of `database` until `shutdown`. Safe on every replica at once.
pub(crate) async fn run(database: Database, shutdown: CancellationToken) -> Result<(), sqlx::Error> {
    while shutdown
        .run_until_cancelled(tokio::time::sleep(LOOK))
        .await
        .is_some()
    {
        let tables = analyze_filled(&database).await?;
        if !tables.is_empty() {
            tracing::debug!(?tables, "tables have statistics now");
        }
    }
    Ok(())
}
