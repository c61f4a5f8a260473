//! The schema of one service, and the role that owns it.

use std::fmt;

/// One service's schema, such as `Schema("profiles")`: lowercase ASCII letters and digits, as in the
/// service's name. Its tables belong to the role [`Schema::role`] and nobody else may enter it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Schema(pub &'static str);

impl Schema {
    /// The schema's name.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The role that owns the schema and that the service works as.
    pub fn role(self) -> String {
        format!("attune_{}", self.0)
    }

    /// `table` of this schema as it is written in a statement.
    pub fn table(self, table: &str) -> String {
        format!("{}.{}", identifier(self.0), identifier(table))
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// `name` as an identifier in a statement, whatever it holds.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a string constant in a statement, whatever it holds: for the few commands that take no
/// parameters. `standard_conforming_strings` is on in every Postgres this runs on.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_with_its_schema() {
        assert_eq!(Schema("profiles").table("outbox"), r#""profiles"."outbox""#);
    }

    #[test]
    fn a_quote_cannot_end_an_identifier_or_a_constant() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("a'; DROP TABLE x; --"), "'a''; DROP TABLE x; --'");
    }
}
