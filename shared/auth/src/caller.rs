//! The verified caller of a request.

use std::sync::Arc;

use attune_rpc::{Error, Reason, TenantId};
use chrono::{DateTime, Utc};

use crate::claims::Principal;

/// Who a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person or a program of one tenant.
    User,
    /// One of the platform's own services, calling for the tenant it names.
    Service,
}

/// A verified caller with the tenant it calls for. Made by [`AuthLayer`](crate::AuthLayer) alone.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Arc<Principal>,
    tenant: TenantId,
}

impl Caller {
    /// The caller of `request`. `PERMISSION_DENIED` when a service called for the whole platform where a tenant
    /// is needed; INTERNAL when the request did not come through [`AuthLayer`](crate::AuthLayer).
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Error> {
        let Verified { principal, reach } = Verified::of(request)?;
        match reach {
            Reach::Tenant(tenant) => Ok(Self {
                principal: Arc::clone(principal),
                tenant: tenant.clone(),
            }),
            Reach::Platform => Err(Error::permission_denied(
                Reason::WrongTenant,
                "this method serves one tenant at a time; name it in the metadata x-attune-tenant",
            )),
        }
    }

    /// The tenant on whose behalf the call is made.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The token's subject: a user's id at their issuer, or `service:<name>`.
    pub fn subject(&self) -> &str {
        &self.principal.subject
    }

    /// The last instant, in real time, at which the token is good: a stream without an end ends then.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.principal.expires_at
    }

    /// Whether a user or a service calls.
    pub fn kind(&self) -> Kind {
        self.principal.kind
    }

    /// Whether the token carries `scope`, by itself or through a wildcard.
    pub fn has(&self, scope: &str) -> bool {
        self.principal.scopes.allow(scope)
    }
}

/// How far a call reaches. Only the event feed is ever called with [`Reach::Platform`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One tenant's data.
    Tenant(TenantId),
    /// Every tenant's; asked for by a service with `x-attune-tenant: *`.
    Platform,
}

impl Reach {
    /// How far `request` reaches. INTERNAL when it did not come through [`AuthLayer`](crate::AuthLayer).
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Error> {
        Verified::of(request).map(|verified| verified.reach.clone())
    }
}

/// What the layer leaves in the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Arc<Principal>,
    pub(crate) reach: Reach,
}

impl Verified {
    fn of<T>(request: &tonic::Request<T>) -> Result<&Self, Error> {
        request.extensions().get::<Self>().ok_or_else(|| {
            Error::internal("a call reached its handler without passing the authorisation layer")
        })
    }
}
