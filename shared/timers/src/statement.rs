//! Statements on the table of timers, which is alike in every service but for the schema's name.

use std::sync::Arc;

use attune_database::Schema;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// `text` with every `{schema}.` replaced by `schema`, kept as one shared string so that a connection
/// prepares it once. Safe because a [`Schema`] is a constant of the program and everything that varies is
/// a parameter.
pub(crate) fn statement(schema: Schema, text: &str) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(in_schema(schema, text))).into_sql_str()
}

pub(crate) fn in_schema(schema: Schema, text: &str) -> String {
    let quoted = format!("\"{}\".", schema.name().replace('"', "\"\""));
    text.replace("{schema}.", &quoted)
}
