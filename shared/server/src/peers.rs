//! Calls to the other services.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use attune_auth::{ServiceIdentity, TENANT_HEADER};
use attune_rpc::{Error, TenantId};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, Uri};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, TimeoutExpired};
use tower::Service;

use crate::config::TlsConfig;
use crate::deadline::{Deadline, GRPC_TIMEOUT, timeout_text};
use crate::replicas;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection is probed so often, and given up when it does not answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(10);

/// How long a replica that has come or gone stays unknown.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5);

/// The other services, as this process reaches them; cheap to clone.
#[derive(Clone)]
pub struct Peers {
    channels: Arc<HashMap<&'static str, Channel>>,
    identity: Option<ServiceIdentity>,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers")
            .field("names", &self.channels.keys())
            .finish_non_exhaustive()
    }
}

impl Peers {
    /// Reaches each service at its address, as nobody yet; at all addresses where it is a name that has several.
    /// Connects when first called, and again after a connection is lost.
    pub(crate) fn new(
        addresses: impl IntoIterator<Item = (&'static str, Uri)>,
        tls: &TlsConfig,
    ) -> anyhow::Result<Self> {
        let channels = addresses
            .into_iter()
            .map(|(name, uri)| Ok((name, channel(uri, tls)?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            channels: Arc::new(channels),
            identity: None,
        })
    }

    /// The same connections, calls made as `identity`.
    pub(crate) fn with_identity(&self, identity: Option<ServiceIdentity>) -> Self {
        Self {
            channels: Arc::clone(&self.channels),
            identity,
        }
    }

    /// Whether an address of `service` is known.
    pub fn reaches(&self, service: &str) -> bool {
        self.channels.contains_key(service)
    }

    /// A channel to `service` for a generated client. Where no address is known for it, calls end as
    /// UNAVAILABLE and say which setting is missing.
    pub fn channel(&self, service: &'static str) -> Peer {
        Peer {
            service,
            channel: self.channels.get(service).cloned(),
            identity: self.identity.clone(),
            tenant: None,
        }
    }
}

fn channel(uri: Uri, tls: &TlsConfig) -> anyhow::Result<Channel> {
    let by_name = endpoint(uri.clone(), &uri, tls)?;
    if !replicas::has_replicas(&uri) {
        return Ok(by_name.connect_lazy());
    }
    let (name, tls) = (uri.clone(), tls.clone());
    let scheme = uri.scheme_str().unwrap_or("http").to_owned();
    let at = move |address: SocketAddr| {
        let at: Result<Uri, _> = format!("{scheme}://{address}").parse();
        at.map_err(anyhow::Error::from)
            .and_then(|at| endpoint(at, &name, &tls))
            .unwrap_or_else(|_| by_name.clone())
    };
    Ok(replicas::balanced(
        LOOK_UP_EVERY,
        move || replicas::look_up(uri.clone()),
        at,
    ))
}

/// The service called `name`, at `uri`; its certificate is for the name.
fn endpoint(uri: Uri, name: &Uri, tls: &TlsConfig) -> anyhow::Result<Endpoint> {
    let secure = uri.scheme_str() == Some("https");
    let endpoint = Endpoint::from(uri)
        .origin(name.clone())
        .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_ANSWER)
        .keep_alive_while_idle(true);
    Ok(if secure {
        endpoint.tls_config(tls.client(name.host().unwrap_or_default())?)?
    } else {
        endpoint
    })
}

/// A channel to one service. Every call carries this process's token, the current trace, and what is left of
/// the current call's deadline.
#[derive(Clone)]
pub struct Peer {
    service: &'static str,
    channel: Option<Channel>,
    identity: Option<ServiceIdentity>,
    tenant: Option<HeaderValue>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("service", &self.service)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// The same channel, its calls made for `tenant`.
    #[must_use]
    pub fn for_tenant(mut self, tenant: &TenantId) -> Self {
        // A tenant id is letters, digits and dashes, which every header may hold.
        self.tenant = HeaderValue::from_str(tenant.as_str()).ok();
        self
    }

    /// Adds what every call carries.
    fn prepare(&self, request: &mut Request<Body>) -> Result<(), Status> {
        let headers = request.headers_mut();
        if let Some(identity) = &self.identity {
            let bearer = identity.bearer().map_err(Error::internal)?;
            headers.insert(AUTHORIZATION, bearer);
        }
        if let Some(tenant) = &self.tenant
            && !headers.contains_key(TENANT_HEADER)
        {
            headers.insert(TENANT_HEADER, tenant.clone());
        }
        let mut trace = MetadataMap::new();
        attune_telemetry::inject(&mut trace);
        headers.extend(trace.into_headers());
        if let Some(deadline) = Deadline::current()
            && !headers.contains_key(GRPC_TIMEOUT)
        {
            let left = deadline.remaining();
            if left.is_zero() {
                return Err(Error::deadline_exceeded().into());
            }
            if let Ok(value) = HeaderValue::from_str(&timeout_text(left)) {
                headers.insert(GRPC_TIMEOUT, value);
            }
        }
        Ok(())
    }
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        match &mut self.channel {
            Some(channel) => channel.poll_ready(cx).map_err(transport_status),
            None => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Err(status) = self.prepare(&mut request) {
            return Box::pin(std::future::ready(Err(status)));
        }
        let Some(channel) = &mut self.channel else {
            let setting = format!("ATTUNE_{}_URL", self.service.to_uppercase());
            let message = format!("this process has no address of {}; set {setting}", self.service);
            let status = Error::unavailable(message, Duration::from_secs(1)).with("setting", setting);
            return Box::pin(std::future::ready(Err(status.into())));
        };
        let answer = channel.call(request);
        Box::pin(async move { answer.await.map_err(transport_status) })
    }
}

/// The failure of the transport as a status; a deadline kept by this side is `DEADLINE_EXCEEDED`, where tonic
/// says CANCELLED.
fn transport_status(error: tonic::transport::Error) -> Status {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return Error::deadline_exceeded().into();
        }
        cause = error.source();
    }
    let status = Status::from_error(Box::new(error));
    match status.code() {
        // A connection that broke under the call: nobody knows whether it was handled, a repeat may tell.
        Code::Unknown => Status::unavailable(status.message().to_owned()),
        _ => status,
    }
}
