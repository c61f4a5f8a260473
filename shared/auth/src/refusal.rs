//! Why a call is not let through, in words for its sender.

use std::time::Duration;

use attune_rpc::{Error, Reason};

use crate::layer::TENANT_HEADER;

/// Why a call is not let through. Nothing of the token's content is repeated to the sender.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the call carries no token; send it as metadata `authorization: Bearer <token>`")]
    NoToken,
    #[error("the metadata `authorization` must be sent once, as `Bearer <token>`")]
    MalformedHeader,
    #[error("the token is larger than {limit} bytes; ask its issuer for a smaller one")]
    TokenTooLarge { limit: usize },
    #[error("the token is not a signed JWT; get one from a configured issuer")]
    Malformed,
    #[error("the token's issuer is not configured here; get a token from a configured issuer")]
    UnknownIssuer,
    #[error("the token is signed with a key its issuer does not publish; get a fresh token")]
    UnknownKey,
    #[error("the token's algorithm is not the one of its issuer's key; only EdDSA, ES256 and RS256 are used")]
    WrongAlgorithm,
    #[error("the token's signature does not match; get a fresh token")]
    WrongSignature,
    #[error("the token is meant for another audience; ask its issuer for one with this platform's audience")]
    WrongAudience,
    #[error("the token lacks the claim `{0}`, or its value is of the wrong kind")]
    MissingClaim(String),
    #[error("the token holds a time that is no date")]
    InvalidTime,
    #[error("the token has expired; get a fresh one")]
    Expired,
    #[error("the token is not valid yet; use it later, or compare the clocks")]
    NotYetValid,
    #[error("the token's claim `tenant` is not a tenant id")]
    InvalidTenantClaim,
    #[error("the token names no tenant; a user's token needs the claim `tenant`")]
    NoTenantClaim,
    #[error("the token's issuer may not vouch for services")]
    ServiceNotVouchedFor,
    #[error("the keys of the token's issuer cannot be fetched now; repeat the call later")]
    KeysUnavailable,
    #[error("the token lacks the scope `{0}` that this method requires")]
    MissingScope(String),
    #[error("no scope gives access to this method")]
    NoScope,
    #[error("a service names the tenant it calls for; send the metadata `{TENANT_HEADER}`")]
    NoTenantNamed,
    #[error("the metadata `{TENANT_HEADER}` must be sent once and hold a tenant id")]
    InvalidTenantNamed,
    #[error("the token belongs to another tenant than the metadata `{TENANT_HEADER}` names")]
    WrongTenant,
    #[error("the whole platform can be read by services from the event feed only; name one tenant")]
    PlatformRefused,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::KeysUnavailable => Self::unavailable(message, Duration::from_secs(5)),
            Refusal::MissingScope(scope) => {
                Self::permission_denied(Reason::MissingScope, message).with("scope", scope)
            }
            Refusal::NoScope => Self::permission_denied(Reason::MissingScope, message),
            Refusal::NoTenantNamed
            | Refusal::InvalidTenantNamed
            | Refusal::WrongTenant
            | Refusal::PlatformRefused => Self::permission_denied(Reason::WrongTenant, message),
            _ => Self::unauthenticated(message),
        }
    }
}
