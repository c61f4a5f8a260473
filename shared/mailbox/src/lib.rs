//! A mail server that keeps what it is given instead of passing it on, over SMTP and over HTTP.
//!
//! The demo and the tests send through it with the same client that production uses, and then read what
//! arrived. It speaks RFC 5321 with the extensions `PIPELINING` (RFC 2920), `SIZE` (RFC 1870), `8BITMIME`,
//! `SMTPUTF8` and `ENHANCEDSTATUSCODES`, without TLS and without authentication, and is meant for the
//! loopback interface. Over HTTP it takes the documents that the platform hands to a webhook, and does not look at their
//! signatures. Its memory is bounded by [`Limits`]; how it treats a recipient is a [`Behaviour`] that
//! can be changed while it runs.

mod behaviour;
mod http;
mod kept;
mod line;
mod mail;
mod session;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

pub use behaviour::Behaviour;
pub use mail::Mail;

use behaviour::Rules;
use kept::Kept;

/// How long the server waits after a failed accept (too many open files, mostly) before it tries again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the server holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Mails kept; the oldest goes first. Default 10 000.
    pub mails: usize,
    /// Bytes of raw messages kept together; the oldest goes first. Default 256 MiB.
    pub bytes: usize,
    /// Bytes of one message, announced as `SIZE`; a larger one is answered with 552. Default 10 MiB.
    pub message_bytes: usize,
    /// Connections served at the same time; further ones wait for their greeting. Default 256.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mails: 10_000,
            bytes: 256 << 20,
            message_bytes: 10 << 20,
            connections: 256,
        }
    }
}

/// Fewer mails than asked for arrived in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{received} of {expected} mails arrived within {within:?}")]
pub struct TooFew {
    /// How many were waited for.
    pub expected: u64,
    /// How many had come.
    pub received: u64,
    /// How long was waited.
    pub within: Duration,
}

/// A running server and what it has received. Dropping it closes the listeners and every connection.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    http_address: SocketAddr,
    shared: Arc<Shared>,
    accepting: [JoinHandle<()>; 2],
}

/// What all connections of one server share.
#[derive(Debug)]
struct Shared {
    limits: Limits,
    rules: Rules,
    kept: Kept,
}

impl Mailbox {
    /// Starts a server on a free port of the IPv4 loopback interface, with default limits. Fails when no port
    /// can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), Limits::default()).await
    }

    /// Starts a server on `address` (port 0 takes a free one), and on a free port beside it for HTTP. Fails when the
    /// address cannot be bound.
    pub async fn listen(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let http = TcpListener::bind((address.ip(), 0)).await?;
        let http_address = http.local_addr()?;
        let shared = Arc::new(Shared {
            limits,
            rules: Rules::default(),
            kept: Kept::new(limits),
        });
        let accepting = [(listener, Protocol::Smtp), (http, Protocol::Http)]
            .map(|(listener, protocol)| tokio::spawn(accept(listener, protocol, Arc::clone(&shared))));
        Ok(Self {
            address,
            http_address,
            shared,
            accepting,
        })
    }

    /// Where the server listens for SMTP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes mail over HTTP, whatever the path.
    pub fn webhook_url(&self) -> String {
        format!("http://{}/mail", self.http_address)
    }

    /// The mails it keeps, oldest first.
    pub fn received(&self) -> Vec<Mail> {
        self.shared.kept.all()
    }

    /// How many mails were accepted since the start or the last [`clear`](Self::clear), kept or not.
    pub fn count(&self) -> u64 {
        self.shared.kept.count()
    }

    /// How many recipients were named by clients since the start, whatever they were answered: one attempt to
    /// deliver to one recipient is one of these.
    pub fn attempts(&self) -> u64 {
        self.shared.rules.attempts()
    }

    /// Waits until at least `n` mails were accepted since the start or the last [`clear`](Self::clear), and
    /// returns those it keeps. Fails with what had come when that takes longer than `within`.
    pub async fn wait_for(&self, n: u64, within: Duration) -> Result<Vec<Mail>, TooFew> {
        match tokio::time::timeout(within, self.shared.kept.reached(n)).await {
            Ok(()) => Ok(self.received()),
            Err(_) => Err(TooFew {
                expected: n,
                received: self.count(),
                within,
            }),
        }
    }

    /// Forgets every mail and counts from zero again; behaviours stay.
    pub fn clear(&self) {
        self.shared.kept.clear();
    }

    /// How recipients are treated from now on that have no behaviour of their own.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.rules.set_default(behaviour);
    }

    /// How `recipient` (an address, compared without regard to case) is treated from now on.
    pub fn behave_for(&self, recipient: &str, behaviour: Behaviour) {
        self.shared.rules.set_for(recipient, behaviour);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // The connections live in a set inside each task and end with it.
        for accepting in &self.accepting {
            accepting.abort();
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Smtp,
    Http,
}

async fn accept(listener: TcpListener, protocol: Protocol, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let _place = place;
                    if let Err(error) = serve(stream, protocol, shared).await {
                        tracing::debug!(%peer, ?protocol, %error, "connection ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, protocol: Protocol, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match protocol {
        Protocol::Smtp => session::Session::new(stream, &shared).run().await,
        Protocol::Http => http::serve(stream, shared).await,
    }
}
