//! What a person is recognised by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IdentityKind {
    Email,
    Phone,
    External,
}

impl IdentityKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::External => "external",
        }
    }
}

/// One identity in the form it is compared in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) kind: IdentityKind,
    /// The system that gave an external id; empty for the other kinds.
    pub(crate) system: String,
    pub(crate) value: String,
}

/// Without the value, which is personal.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            system,
            value: _,
        } = self;
        f.debug_struct("Identity")
            .field("kind", kind)
            .field("system", system)
            .finish_non_exhaustive()
    }
}

const LONGEST: usize = 320;

impl Identity {
    /// A mail address. Compared without regard to case: the local part may differ by the standard, but no
    /// provider of today tells two persons apart by it.
    pub(crate) fn email(value: &str) -> Result<Self, &'static str> {
        let value = value.trim().to_lowercase();
        let fits = match value.split_once('@') {
            Some((local, domain)) => {
                (1..=64).contains(&local.len())
                    && domain.contains('.')
                    && domain.split('.').all(|label| !label.is_empty())
                    && !domain.contains('@')
                    && !value.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c))
            }
            None => false,
        };
        if fits && value.len() <= LONGEST {
            Ok(Self {
                kind: IdentityKind::Email,
                system: String::new(),
                value,
            })
        } else {
            Err("must be a mail address such as ana@example.com, at most 320 characters")
        }
    }

    /// A phone number in E.164 form.
    pub(crate) fn phone(value: &str) -> Result<Self, &'static str> {
        let value: String = value
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')'))
            .collect();
        let fits = value.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|digit| digit.is_ascii_digit())
        });
        if fits {
            Ok(Self {
                kind: IdentityKind::Phone,
                system: String::new(),
                value,
            })
        } else {
            Err("must be a phone number in international form such as +4930123456")
        }
    }

    /// An id in another system; compared as it is.
    pub(crate) fn external(system: String, value: &str) -> Result<Self, &'static str> {
        let value = value.trim();
        if value.is_empty() || value.chars().count() > LONGEST || value.chars().any(char::is_control) {
            return Err("must be 1 to 320 characters without control characters");
        }
        Ok(Self {
            kind: IdentityKind::External,
            system,
            value: value.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_compared_without_regard_to_case() {
        assert_eq!(
            Identity::email("Ana@Example.com"),
            Identity::email("ana@example.COM ")
        );
    }

    #[test]
    fn what_is_no_mail_address_is_refused() {
        for wrong in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "ana@example",
            "a b@example.com",
            "a@b..c",
            "a\n@b.c",
        ] {
            assert!(Identity::email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn phone_numbers_are_international() {
        assert_eq!(Identity::phone("+49 (30) 123-456").unwrap().value, "+4930123456");
        for wrong in ["030123456", "+0301234567", "+12", "+1234567890123456", "+49x"] {
            assert!(Identity::phone(wrong).is_err(), "{wrong:?}");
        }
    }
}
