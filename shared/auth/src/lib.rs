//! Who calls, and what they may do.
//!
//! A call carries a JWT as `authorization: Bearer …`. [`AuthLayer`] verifies it with a [`Verifier`], looks up
//! the scope its method requires in [`Scopes`], settles for which tenant the call is made, and leaves a
//! [`Caller`] with the request. There is no other way to get a [`Caller`], so a handler that has one runs for
//! an authorised call.
//!
//! - A **user's** token names its tenant in the claim `tenant`; the metadata `x-attune-tenant` may repeat it
//!   and nothing else.
//! - A **service's** token names no tenant. The service says in `x-attune-tenant` for whom it calls; `*` means
//!   the whole platform and is accepted by the event feed only.
//! - The claim `scope` holds scopes separated by spaces: `profiles.read`, `profiles.*`, or `*`.
//!
//! Tokens live in real time: give [`Verifier`] and [`ServiceIdentity`] the system's clock, also where the
//! platform itself runs on a virtual one.

mod caller;
mod claims;
mod config;
mod dev_issuer;
mod identity;
mod jwks;
mod keys;
mod layer;
mod refusal;
mod scopes;
mod verifier;

pub use caller::{Caller, Kind, Reach};
pub use config::{ConfigError, Issuer, KeySource, ServiceRule, VerifierConfig};
pub use dev_issuer::{DevIssuer, DevIssuerError, TokenSpec};
pub use identity::{IdentityError, ServiceIdentity};
pub use layer::{AuthLayer, AuthService, TENANT_HEADER};
pub use scopes::Scopes;
pub use verifier::Verifier;
