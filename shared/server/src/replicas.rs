//! All replicas of another service behind its one name.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::Uri;
use tokio::sync::mpsc::Sender;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

/// More addresses of one name than this are not called.
const MOST: usize = 64;

/// A channel that spreads its calls over every address that `look_up` finds, by how busy each one is. Addresses
/// are looked up again after each `every`; one that is gone is called no more, and while nothing is found, those
/// known stay. Must be called inside a runtime; ends with the channel.
pub(crate) fn balanced<F>(
    every: Duration,
    look_up: impl Fn() -> F + Send + Sync + 'static,
    endpoint: impl Fn(SocketAddr) -> Endpoint + Send + Sync + 'static,
) -> Channel
where
    F: Future<Output = io::Result<BTreeSet<SocketAddr>>> + Send + 'static,
{
    let (channel, changes) = Channel::balance_channel(MOST);
    tokio::spawn(async move {
        let mut known = BTreeSet::new();
        loop {
            match look_up().await {
                Ok(found) if !found.is_empty() => {
                    let found = found.into_iter().take(MOST).collect();
                    if tell(&changes, &known, &found, &endpoint).await.is_none() {
                        return;
                    }
                    known = found;
                }
                Ok(_) => tracing::debug!("a service's name has no address at the moment"),
                Err(error) => tracing::debug!(%error, "a service's name cannot be looked up at the moment"),
            }
            tokio::select! {
                () = changes.closed() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    });
    channel
}

/// Tells the channel what has changed; `None` when it is gone.
async fn tell(
    changes: &Sender<Change<SocketAddr, Endpoint>>,
    known: &BTreeSet<SocketAddr>,
    found: &BTreeSet<SocketAddr>,
    endpoint: &(impl Fn(SocketAddr) -> Endpoint + Sync),
) -> Option<()> {
    for address in known.difference(found) {
        changes.send(Change::Remove(*address)).await.ok()?;
    }
    for address in found.difference(known) {
        changes
            .send(Change::Insert(*address, endpoint(*address)))
            .await
            .ok()?;
    }
    Some(())
}

/// The addresses of the service at `uri` in the system's name service; of one family, the one that comes first,
/// because a replica has an address in each and may be reached over one only.
pub(crate) async fn look_up(uri: Uri) -> io::Result<BTreeSet<SocketAddr>> {
    let port = uri.port_u16().unwrap_or_else(|| default_port(&uri));
    let host = uri.host().unwrap_or_default().to_owned();
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
    let first = found.first().map(SocketAddr::is_ipv4);
    Ok(found
        .into_iter()
        .filter(|address| Some(address.is_ipv4()) == first)
        .collect())
}

/// Whether the host may stand for several replicas: an address stands for itself, and so does this machine.
pub(crate) fn has_replicas(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && address.parse::<std::net::IpAddr>().is_err()
}

fn default_port(uri: &Uri) -> u16 {
    if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;
    use tonic::Status;
    use tonic::transport::Server;
    use tonic::transport::server::TcpIncoming;
    use tonic_health::ServingStatus;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;

    use super::*;
    use crate::Retry;

    const SOON: Duration = Duration::from_millis(10);
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A replica that says of itself whether it serves `who`, by which tests tell two of them apart.
    async fn replica(who: ServingStatus) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("who", who).await;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let server = Server::builder().add_service(health);
        let incoming = TcpIncoming::from(listener);
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                _ = server.serve_with_incoming(incoming) => {}
            }
        });
        (address, stop)
    }

    async fn ask(channel: &Channel) -> Result<i32, Status> {
        let request = HealthCheckRequest {
            service: "who".to_owned(),
        };
        let answer = HealthClient::new(channel.clone()).check(request).await?;
        Ok(answer.into_inner().status)
    }

    /// A name service.
    #[derive(Default)]
    struct Names {
        addresses: Mutex<BTreeSet<SocketAddr>>,
        looks: AtomicUsize,
    }

    impl Names {
        fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Arc<Self> {
            let addresses = Mutex::new(addresses.into_iter().collect());
            Arc::new(Self {
                addresses,
                ..Self::default()
            })
        }

        fn channel(self: &Arc<Self>) -> Channel {
            let names = Arc::clone(self);
            let look_up = move || {
                names.looks.fetch_add(1, Ordering::SeqCst);
                std::future::ready(Ok(names.addresses.lock().unwrap().clone()))
            };
            balanced(SOON, look_up, |address| {
                Endpoint::from_shared(format!("http://{address}")).unwrap()
            })
        }

        /// Waits until what is known now has been looked up.
        async fn are_known(&self) {
            let before = self.looks.load(Ordering::SeqCst);
            let known = async {
                while self.looks.load(Ordering::SeqCst) < before + 2 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, known).await.unwrap();
        }
    }

    async fn answers(channel: &Channel, calls: usize) -> BTreeSet<i32> {
        let mut seen = BTreeSet::new();
        for _ in 0..calls {
            seen.insert(Retry::default().run(|| ask(channel)).await.unwrap());
        }
        seen
    }

    #[tokio::test]
    async fn calls_are_spread_over_all_replicas_and_go_on_when_one_dies() {
        let (one, stop) = replica(ServingStatus::Serving).await;
        let (other, _running) = replica(ServingStatus::NotServing).await;
        let names = Names::of([one, other]);
        let channel = names.channel();
        let mut seen = BTreeSet::new();
        let both = async {
            while seen.len() < 2 {
                seen.extend(answers(&channel, 10).await);
            }
        };
        tokio::time::timeout(PATIENCE, both).await.unwrap();

        stop.cancel();
        // Its name is looked up again only later: until then a call that finds it dead is made again.
        answers(&channel, 20).await;
        names.addresses.lock().unwrap().remove(&one);
        let gone = async {
            // Twenty calls in a row without a failure: nobody is sent to the dead one.
            let mut calm = 0;
            while calm < 20 {
                calm = match ask(&channel).await {
                    Ok(status) if status == ServingStatus::NotServing as i32 => calm + 1,
                    _ => 0,
                };
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.unwrap();
    }

    #[tokio::test]
    async fn a_replica_that_comes_later_is_called_and_a_name_without_addresses_forgets_none() {
        let (one, _one) = replica(ServingStatus::Serving).await;
        let names = Names::of([one]);
        let channel = names.channel();
        let serving = BTreeSet::from([ServingStatus::Serving as i32]);
        assert_eq!(answers(&channel, 5).await, serving);
        names.addresses.lock().unwrap().clear();
        names.are_known().await;
        assert_eq!(answers(&channel, 5).await, serving);

        let (other, _other) = replica(ServingStatus::NotServing).await;
        names.addresses.lock().unwrap().extend([one, other]);
        let found = async {
            while !matches!(ask(&channel).await, Ok(status) if status == ServingStatus::NotServing as i32) {}
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap();
    }

    #[tokio::test]
    async fn a_call_waits_for_the_first_address() {
        let names = Names::of([]);
        let channel = names.channel();
        let call = tokio::spawn(async move { ask(&channel).await });
        names.are_known().await;
        assert!(!call.is_finished());
        let (one, _one) = replica(ServingStatus::Serving).await;
        names.addresses.lock().unwrap().insert(one);
        let answer = tokio::time::timeout(PATIENCE, call).await.unwrap().unwrap();
        assert_eq!(answer.unwrap(), ServingStatus::Serving as i32);
    }

    #[test]
    fn only_a_name_may_stand_for_several() {
        for (uri, several) in [
            ("http://profiles:7443", true),
            ("https://profiles.attune.svc.cluster.local", true),
            ("http://127.0.0.1:7443", false),
            ("http://[::1]:7443", false),
            ("http://localhost:7443", false),
        ] {
            assert_eq!(has_replicas(&uri.parse().unwrap()), several, "{uri}");
        }
    }
}
