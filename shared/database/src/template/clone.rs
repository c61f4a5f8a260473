//! One test's database.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Schema;
use crate::embedded::TestServer;
use crate::schema::identifier;

/// A database that belongs to one test and is dropped with this value, with whatever is connected to it.
#[derive(Debug)]
pub struct TestDatabase {
    server: TestServer,
    name: String,
    url: String,
}

impl TestDatabase {
    pub(crate) fn new(server: TestServer, name: String) -> Result<Self, sqlx::Error> {
        let url = server.database_url(&name)?;
        Ok(Self { server, name, url })
    }

    /// The administrator's URL: for looking behind the scenes, row-level security does not hold there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL to hand to [`connect`](crate::connect) for the service of `schema`.
    pub fn service_url(&self, schema: Schema) -> Result<String, sqlx::Error> {
        self.server.service_url(schema, &self.name)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    /// On a thread and a runtime of its own: the test's may be ending. Waited for, because the process may
    /// end right after; what fails is swept later.
    fn drop(&mut self) {
        let admin_url = self.server.url().to_owned();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&self.name));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let dropped = runtime.map(|runtime| runtime.block_on(run(&admin_url, statement)));
            if let Ok(Err(error)) = dropped {
                tracing::warn!(%error, "test database not dropped");
            }
        });
        let _ = thread.join();
    }
}

async fn run(admin_url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(admin_url).await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut admin)
        .await?;
    admin.close().await
}
