//! How often the wire is crossed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use attune_database::{Database, PoolSettings, connect};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::fixture::{Fixture, PROFILES, tenant};

/// Counts how often the client speaks after it has heard an answer.
#[derive(Debug, Default)]
struct Counter {
    trips: AtomicUsize,
    answered: AtomicBool,
}

impl Counter {
    fn spoke(&self) {
        if self.answered.swap(false, Ordering::SeqCst) {
            self.trips.fetch_add(1, Ordering::SeqCst);
        }
    }
    fn answer(&self) {
        self.answered.store(true, Ordering::SeqCst);
    }
    fn take(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn dial(server: &PgConnectOptions) -> Box<dyn Stream> {
    match server.get_socket() {
        Some(folder) => {
            let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
            Box::new(UnixStream::connect(path).await.unwrap())
        }
        None => Box::new(
            TcpStream::connect((server.get_host(), server.get_port()))
                .await
                .unwrap(),
        ),
    }
}

async fn relay(mut client: UnixStream, mut server: Box<dyn Stream>, counter: Arc<Counter>) {
    let (mut question, mut answer) = ([0; 8192], [0; 8192]);
    loop {
        tokio::select! {
            read = client.read(&mut question) => match read {
                Ok(0) | Err(_) => return,
                Ok(n) => {
                    counter.spoke();
                    server.write_all(&question[..n]).await.unwrap();
                }
            },
            read = server.read(&mut answer) => match read {
                Ok(0) | Err(_) => return,
                Ok(n) => {
                    counter.answer();
                    client.write_all(&answer[..n]).await.unwrap();
                }
            },
        }
    }
}

/// A socket in `folder` behind which is `server`.
fn listen(folder: &Path, server: PgConnectOptions) -> Arc<Counter> {
    let counter = Arc::new(Counter::default());
    let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
    let heard = counter.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(relay(client, dial(&server).await, heard.clone()));
        }
    });
    counter
}

/// A database behind one connection whose crossings are counted.
async fn counted(fixture: &Fixture, folder: &Path) -> (Database, Arc<Counter>) {
    let server: PgConnectOptions = fixture.clone.service_url(PROFILES).unwrap().parse().unwrap();
    let counter = listen(folder, server.clone());
    let through = server.socket(folder).port(5432).to_url_lossy();
    let one = PoolSettings {
        max_connections: 1,
        ..PoolSettings::default()
    };
    let pool = connect(through.as_str(), PROFILES, one).await.unwrap();
    let database = Database::new(pool, PROFILES, fixture.profiles.clock().clone());
    database
        .read(&tenant("acme"))
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    until_idle(&database).await;
    counter.take();
    (database, counter)
}

/// The pool looks after a connection that comes back, with nobody waiting.
async fn until_idle(database: &Database) {
    while database.pool().num_idle() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tenants_transaction_begins_in_one_round_trip_and_ends_in_one() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (database, counter) = counted(&fixture, folder.path()).await;
    let mut tx = database.system(&tenant("globex")).await.unwrap();
    assert_eq!(counter.take(), 1, "begin and tenant");
    let seen: String = sqlx::query_scalar("SELECT current_setting('app.tenant')")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(seen, "globex");
    counter.take();
    tx.commit().await.unwrap();
    assert_eq!(counter.take(), 1, "commit");
}

#[tokio::test]
async fn the_end_of_a_read_travels_with_the_look_after_its_connection() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (database, counter) = counted(&fixture, folder.path()).await;
    let tx = database.read(&tenant("globex")).await.unwrap();
    assert_eq!(counter.take(), 1, "begin and tenant");
    tx.commit().await.unwrap();
    until_idle(&database).await;
    assert_eq!(counter.take(), 1, "the end and the look together");
    let tenant: String = sqlx::query_scalar("SELECT coalesce(current_setting('app.tenant', true), '')")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(tenant, "", "the transaction is over");
}
