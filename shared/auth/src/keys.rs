//! Public keys, each with the one algorithm it verifies.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;

/// A static file may hold the old and the new key of a change, and some more.
const STATIC_KEYS: usize = 4;
/// Published sets have a handful; the bound keeps a broken endpoint from filling the memory.
const PUBLISHED_KEYS: usize = 64;
/// NIST SP 800-131A: RSA keys below 2048 bits are disallowed.
const RSA_MODULUS_BYTES: usize = 256;
/// An uncompressed P-256 point: 0x04, x, y.
const P256_POINT_BYTES: usize = 65;
const ED25519_BYTES: usize = 32;

/// A public key. Its algorithm follows from the key, never from a token: that is what makes a token signed
/// with a public key as an HMAC secret, or not at all, worthless.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug, Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads up to four `PUBLIC KEY` blocks. The error says what to give instead.
    pub(crate) fn from_pem(text: &str) -> Result<Self, String> {
        let blocks = pem::parse_many(text).map_err(|error| format!("not PEM: {error}"))?;
        if !(1..=STATIC_KEYS).contains(&blocks.len()) {
            return Err(format!(
                "give 1 to {STATIC_KEYS} public keys as PEM, not {}",
                blocks.len()
            ));
        }
        blocks
            .iter()
            .map(Key::from_pem)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads a JSON Web Key Set and takes the keys that can verify here; others are passed over, as RFC 7517
    /// section 5 asks. An error when it is no key set or holds no such key.
    pub(crate) fn from_jwks(body: &[u8]) -> Result<Self, String> {
        let published: Published =
            serde_json::from_slice(body).map_err(|error| format!("not a JSON Web Key Set: {error}"))?;
        let keys: Vec<_> = published
            .keys
            .into_iter()
            .take(PUBLISHED_KEYS)
            .filter_map(Key::from_published)
            .collect();
        if keys.is_empty() {
            return Err("it holds no Ed25519, P-256 or RSA signature key".to_owned());
        }
        Ok(Self(keys))
    }

    /// The keys a token may be signed with that names `id`, or none: few, because a stranger can make every
    /// one of them cost a verification.
    pub(crate) fn candidates<'s>(&'s self, id: Option<&'s str>) -> impl Iterator<Item = &'s Key> {
        let fits = move |key: &&Key| match (id, key.id.as_deref()) {
            (Some(wanted), Some(own)) => wanted == own,
            (Some(_), None) => true,
            (None, _) => self.0.len() <= STATIC_KEYS,
        };
        self.0.iter().filter(fits).take(STATIC_KEYS)
    }
}

impl Key {
    fn from_pem(block: &pem::Pem) -> Result<Self, String> {
        if !matches!(block.tag(), "PUBLIC KEY" | "RSA PUBLIC KEY") {
            return Err(format!("found {:?} where a PUBLIC KEY is needed", block.tag()));
        }
        let text = pem::encode(block);
        let ed25519 = DecodingKey::from_ed_pem(text.as_bytes()).map(|key| (Algorithm::EdDSA, key));
        let p256 = || DecodingKey::from_ec_pem(text.as_bytes()).map(|key| (Algorithm::ES256, key));
        let rsa = || DecodingKey::from_rsa_pem(text.as_bytes()).map(|key| (Algorithm::RS256, key));
        ed25519
            .or_else(|_| p256())
            .or_else(|_| rsa())
            .ok()
            .and_then(|(algorithm, decoding)| Self::sound(None, algorithm, decoding))
            .ok_or_else(|| "give an Ed25519, P-256, or RSA key of at least 2048 bits".to_owned())
    }

    fn from_published(value: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let (algorithm, name) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            // Symmetric keys among them: a secret that is published is none.
            _ => return None,
        };
        if jwk.common.key_algorithm.is_some_and(|declared| declared != name) {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        Self::sound(jwk.common.key_id, algorithm, decoding)
    }

    /// The key, where its parts have the size its algorithm asks for.
    fn sound(id: Option<String>, algorithm: Algorithm, decoding: DecodingKey) -> Option<Self> {
        let fits = match (decoding.kind(), algorithm) {
            (DecodingKeyKind::SecretOrDer(point), Algorithm::ES256) => point.len() == P256_POINT_BYTES,
            (DecodingKeyKind::SecretOrDer(bytes), Algorithm::EdDSA) => bytes.len() == ED25519_BYTES,
            // The DER of a key holds the modulus and a few bytes more.
            (DecodingKeyKind::SecretOrDer(der), Algorithm::RS256) => der.len() > RSA_MODULUS_BYTES,
            (DecodingKeyKind::RsaModulusExponent { n, .. }, Algorithm::RS256) => n.len() >= RSA_MODULUS_BYTES,
            _ => false,
        };
        fits.then_some(Self {
            id,
            algorithm,
            decoding,
        })
    }
}
