//! What earlier runs left behind.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::schema::identifier;

/// No test takes this long: an older database of a test is one whose process was killed.
const CLONE_AGE: TimeDelta = TimeDelta::hours(1);

/// A template of migrations that have changed since; building one again costs a second.
const TEMPLATE_AGE: TimeDelta = TimeDelta::days(7);

/// Drops the databases of killed tests and the templates of migrations long gone. Does nothing while
/// another process holds the lock `lock`: that one sweeps, or builds.
pub(crate) async fn sweep(admin_url: &str, lock: i64) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(admin_url).await?;
    let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(lock)
        .fetch_one(&mut admin)
        .await?;
    if locked {
        let now = Utc::now();
        for (name, is_template, comment) in databases(&mut admin).await? {
            let leftover = if is_template {
                is_old_template(comment, now)
            } else {
                is_old_clone(&name, now)
            };
            if leftover {
                drop_database(&mut admin, &name, is_template).await;
            }
        }
    }
    // The lock ends with the connection.
    admin.close().await
}

async fn databases(admin: &mut PgConnection) -> Result<Vec<(String, bool, Option<String>)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT datname::text, datistemplate, shobj_description(oid, 'pg_database') FROM pg_database
         WHERE datname LIKE 't\\_%' OR (datname LIKE 'tpl\\_%' AND datistemplate)",
    )
    .fetch_all(admin)
    .await
}

/// Leftovers are nobody's; one that cannot be dropped now can be dropped by the next run.
async fn drop_database(admin: &mut PgConnection, name: &str, is_template: bool) {
    let name = identifier(name);
    let unmark = format!("ALTER DATABASE {name} WITH IS_TEMPLATE false");
    let remove = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let statements = if is_template {
        vec![unmark, remove]
    } else {
        vec![remove]
    };
    for statement in statements {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *admin).await {
            tracing::warn!(%error, database = name, "leftover not dropped");
            return;
        }
    }
}

/// The name of a test's database is `t_` and a UUID that carries the time of its making.
fn is_old_clone(name: &str, now: DateTime<Utc>) -> bool {
    let made = name
        .strip_prefix("t_")
        .and_then(|id| Uuid::try_parse(id).ok())
        .and_then(|id| id.get_timestamp())
        .and_then(|time| DateTime::from_timestamp(i64::try_from(time.to_unix().0).ok()?, 0));
    made.is_some_and(|made| now - made > CLONE_AGE)
}

/// A template's comment is the time of its making, in seconds since 1970.
fn is_old_template(comment: Option<String>, now: DateTime<Utc>) -> bool {
    let made = comment.and_then(|text| DateTime::from_timestamp(text.parse().ok()?, 0));
    made.is_some_and(|made| now - made > TEMPLATE_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::{NoContext, Timestamp};

    fn clone_made(ago: TimeDelta) -> String {
        let seconds = u64::try_from((Utc::now() - ago).timestamp()).unwrap();
        format!(
            "t_{}",
            Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).simple()
        )
    }

    #[test]
    fn only_databases_of_tests_long_over_are_leftovers() {
        let now = Utc::now();
        assert!(is_old_clone(&clone_made(TimeDelta::minutes(61)), now));
        assert!(!is_old_clone(&clone_made(TimeDelta::minutes(59)), now));
        assert!(!is_old_clone("t_customers", now), "a name of somebody else's");
    }

    #[test]
    fn a_template_without_its_date_is_left_alone() {
        let now = Utc::now();
        assert!(is_old_template(
            Some((now - TimeDelta::days(8)).timestamp().to_string()),
            now
        ));
        assert!(!is_old_template(
            Some((now - TimeDelta::days(6)).timestamp().to_string()),
            now
        ));
        assert!(!is_old_template(None, now));
    }

    #[tokio::test]
    async fn a_leftover_is_dropped_and_a_database_in_use_is_not() {
        let server = crate::embedded::shared_for_tests().await.unwrap();
        let mut admin = PgConnection::connect(server.url()).await.unwrap();
        let (old, young) = (clone_made(TimeDelta::hours(2)), clone_made(TimeDelta::zero()));
        for name in [&old, &young] {
            let create = format!("CREATE DATABASE {}", identifier(name));
            sqlx::raw_sql(AssertSqlSafe(create))
                .execute(&mut admin)
                .await
                .unwrap();
        }
        // Another test process may sweep the old one first; either way it goes and the young one stays. A
        // lock of this test's own, so that it always gets it.
        sweep(server.url(), 0x0061_7474_756e_6502).await.unwrap();
        let left: Vec<String> = databases(&mut admin)
            .await
            .unwrap()
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert!(!left.contains(&old) && left.contains(&young), "{left:?}");
        drop_database(&mut admin, &young, false).await;
    }
}
