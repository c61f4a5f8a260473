//! The layer between the server and its handlers.

use std::sync::Arc;
use std::task::{Context, Poll};

use attune_rpc::{Error, TenantId};
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::caller::{Kind, Reach, Verified};
use crate::claims::Principal;
use crate::refusal::Refusal;
use crate::{Scopes, Verifier};

/// The metadata in which a service names the tenant it calls for.
pub const TENANT_HEADER: &str = "x-attune-tenant";

/// The value of [`TENANT_HEADER`] that means every tenant.
const EVERY_TENANT: &str = "*";

/// Services whose methods may be called for every tenant at once.
const PLATFORM_WIDE: &str = "/attune.events.v1.EventFeedService/";

/// Served to anybody: a load balancer has no token, and the API is no secret.
const OPEN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Lets a call through when its token is good for its method and tenant, and leaves a
/// [`Caller`](crate::Caller) with it; answers every other one itself.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    verifier: Verifier,
    scopes: Scopes,
}

impl AuthLayer {
    /// A layer that verifies with `verifier` and requires `scopes`.
    pub fn new(verifier: Verifier, scopes: Scopes) -> Self {
        Self { verifier, scopes }
    }

    async fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Verified, Refusal> {
        let principal = self.verifier.verify(bearer(headers)?).await?;
        let scope = self.scopes.required(path).ok_or(Refusal::NoScope)?;
        if !principal.scopes.allow(scope) {
            return Err(Refusal::MissingScope(scope.to_owned()));
        }
        let reach = reach(&principal, path, headers)?;
        Ok(Verified { principal, reach })
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService {
            layer: Arc::new(self.clone()),
            inner,
        }
    }
}

/// What [`AuthLayer`] makes of a service.
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    layer: Arc<AuthLayer>,
    inner: S,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was found ready answers; its clone waits for the next call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        if OPEN.iter().any(|open| request.uri().path().starts_with(open)) {
            return Box::pin(inner.call(request));
        }
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.admit(parts.uri.path(), &parts.headers).await {
                Ok(verified) => {
                    parts.extensions.insert(verified);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(refusal) => {
                    tracing::debug!(path = parts.uri.path(), %refusal, "call refused");
                    Ok(Status::from(Error::from(refusal)).into_http())
                }
            }
        })
    }
}

/// The token of the one `authorization: Bearer` header; the scheme's case does not matter (RFC 9110
/// section 11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value =
        only(headers, AUTHORIZATION.as_str(), || Refusal::MalformedHeader)?.ok_or(Refusal::NoToken)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::MalformedHeader)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Refusal::MalformedHeader)
    }
}

/// For whom the call is made: a token bound to a tenant speaks for that one alone, a service's token for the
/// one the call names.
fn reach(principal: &Principal, path: &str, headers: &HeaderMap) -> Result<Reach, Refusal> {
    let named = only(headers, TENANT_HEADER, || Refusal::InvalidTenantNamed)?;
    if let Some(own) = &principal.tenant {
        return match named {
            Some(other) if other != own.as_str() => Err(Refusal::WrongTenant),
            _ => Ok(Reach::Tenant(own.clone())),
        };
    }
    match named {
        None => Err(Refusal::NoTenantNamed),
        Some(EVERY_TENANT) if principal.kind == Kind::Service && path.starts_with(PLATFORM_WIDE) => {
            Ok(Reach::Platform)
        }
        Some(EVERY_TENANT) => Err(Refusal::PlatformRefused),
        Some(text) => TenantId::parse(text)
            .map(Reach::Tenant)
            .map_err(|_| Refusal::InvalidTenantNamed),
    }
}

/// The value of a header that may be sent at most once.
fn only<'h>(
    headers: &'h HeaderMap,
    name: &str,
    refusal: impl Fn() -> Refusal,
) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| refusal()),
        _ => Err(refusal()),
    }
}
