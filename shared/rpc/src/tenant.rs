//! Whose data it is.

use std::fmt;

/// The company on whose behalf a call is made. Every row, event and trace of a call belongs to exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

impl TenantId {
    /// 1 to 63 characters: lower-case letters, digits and `-`, beginning with a letter or digit.
    ///
    /// The rule is narrow on purpose: the value is written into a `SET` that cannot be a parameter.
    pub fn parse(text: &str) -> Result<Self, InvalidTenantId> {
        let fits = (1..=63).contains(&text.len())
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTenantId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a tenant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 63 lower-case letters, digits and '-', beginning with a letter or digit")]
pub struct InvalidTenantId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slugs_are_tenants() {
        assert!(TenantId::parse("acme-2").is_ok());
        for wrong in ["", "-a", "Acme", "a'b", "a b", "a\u{0}", &"a".repeat(64), "*"] {
            assert_eq!(TenantId::parse(wrong), Err(InvalidTenantId), "{wrong:?}");
        }
    }
}
