//! The second lock, as the catalogue of a migrated database has it: no table is left out of row-level security,
//! and no service reaches another's schema.

use std::collections::BTreeSet;

use attune_testkit::{Failure, SCHEMAS, TestPlatform};
use attune_tests::matrix::World;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

/// Tables that serve all tenants at once, and why. None of them is reachable through an RPC but for the feed's,
/// which names the tenant in its queries.
const PLATFORM: &[(&str, &str)] = &[
    (
        "outbox",
        "the sequencer numbers the events of all tenants in the order of their commits",
    ),
    (
        "event_log",
        "one feed with one numbering; a tenant's reader filters by tenant",
    ),
    ("feed_head", "the last number given; no tenant's data"),
    (
        "subscription",
        "how far the service has read a feed of all tenants; no tenant's data",
    ),
    (
        "parked",
        "the subscription's own loop retries for all tenants; an operator's list filters by tenant",
    ),
    (
        "timer",
        "one loop fires what is due for all tenants, and enters each one's transaction for it",
    ),
    ("_sqlx_migrations", "which migrations ran; no tenant's data"),
];

/// Tables, beside the request ids of each service, whose expired rows retention may see: their index and their
/// policies stand in one migration.
const EXPIRING: [&str; 4] = [
    "feedback.mention_person",
    "feedback.detection_run",
    "feedback.matter_contact",
    "notifications.contact",
];

/// The policy that every table of a tenant has, as Postgres prints it.
const POLICY: &str = "(tenant_id = NULLIF(current_setting('app.tenant'::text, true), ''::text))";

fn schemas() -> Vec<String> {
    SCHEMAS.iter().map(|schema| schema.name().to_owned()).collect()
}

/// A partition is its parent's business by its prefix.
fn is_platform(table: &str) -> bool {
    PLATFORM
        .iter()
        .any(|(name, _)| table == *name || table.starts_with(&format!("{name}_from_")))
}

/// Schema, table, row security enabled, row security forced.
async fn tables(admin: &PgPool) -> Result<Vec<(String, String, bool, bool)>, Failure> {
    let all = sqlx::query_as(
        "SELECT n.nspname::text, c.relname::text, c.relrowsecurity, c.relforcerowsecurity
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') ORDER BY 1, 2",
    )
    .bind(schemas())
    .fetch_all(admin)
    .await?;
    Ok(all)
}

async fn tenant_tables(admin: &PgPool) -> Result<Vec<(String, String, bool, bool)>, Failure> {
    Ok(tables(admin)
        .await?
        .into_iter()
        .filter(|(_, table, ..)| !is_platform(table))
        .collect())
}

/// Names of `what` whose first column is not `tenant_id`, among the tables of tenants.
async fn not_led_by_tenant(admin: &PgPool, query: &'static str) -> Result<Vec<String>, Failure> {
    let keys: Vec<(String, String, String, String)> =
        sqlx::query_as(query).bind(schemas()).fetch_all(admin).await?;
    assert!(
        keys.len() >= SCHEMAS.len(),
        "the query found {} keys only",
        keys.len()
    );
    let wrong = keys
        .into_iter()
        .filter(|(_, table, _, first)| !is_platform(table) && first != "tenant_id");
    Ok(wrong
        .map(|(schema, table, key, first)| format!("{key} of {schema}.{table} begins with {first}"))
        .collect())
}

