//! Statements on the infrastructure tables, which are alike in every service but for the schema's name.

use std::sync::Arc;

use attune_database::Schema;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// `text` with every `{schema}.` replaced by `schema`, kept as one shared string so that a connection
/// prepares it once. Safe because a [`Schema`] is a constant of the program and everything that varies is
/// a parameter.
pub(crate) fn statement(schema: Schema, text: &str) -> SqlStr {
    let quoted = format!("\"{}\".", schema.name().replace('"', "\"\""));
    AssertSqlSafe(Arc::<str>::from(text.replace("{schema}.", &quoted))).into_sql_str()
}
