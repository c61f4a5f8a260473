//! Ports that nobody else uses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Failure;

/// Below the range from which systems take the ports of outgoing connections (32768 on Linux), so that no client
/// sits on a port while its server is restarted.
const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A loopback address on which nobody listens at this moment. Somebody may take it before it is used, so who
/// uses it must be ready to ask for another one.
pub(super) fn free() -> Result<SocketAddr, Failure> {
    // Processes of one test run have neighbouring ids and begin far from each other.
    let begin = std::process::id().wrapping_mul(7919);
    for _ in 0..COUNT {
        let place = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(FIRST + place)?));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err("every port is in use".into())
}
