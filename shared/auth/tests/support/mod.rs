//! A platform behind the layer, and keys to sign with.
#![allow(dead_code, reason = "each test file uses its part")]

use attune_auth::{
    AuthLayer, Caller, DevIssuer, Issuer, KeySource, Kind, Reach, Scopes, TokenSpec, Verifier,
};
use attune_auth::{TENANT_HEADER, VerifierConfig};
use attune_clock::{Clock, ManualClock};
use attune_rpc::TenantId;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use chrono::{DateTime, SubsecRound, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Layer, ServiceExt};

pub(crate) const READ: &str = "/attune.profiles.v1.ProfileService/GetProfile";
pub(crate) const WRITE: &str = "/attune.profiles.v1.ProfileService/CreateProfile";
pub(crate) const FEED: &str = "/attune.events.v1.EventFeedService/Subscribe";

pub(crate) fn acme() -> TenantId {
    TenantId::parse("acme").unwrap()
}

pub(crate) fn reader() -> TokenSpec {
    TokenSpec::user("ana", acme(), "profiles.read")
}

/// Who came through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) subject: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) reach: Reach,
}

/// The layer before a handler that says who called.
pub(crate) struct Platform {
    pub(crate) layer: AuthLayer,
    pub(crate) verifier: Verifier,
    pub(crate) hand: ManualClock,
    pub(crate) start: DateTime<Utc>,
}

impl Platform {
    pub(crate) fn trusting(issuers: Vec<Issuer>) -> Self {
        let start = Utc::now().trunc_subsecs(0);
        let (clock, hand) = Clock::manual(start);
        let verifier = Verifier::new(VerifierConfig::new(issuers), clock).unwrap();
        let scopes = Scopes::new(attune_api::scopes());
        Self {
            layer: AuthLayer::new(verifier.clone(), scopes),
            verifier,
            hand,
            start,
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.hand
            .advance_to(self.start + chrono::Duration::seconds(seconds));
    }

    /// Calls with exactly these headers.
    pub(crate) async fn call(&self, path: &str, headers: &[(&str, &str)]) -> Result<Admitted, Status> {
        let handler = tower::service_fn(|request: http::Request<Body>| async move {
            let mut call = tonic::Request::new(());
            *call.extensions_mut() = request.into_parts().0.extensions;
            let caller = Caller::of(&call).ok();
            let mut response = http::Response::new(Body::empty());
            response.extensions_mut().insert(Reach::of(&call).unwrap());
            if let Some(caller) = caller {
                assert_eq!(Reach::of(&call).unwrap(), Reach::Tenant(caller.tenant().clone()));
                response.extensions_mut().insert(caller);
            }
            Ok::<_, std::convert::Infallible>(response)
        });
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let service = self.layer.layer(handler);
        let response = service
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        if let Some(status) = Status::from_header_map(response.headers()) {
            return Err(status);
        }
        let caller = response.extensions().get::<Caller>();
        Ok(Admitted {
            subject: caller
                .map(|caller| caller.subject().to_owned())
                .unwrap_or_default(),
            kind: caller.map(Caller::kind),
            reach: response.extensions().get::<Reach>().unwrap().clone(),
        })
    }

    pub(crate) async fn read_with(&self, token: &str) -> Result<Admitted, Status> {
        self.call(READ, &[("authorization", &format!("Bearer {token}"))])
            .await
    }

    pub(crate) async fn call_for(&self, path: &str, token: &str, tenant: &str) -> Result<Admitted, Status> {
        self.call(
            path,
            &[
                ("authorization", &format!("Bearer {token}")),
                (TENANT_HEADER, tenant),
            ],
        )
        .await
    }
}

/// A platform that trusts one development issuer.
pub(crate) fn dev() -> (Platform, DevIssuer) {
    let issuer = DevIssuer::ephemeral().unwrap();
    (Platform::trusting(vec![issuer.trusted()]), issuer)
}

/// Asserts a refusal with its code, reason, and a part of its message.
#[track_caller]
pub(crate) fn refused(result: Result<Admitted, Status>, code: Code, reason: &str, message: &str) {
    let status = result.expect_err("the call was let through");
    assert_eq!(status.code(), code, "{}", status.message());
    let info = status
        .get_details_error_info()
        .expect("a refusal carries ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "attune"));
    assert!(
        status.message().contains(message),
        "{:?} does not say {message:?}",
        status.message()
    );
}

#[track_caller]
pub(crate) fn unauthenticated(result: Result<Admitted, Status>, message: &str) {
    refused(result, Code::Unauthenticated, "INVALID_TOKEN", message);
}

/// Another issuer than ours: any algorithm, any claims.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    pub(crate) public_pem: String,
}

impl Signer {
    pub(crate) fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let private = pair.to_pkcs8v1().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let private = pem::encode(&pem::Pem::new("PRIVATE KEY", private.as_ref()));
        Self {
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_pem(private.as_bytes()).unwrap(),
            public_pem: pem::encode(&pem::Pem::new("PUBLIC KEY", public.as_ref())),
        }
    }

    pub(crate) fn rs256(size: KeySize) -> Self {
        let pair = RsaKeyPair::generate(size).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let private = pem::encode(&pem::Pem::new("PRIVATE KEY", private.as_ref()));
        Self {
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(),
            public_pem: pem::encode(&pem::Pem::new("PUBLIC KEY", public.as_ref())),
        }
    }

    pub(crate) fn issuer(&self, name: &str) -> Issuer {
        Issuer::of_users(name, KeySource::Pem(self.public_pem.clone()))
    }

    pub(crate) fn sign(&self, claims: &serde_json::Value) -> String {
        jsonwebtoken::encode(&Header::new(self.algorithm), claims, &self.key).unwrap()
    }
}

/// Good claims of a user of `issuer`, to be spoilt by a test.
pub(crate) fn claims(issuer: &str) -> serde_json::Value {
    serde_json::json!({
        "iss": issuer, "aud": "attune", "sub": "ana", "tenant": "acme", "scope": "profiles.read",
        "exp": Utc::now().timestamp() + 600,
    })
}
