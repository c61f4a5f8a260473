//! The word by which an answer page knows whom it belongs to.
//!
//! A token is `base64url(payload).base64url(tag)`. The payload holds a version, when it expires, the invitation and
//! the tenant; the tag is HMAC-SHA-256 (RFC 2104) over the payload. So it cannot be guessed or turned to another
//! customer's without the key, and it is the same each time it is made: nobody has to keep it to remind somebody.
//! What is kept is a hash of what it says.

use std::fmt;

use attune_rpc::TenantId;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const VERSION: u8 = 1;
/// Bytes of a key, at least: as many as the hash has (RFC 2104, 3).
const SHORTEST_KEY: usize = 32;
/// A token is shorter; what is longer is not looked at.
const LONGEST: usize = 256;

/// Makes and knows tokens.
#[derive(Clone)]
pub(crate) struct Signer {
    /// The first signs; any of them is believed.
    keys: Vec<hmac::Key>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    pub(crate) invitation_id: Uuid,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The text is no token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no token that the platform made")]
pub(crate) struct TokenError;

/// A key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a survey key is at least {SHORTEST_KEY} random bytes in base64, as `openssl rand -base64 32` makes them"
)]
pub(crate) struct KeyError;

impl Signer {
    /// With these keys, in base64; the first signs, the others are those it replaces.
    pub(crate) fn new<'k>(keys: impl IntoIterator<Item = &'k str>) -> Result<Self, KeyError> {
        let parse = |key: &str| {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(key.trim())
                .ok()
                .filter(|bytes| bytes.len() >= SHORTEST_KEY)
                .ok_or(KeyError)?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        let keys: Vec<_> = keys.into_iter().map(parse).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            Err(KeyError)
        } else {
            Ok(Self { keys })
        }
    }

    /// With a key that nobody else has, and that is gone with the process.
    pub(crate) fn ephemeral() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; SHORTEST_KEY];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(Self {
            keys: vec![hmac::Key::new(hmac::HMAC_SHA256, &bytes)],
        })
    }

    /// The token of `ticket`.
    pub(crate) fn sign(&self, ticket: &Ticket) -> String {
        let payload = ticket.payload();
        let tag = self.keys.first().map(|key| hmac::sign(key, &payload));
        let tag = tag.as_ref().map_or(&[][..], AsRef::as_ref);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&payload),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// What a token says, if one of the keys made it. The comparison takes the same time for every wrong tag.
    pub(crate) fn read(&self, token: &str) -> Result<Ticket, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError);
        }
        let (payload, tag) = token.split_once('.').ok_or(TokenError)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError);
        let (payload, tag) = (decode(payload)?, decode(tag)?);
        let known = self
            .keys
            .iter()
            .any(|key| hmac::verify(key, &payload, &tag).is_ok());
        if known {
            parse(&payload).ok_or(TokenError)
        } else {
            Err(TokenError)
        }
    }
}

impl Ticket {
    /// What is kept of its token. The same under another key, so that replacing the key leaves links good.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.payload()).to_vec()
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = vec![VERSION];
        payload.extend_from_slice(&self.expires_at.timestamp_micros().to_be_bytes());
        payload.extend_from_slice(self.invitation_id.as_bytes());
        payload.extend_from_slice(self.tenant.as_str().as_bytes());
        payload
    }
}

fn parse(payload: &[u8]) -> Option<Ticket> {
    let ([VERSION], rest) = payload.split_first_chunk::<1>()? else {
        return None;
    };
    let (expires_at, rest) = rest.split_first_chunk::<8>()?;
    let (invitation_id, tenant) = rest.split_first_chunk::<16>()?;
    Some(Ticket {
        tenant: TenantId::parse(std::str::from_utf8(tenant).ok()?).ok()?,
        invitation_id: Uuid::from_bytes(*invitation_id),
        expires_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*expires_at))?,
    })
}

/// Without the keys.
impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("keys", &self.keys.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            tenant: TenantId::parse("acme").unwrap(),
            invitation_id: Uuid::now_v7(),
            expires_at: "2026-03-16T08:00:00.000001Z".parse().unwrap(),
        }
    }

    fn key(byte: u8) -> String {
        base64::engine::general_purpose::STANDARD.encode([byte; 32])
    }

    #[test]
    fn a_token_says_what_it_was_made_of_each_time_the_same() {
        let (signer, ticket) = (Signer::ephemeral().unwrap(), ticket());
        let token = signer.sign(&ticket);
        assert_eq!(signer.read(&token), Ok(ticket.clone()));
        assert_eq!(signer.sign(&ticket), token);
    }

    #[test]
    fn no_change_of_a_token_is_believed() {
        let (signer, ticket) = (Signer::ephemeral().unwrap(), ticket());
        let token = signer.sign(&ticket);
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(signer.read(&changed), Err(TokenError), "{place}");
        }
        let other = Signer::ephemeral().unwrap();
        let (payload, tag) = token.split_once('.').unwrap();
        let neighbour = Ticket {
            tenant: TenantId::parse("umbra").unwrap(),
            ..ticket
        };
        let theirs = signer.sign(&neighbour);
        let (their_payload, _) = theirs.split_once('.').unwrap();
        for forged in [
            "",
            ".",
            "a.b",
            payload,
            &format!("{payload}."),
            &format!("{their_payload}.{tag}"),
            &other.sign(&neighbour),
            &"A".repeat(10_000),
        ] {
            assert_eq!(signer.read(forged), Err(TokenError), "{forged:.40}");
        }
    }

    #[test]
    fn a_key_that_was_replaced_is_still_believed_and_signs_no_more() {
        let (before, after) = (key(1), key(2));
        let token = Signer::new([before.as_str()]).unwrap().sign(&ticket());
        let replaced = Signer::new([after.as_str(), before.as_str()]).unwrap();
        let ticket = replaced.read(&token).unwrap();
        assert_ne!(replaced.sign(&ticket), token);
        assert_eq!(ticket.hash().len(), 32);
        assert!(Signer::new([after.as_str()]).unwrap().read(&token).is_err());
    }

    #[test]
    fn a_key_that_is_short_or_no_base64_is_refused() {
        for wrong in ["", "short", "c2hvcnQ=", "***"] {
            assert!(Signer::new([wrong]).is_err(), "{wrong}");
        }
        assert!(Signer::new([]).is_err());
    }
}
