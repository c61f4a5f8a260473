//! What many refusals do to the connection they come over.

use std::collections::HashSet;
use std::io;

use attune_server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{GET_TRACE, Process, soon};

/// Calls whose messages are under way at the same time; fewer than a connection may have.
const TOGETHER: u32 = 200;
const ROUNDS: u32 = 20;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// HTTP/2 by hand: no client sends the message of a call whose refusal it has seen, and many have sent it before.
struct Connection {
    stream: TcpStream,
}

impl Connection {
    async fn open(process: &Process) -> Self {
        let mut stream = TcpStream::connect(process.running.address()).await.unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let mut connection = Self { stream };
        connection.send(SETTINGS, 0, 0, &[]).await;
        connection
    }

    async fn send(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(id.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Kind, flags, stream and payload of the next frame.
    async fn next(&mut self) -> io::Result<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await?;
        Ok((kind, flags, u32::from_be_bytes(id), payload))
    }

    /// Waits until every stream of `asked` is answered.
    async fn answers(&mut self, mut asked: HashSet<u32>) {
        while !asked.is_empty() {
            let (kind, flags, id, payload) = self.next().await.expect("the connection was closed");
            match kind {
                GOAWAY => panic!("the server goes away: {}", String::from_utf8_lossy(&payload)),
                SETTINGS if flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[]).await,
                HEADERS if flags & END_STREAM != 0 => {
                    asked.remove(&id);
                }
                _ => {}
            }
        }
    }
}

/// The headers of a call without a token, in HPACK's literals.
fn headers() -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend(text.bytes());
        bytes
    };
    // POST and http are in the static table whole; the names of path, authority and content-type are.
    let mut block = vec![0x83, 0x86, 0x04];
    block.extend(text(&format!("/{GET_TRACE}")));
    block.push(0x01);
    block.extend(text("localhost"));
    block.extend([0x0f, 0x10]);
    block.extend(text("application/grpc"));
    block.push(0x00);
    block.extend(text("te"));
    block.extend(text("trailers"));
    block
}

#[tokio::test]
async fn a_connection_outlives_any_number_of_calls_that_were_refused_before_their_message_came() {
    let process = Process::start(Limits::default()).await;
    let mut connection = Connection::open(&process).await;
    let headers = headers();
    for round in 0..ROUNDS {
        let ids: HashSet<u32> = (0..TOGETHER)
            .map(|place| (round * TOGETHER + place) * 2 + 1)
            .collect();
        let mut ascending: Vec<_> = ids.iter().copied().collect();
        ascending.sort_unstable();
        for id in &ascending {
            connection.send(HEADERS, END_HEADERS, *id, &headers).await;
        }
        soon(connection.answers(ids)).await;
        for id in &ascending {
            // An empty message: not compressed, of no bytes.
            connection.send(DATA, END_STREAM, *id, &[0; 5]).await;
        }
    }
}
