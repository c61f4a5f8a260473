//! Refusing an update that was made from an old picture (AIP-154).

use std::fmt;

use crate::{Error, Reason};

/// The version of a resource as an opaque text. A caller who gives it with an update is refused when the
/// resource has changed since; one who leaves it out overwrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(i64);

impl Etag {
    /// The etag of a version.
    pub fn of(version: i64) -> Self {
        Self(version)
    }

    /// Refuses with ABORTED when the caller gave another etag than this.
    pub fn check(self, given: &str) -> Result<(), Error> {
        if given.is_empty() || given == self.to_string() {
            return Ok(());
        }
        let message =
            "the resource has changed since this etag was read; read it again and repeat the change";
        Err(Error::aborted(Reason::EtagMismatch, message).with("etag", self))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_etag_is_refused_and_a_missing_one_is_not() {
        let etag = Etag::of(3);
        assert!(etag.check("").is_ok() && etag.check("v3").is_ok());
        assert_eq!(etag.check("v2").unwrap_err().reason(), Reason::EtagMismatch);
    }
}
