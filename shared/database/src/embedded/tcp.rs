//! A password for tools that connect over loopback.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{EmbeddedError, SUPERUSER, Server};
use crate::schema::{identifier, literal};

/// Gives the administrator the password kept in the server's directory, where only its owner can read it.
pub(crate) async fn set_password(mut server: Server) -> Result<Server, EmbeddedError> {
    let Some(held) = &server.held else {
        return Ok(server);
    };
    let password = held.layout.password(|| Uuid::new_v4().simple().to_string())?;
    let statement = format!(
        "ALTER ROLE {} PASSWORD {}",
        identifier(SUPERUSER),
        literal(&password)
    );
    let mut connection = PgConnection::connect(&server.url()).await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    server.tcp_password = Some(password);
    Ok(server)
}
