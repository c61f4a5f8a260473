//! Parts of the company.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the company, and where it is written to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Department {
    pub(crate) name: String,
    pub(crate) email: String,
}

// The address is personal data and stays out of every log.
impl fmt::Debug for Department {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Department")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A mail address in its usual form. Whether it is read shows when it is written to.
pub(crate) fn email(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "must be a mail address such as service@example.com";
    let (local, domain) = text.split_once('@').ok_or(WRONG)?;
    let fits = (3..=254).contains(&text.len())
        && !local.is_empty()
        && domain.contains(|c: char| c.is_alphanumeric())
        && !domain.contains('@')
        && !text
            .contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'));
    if fits { Ok(text.to_owned()) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_carry_a_second_one_or_a_header() {
        assert!(email("service@example.com").is_ok());
        for wrong in [
            "",
            "service",
            "@example.com",
            "a@",
            "a@b@c",
            "a@b.c,d@e.f",
            "a@b.c\r\nbcc: d@e.f",
        ] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }
}