#[tokio::test]
async fn every_table_is_a_tenants_or_says_why_it_is_not() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let found = tables(platform.admin()).await?;
    for schema in schemas() {
        let names: BTreeSet<_> = found
            .iter()
            .filter(|(s, ..)| *s == schema)
            .map(|(_, t, ..)| t.as_str())
            .collect();
        assert!(
            names.iter().any(|name| !is_platform(name)),
            "{schema} has no table of a tenant: {names:?}"
        );
        for (name, why) in PLATFORM {
            assert!(
                names.contains(name),
                "{schema} has no {name}; take it off the list ({why})"
            );
        }
    }
    let without: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s.%s', t.table_schema, t.table_name) FROM information_schema.tables t
         WHERE t.table_schema = ANY($1) AND t.table_type = 'BASE TABLE' AND NOT t.table_name = ANY($2)
           AND t.table_name NOT LIKE 'event_log_from_%'
           AND NOT EXISTS (SELECT FROM information_schema.columns c
               WHERE (c.table_schema, c.table_name) = (t.table_schema, t.table_name)
                 AND c.column_name = 'tenant_id' AND c.is_nullable = 'NO' AND c.data_type = 'text')",
    )
    .bind(schemas())
    .bind(
        PLATFORM
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect::<Vec<_>>(),
    )
    .fetch_all(platform.admin())
    .await?;
    assert_eq!(
        without,
        Vec::<String>::new(),
        "tables without tenant_id text NOT NULL"
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn the_tenant_leads_every_key() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let primary_and_unique = not_led_by_tenant(
        platform.admin(),
        "SELECT n.nspname::text, c.relname::text, i.relname::text, coalesce(a.attname::text, 'an expression')
         FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0] AND a.attnum > 0
         WHERE n.nspname = ANY($1) AND (x.indisunique OR x.indisprimary)",
    );
    assert_eq!(primary_and_unique.await?, Vec::<String>::new());
    let references = "SELECT n.nspname::text, c.relname::text, k.conname::text, a.attname::text
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
         WHERE n.nspname = ANY($1) AND k.contype = 'f'";
    assert_eq!(
        not_led_by_tenant(platform.admin(), references).await?,
        Vec::<String>::new()
    );
    let abroad: Vec<String> = sqlx::query_scalar(
        "SELECT k.conname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         JOIN pg_class f ON f.oid = k.confrelid
         WHERE k.contype = 'f' AND c.relnamespace <> f.relnamespace",
    )
    .fetch_all(platform.admin())
    .await?;
    assert_eq!(
        abroad,
        Vec::<String>::new(),
        "foreign keys into another service's schema"
    );
    let keyless: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary)",
    )
    .bind(schemas())
    .fetch_all(platform.admin())
    .await?;
    assert_eq!(keyless, Vec::<String>::new(), "tables without a primary key");
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn row_security_is_forced_with_a_policy_on_the_tenant() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    for (schema, table, enabled, forced) in tenant_tables(platform.admin()).await? {
        assert!(
            enabled && forced,
            "{schema}.{table}: enabled {enabled}, forced {forced}"
        );
        let policies: Vec<(String, String, bool)> = sqlx::query_as(
            "SELECT coalesce(qual, ''), cmd, permissive = 'PERMISSIVE' FROM pg_policies
             WHERE schemaname = $1 AND tablename = $2",
        )
        .bind(&schema)
        .bind(&table)
        .fetch_all(platform.admin())
        .await?;
        let of_tenant = policies
            .iter()
            .filter(|(using, command, _)| using == POLICY && command == "ALL")
            .count();
        assert_eq!(of_tenant, 1, "{schema}.{table}: {policies:?}");
        // Another permissive policy opens a second door. One is known: retention sees what has expired.
        let expiring = EXPIRING.contains(&format!("{schema}.{table}").as_str()) || table == "request";
        let others = policies.iter().filter(|(using, ..)| using != POLICY);
        for (using, command, _) in others {
            let retention = expiring && using.contains("app.expired_before") && command != "ALL";
            assert!(
                retention,
                "{schema}.{table} has another policy for {command}: {using}"
            );
        }
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_role_owns_its_schema_and_has_no_right_on_another() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let owners: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT n.nspname::text, pg_get_userbyid(owner)::text FROM
           (SELECT relnamespace AS space, relowner AS owner FROM pg_class
            UNION ALL SELECT oid, nspowner FROM pg_namespace
            UNION ALL SELECT pronamespace, proowner FROM pg_proc) AS owned
         JOIN pg_namespace n ON n.oid = space WHERE n.nspname = ANY($1) ORDER BY 1",
    )
    .bind(schemas())
    .fetch_all(platform.admin())
    .await?;
    let expected: BTreeSet<_> = SCHEMAS
        .iter()
        .map(|schema| (schema.name().to_owned(), schema.role()))
        .collect();
    assert_eq!(owners.into_iter().collect::<BTreeSet<_>>(), expected);

    let powers: Vec<(String, bool)> = sqlx::query_as(
        "SELECT rolname::text, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
         FROM pg_roles WHERE rolname = ANY($1)",
    )
    .bind(SCHEMAS.map(attune_database::Schema::role).to_vec())
    .fetch_all(platform.admin())
    .await?;
    assert_eq!(powers.len(), SCHEMAS.len());
    assert!(powers.iter().all(|(_, power)| !power), "{powers:?}");

    for role in SCHEMAS {
        for schema in SCHEMAS.iter().filter(|schema| schema.name() != role.name()) {
            let rights: Vec<String> = sqlx::query_scalar(
                "SELECT n.nspname || '.' || coalesce(c.relname, '') FROM pg_namespace n
                 LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'S')
                 WHERE n.nspname = $2 AND (has_schema_privilege($1, n.oid, 'USAGE, CREATE')
                   OR c.relkind <> 'S' AND has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                   OR c.relkind = 'S' AND has_sequence_privilege($1, c.oid, 'USAGE, SELECT, UPDATE'))",
            )
            .bind(role.role())
            .bind(schema.name())
            .fetch_all(platform.admin())
            .await?;
            assert_eq!(
                rights,
                Vec::<String>::new(),
                "{} on {}",
                role.role(),
                schema.name()
            );
            let member: bool = sqlx::query_scalar("SELECT pg_has_role($1, $2, 'MEMBER')")
                .bind(role.role())
                .bind(schema.role())
                .fetch_one(platform.admin())
                .await?;
            assert!(!member, "{} can become {}", role.role(), schema.role());
        }
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_logs_in_sees_no_row_without_a_tenant_and_no_other_schema_at_all()
-> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = World::make(&platform, "acme").await?;
    let tables = tenant_tables(platform.admin()).await?;
    let mut filled = BTreeSet::new();
    for own in SCHEMAS {
        let login = PgPoolOptions::new()
            .max_connections(1)
            .connect(&platform.service_url(own)?)
            .await?;
        let user: String = sqlx::query_scalar("SELECT current_user::text")
            .fetch_one(&login)
            .await?;
        assert_eq!(user, own.role());
        for (schema, table, ..) in &tables {
            let all = count(platform.admin(), schema, table, None).await?;
            if schema != own.name() {
                let refused = count(&login, schema, table, None).await.unwrap_err().to_string();
                assert!(
                    refused.contains("permission denied for schema"),
                    "{schema}.{table}: {refused}"
                );
                continue;
            }
            assert_eq!(
                count(&login, schema, table, None).await?,
                0,
                "{schema}.{table} without a tenant"
            );
            assert_eq!(
                count(&login, schema, table, Some("umbra")).await?,
                0,
                "{schema}.{table} as a neighbour"
            );
            assert_eq!(
                count(&login, schema, table, Some(&acme.name)).await?,
                all,
                "{schema}.{table} as itself"
            );
            if all > 0 {
                filled.insert(schema.as_str());
            }
        }
        login.close().await;
    }
    assert_eq!(filled.len(), SCHEMAS.len(), "rows are in {filled:?} only");
    platform.stop().await;
    Ok(())
}

async fn count(pool: &PgPool, schema: &str, table: &str, tenant: Option<&str>) -> Result<i64, sqlx::Error> {
    let mut tx = pool.begin().await?;
    if let Some(tenant) = tenant {
        sqlx::query("SELECT set_config('app.tenant', $1, true)")
            .bind(tenant)
            .execute(&mut *tx)
            .await?;
    }
    let query = AssertSqlSafe(format!("SELECT count(*) FROM {schema}.{table}"));
    sqlx::query(query).fetch_one(&mut *tx).await?.try_get(0)
}
