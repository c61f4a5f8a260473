//! Paging by keyset (AIP-158).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{Code, Error, Reason, Violations};

/// A checked request for a page: at most `size` rows after the key `after`.
///
/// A token holds the last key of the page before and a fingerprint of the other arguments, so that a token with
/// changed arguments is refused. It grants nothing: the tenant comes from the caller, never from a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<K> {
    size: usize,
    after: Option<K>,
    fingerprint: [u8; 8],
}

const DEFAULT: i32 = 50;
const MOST: i32 = 200;
const LONGEST_TOKEN: usize = 1024;

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Parses page size and token of a list request. `arguments` are the request's other fields: anything that
    /// changes what is listed. A negative size is a violation; 0 means 50; more than 200 is taken as 200.
    pub fn parse(
        size: i32,
        token: &str,
        arguments: &impl Serialize,
        violations: &mut Violations,
    ) -> Result<Self, Error> {
        if size < 0 {
            violations.add("page_size", "must not be negative");
        }
        let size = if size <= 0 { DEFAULT } else { size.min(MOST) };
        let fingerprint = fingerprint(arguments)?;
        let after = if token.is_empty() {
            None
        } else {
            Some(decode(token, fingerprint)?)
        };
        Ok(Self {
            size: usize::try_from(size).unwrap_or_default(),
            after,
            fingerprint,
        })
    }

    /// The key after which the page begins.
    pub fn after(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// How many rows to read: one more than the page holds, to know whether there is a next one.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size).unwrap_or_default() + 1
    }

    /// Cuts the extra row off `rows` and answers the token for the next page, empty on the last.
    pub fn next<T>(&self, rows: &mut Vec<T>, key: impl FnOnce(&T) -> K) -> Result<String, Error> {
        if rows.len() <= self.size {
            return Ok(String::new());
        }
        rows.truncate(self.size);
        let Some(last) = rows.last() else {
            return Ok(String::new());
        };
        self.token(&key(last))
    }

    /// The most rows that the page holds.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The token of the page that begins after `key`: for a listing that looks at more rows than it answers, and may
    /// end a page before it is full.
    pub fn token(&self, key: &K) -> Result<String, Error> {
        let key = serde_json::to_vec(key).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode([&self.fingerprint[..], &key].concat()))
    }
}

fn decode<K: DeserializeOwned>(token: &str, expected: [u8; 8]) -> Result<K, Error> {
    let refused = || {
        let message = "the page token was not issued for these arguments; begin again without a token";
        Error::new(Code::InvalidArgument, Reason::InvalidPageToken, message)
    };
    if token.len() > LONGEST_TOKEN {
        return Err(refused());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    match bytes.split_first_chunk::<8>() {
        Some((fingerprint, key)) if *fingerprint == expected => {
            serde_json::from_slice(key).map_err(|_| refused())
        }
        _ => Err(refused()),
    }
}

fn fingerprint(arguments: &impl Serialize) -> Result<[u8; 8], Error> {
    let encoded = serde_json::to_vec(arguments).map_err(Error::internal)?;
    let digest = Sha256::digest(&encoded);
    digest
        .first_chunk::<8>()
        .copied()
        .ok_or_else(|| Error::internal("a digest shorter than 8 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(size: i32, token: &str, filter: &str) -> Result<Page<u32>, Error> {
        Page::parse(size, token, &filter, &mut Violations::default())
    }

    #[test]
    fn pages_follow_each_other_until_an_empty_token() {
        let mut rows = vec![1, 2, 3];
        let token = page(2, "", "all").unwrap().next(&mut rows, |row| *row).unwrap();
        assert_eq!(rows, [1, 2]);

        let second = page(2, &token, "all").unwrap();
        assert_eq!(second.after(), Some(&2));
        assert_eq!(second.next(&mut vec![3], |row| *row).unwrap(), "");
    }

    #[test]
    fn a_token_with_other_arguments_or_of_another_making_is_refused() {
        let token = page(1, "", "mine")
            .unwrap()
            .next(&mut vec![1, 2], |row| *row)
            .unwrap();
        for (token, filter) in [
            (token.as_str(), "yours"),
            ("AAAA", "mine"),
            ("!", "mine"),
            (&"A".repeat(5000), "mine"),
        ] {
            assert_eq!(
                page(1, token, filter).unwrap_err().reason(),
                Reason::InvalidPageToken
            );
        }
    }

    #[test]
    fn a_size_is_kept_within_bounds() {
        assert_eq!(page(0, "", "").unwrap().limit(), 51);
        assert_eq!(page(i32::MAX, "", "").unwrap().limit(), 201);
    }
}
