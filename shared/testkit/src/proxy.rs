//! A TCP proxy that does to a connection what networks do: cut it, cut one way of it, slow it down, break it in the
//! middle of a message.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 16 << 10;
/// Chunks of one direction that may be on the way: a slow network holds a bounded amount.
const ON_THE_WAY: usize = 64;

/// Where connections lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// How connections are treated; may change while they are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Everything passes.
    #[default]
    Whole,
    /// Nothing passes in either direction and nobody is told. What was sent meanwhile arrives when the link is
    /// whole again, as TCP would repeat it.
    Cut,
    /// What the client sends does not arrive; what the server sends does.
    CutToServer,
    /// What the server sends does not arrive; what the client sends does.
    CutToClient,
    /// Everything passes so much later.
    Late(Duration),
    /// So many bytes a second pass, one by one; at least 1.
    Trickle(u16),
    /// New connections are reset at once. Those that are open stay as they are; see [`Proxy::reset`].
    Closed,
}

/// Who sent a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

impl Link {
    fn stops(self, from: From) -> bool {
        match self {
            Self::Cut => true,
            Self::CutToServer => from == From::Client,
            Self::CutToClient => from == From::Server,
            Self::Whole | Self::Late(_) | Self::Trickle(_) | Self::Closed => false,
        }
    }
}

/// A running proxy. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<Option<Target>>,
    link: watch::Sender<Link>,
    /// Grows with every reset; a connection lives as long as it is what it was.
    resets: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the IPv4 loopback interface. Connections wait until there is a target.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (target, targets) = watch::channel(None);
        let (link, links) = watch::channel(Link::default());
        let (resets, reset) = watch::channel(0);
        let accepting = tokio::spawn(accept(listener, targets, links, reset));
        Ok(Self {
            address,
            target,
            link,
            resets,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where connections lead from now on; open ones stay where they are.
    pub fn lead_to(&self, target: Target) {
        self.target.send_replace(Some(target));
    }

    /// How connections are treated from now on, the open ones too.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Breaks every open connection with a reset to both sides, in the middle of whatever they are doing.
    pub fn reset(&self) {
        self.resets.send_modify(|resets| *resets += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections live in a set inside this task and end with it.
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    targets: watch::Receiver<Option<Target>>,
    links: watch::Receiver<Link>,
    mut resets: watch::Receiver<u64>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        if *links.borrow() == Link::Closed {
            // Only a socket that is gone already refuses, and then there is nobody to tell.
            let _ = client.set_zero_linger();
            continue;
        }
        resets.mark_unchanged();
        let (targets, links, resets) = (targets.clone(), links.clone(), resets.clone());
        connections.spawn(async move {
            // It ends when either side does; both see the end, so there is nobody to report to.
            let _ = serve(client, targets, links, resets).await;
        });
    }
}

async fn serve(
    mut client: TcpStream,
    mut targets: watch::Receiver<Option<Target>>,
    links: watch::Receiver<Link>,
    resets: watch::Receiver<u64>,
) -> io::Result<()> {
    let target = match targets.wait_for(Option::is_some).await {
        Ok(target) => target.clone(),
        Err(_) => None,
    };
    client.set_nodelay(true)?;
    match target {
        Some(Target::Tcp(address)) => {
            let mut server = TcpStream::connect(address).await?;
            server.set_nodelay(true)?;
            if join(&mut client, &mut server, links, resets).await {
                server.set_zero_linger()?;
                client.set_zero_linger()?;
            }
        }
        Some(Target::Unix(path)) => {
            let mut server = UnixStream::connect(path).await?;
            if join(&mut client, &mut server, links, resets).await {
                client.set_zero_linger()?;
            }
        }
        None => {}
    }
    Ok(())
}

/// Passes bytes both ways until one side ends; whether a reset ended it.
async fn join<C, S>(
    client: &mut C,
    server: &mut S,
    links: watch::Receiver<Link>,
    mut resets: watch::Receiver<u64>,
) -> bool
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    let up = pass(From::Client, from_client, to_server, links.clone());
    let down = pass(From::Server, from_server, to_client, links);
    tokio::select! {
        _ = async { tokio::join!(up, down) } => false,
        _ = resets.changed() => true,
    }
}

/// One direction: what is read is due after the delay of that moment, and is written then, unless the link is cut.
async fn pass(
    from: From,
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    links: watch::Receiver<Link>,
) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let at_reading = links.clone();
    let reading = async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            let delay = match *at_reading.borrow() {
                Link::Late(delay) => delay,
                _ => Duration::ZERO,
            };
            let chunk = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + delay, chunk)).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((due, chunk)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if write(from, &chunk, &mut writer, links.clone()).await.is_err() {
                return;
            }
        }
        // The end of one direction is passed on; the other may go on.
        let _ = writer.shutdown().await;
    };
    tokio::join!(reading, writing);
}

/// Writes a chunk as the link lets it through.
async fn write(
    from: From,
    chunk: &[u8],
    writer: &mut (impl AsyncWrite + Unpin),
    mut links: watch::Receiver<Link>,
) -> io::Result<()> {
    let mut rest = chunk;
    while !rest.is_empty() {
        let link = match links.wait_for(|link| !link.stops(from)).await {
            Ok(link) => *link,
            // The proxy is gone, and this task with it in a moment.
            Err(_) => return Ok(()),
        };
        let count = match link {
            Link::Trickle(rate) => {
                tokio::time::sleep(Duration::from_secs(1) / u32::from(rate.max(1))).await;
                1
            }
            _ => rest.len(),
        };
        let (now, later) = rest.split_at(count);
        writer.write_all(now).await?;
        rest = later;
    }
    Ok(())
}
