//! Telling a repeated request from a new one (AIP-155).

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Violations;

/// What makes two requests the same: method, request id and body. Kept 30 days in the transaction of the effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The RPC's name, such as `CreateProfile`.
    pub method: &'static str,
    /// The caller's id for the request; without one a repetition is a new request.
    pub request_id: Option<Uuid>,
    /// SHA-256 over the method and the encoded request.
    pub hash: [u8; 32],
}

impl RequestKey {
    /// The key of `request`; a `request_id` that is no UUID is noted as a violation.
    pub fn of(
        method: &'static str,
        request_id: &str,
        request: &impl Message,
        violations: &mut Violations,
    ) -> Option<Self> {
        let request_id = if request_id.is_empty() {
            None
        } else if let Ok(id) = Uuid::try_parse(request_id) {
            Some(id)
        } else {
            violations.add("request_id", "must be a UUID, or empty");
            return None;
        };
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update(request.encode_to_vec());
        Some(Self {
            method,
            request_id,
            hash: hash.finalize().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_api::events::v1::SubscribeRequest;

    #[test]
    fn another_body_has_another_hash() {
        let key = |source: &str| {
            let request = SubscribeRequest {
                source: source.into(),
                ..SubscribeRequest::default()
            };
            RequestKey::of("Subscribe", "", &request, &mut Violations::default()).unwrap()
        };
        assert_eq!(key("a"), key("a"));
        assert_ne!(key("a").hash, key("b").hash);
    }

    #[test]
    fn a_request_id_that_is_no_uuid_is_a_violation() {
        let mut violations = Violations::default();
        assert!(RequestKey::of("M", "one", &SubscribeRequest::default(), &mut violations).is_none());
        assert!(!violations.is_empty());
    }
}
