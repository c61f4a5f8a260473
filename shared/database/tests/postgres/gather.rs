//! Writes that arrive together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use attune_clock::Clock;
use attune_database::embedded::{Options, Server};
use attune_database::{
    Began, Database, Gather, GatheredWrite, PoolSettings, connect, database_error, migrate,
};
use attune_rpc::{Code, Error, Reason, RequestKey, TenantId};
use futures::future::join_all;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::fixture::{Fixture, PROFILES, PROFILES_MIGRATOR, noon, notes, tenant};

/// Adds notes; a note whose text is taken fails the whole statement.
struct Notes {
    database: Database,
    /// Sizes of the transactions that were tried.
    tried: Arc<std::sync::Mutex<Vec<usize>>>,
    /// Each transaction takes one permit before it begins.
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Note {
    key: RequestKey,
    text: String,
}

impl GatheredWrite for Notes {
    type Item = Note;
    type Answer = Uuid;

    async fn write(&self, tenant: &TenantId, items: &[Note]) -> Result<Vec<Result<Uuid, Error>>, Error> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.tried.lock().unwrap().push(items.len());
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as planned");
        let keys: Vec<_> = items.iter().map(|note| (&note.key, Uuid::now_v7())).collect();
        let (mut tx, began) = self.database.write_many(tenant, &keys).await?;
        let (ids, texts): (Vec<Uuid>, Vec<String>) = items
            .iter()
            .zip(&keys)
            .zip(&began)
            .filter(|(_, began)| matches!(began, Began::Fresh))
            .map(|((note, (_, id)), _)| (*id, note.text.clone()))
            .unzip();
        let tenant = tx.tenant().as_str().to_owned();
        sqlx::query(
            "INSERT INTO profiles.note (tenant_id, id, text) SELECT $1, * FROM unnest($2::uuid[], $3::text[])",
        )
        .bind(tenant)
        .bind(&ids)
        .bind(&texts)
        .execute(&mut *tx)
        .await
        .map_err(database_error)?;
        tx.commit().await.map_err(database_error)?;
        Ok(began
            .into_iter()
            .zip(&keys)
            .map(|(began, (_, id))| match began {
                Began::Fresh => Ok(*id),
                Began::Repeat(id) => Ok(id),
                Began::Same(earlier) => Ok(keys[earlier].1),
                Began::Refused(error) => Err(error),
            })
            .collect())
    }
}

struct World {
    fixture: Fixture,
    gather: Gather<Notes>,
    tried: Arc<std::sync::Mutex<Vec<usize>>>,
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

impl World {
    /// With `permits` transactions that may go before the test lets more.
    async fn new(permits: usize) -> Self {
        let fixture = Fixture::new().await;
        let (tried, gate, waiting, panics) = (
            Arc::default(),
            Arc::new(Semaphore::new(permits)),
            Arc::default(),
            Arc::default(),
        );
        let gather = Gather::new(Notes {
            database: fixture.profiles.clone(),
            tried: Arc::clone(&tried),
            gate: Arc::clone(&gate),
            waiting: Arc::clone(&waiting),
            panics: Arc::clone(&panics),
        });
        Self {
            fixture,
            gather,
            tried,
            gate,
            waiting,
            panics,
        }
    }

    fn tried(&self) -> Vec<usize> {
        self.tried.lock().unwrap().clone()
    }

    async fn notes(&self) -> Vec<String> {
        let mut tx = self.fixture.profiles.read(&tenant("acme")).await.unwrap();
        notes(&mut tx).await
    }

    fn send(&self, note: Note) -> tokio::task::JoinHandle<Result<Uuid, Error>> {
        let gather = self.gather.clone();
        tokio::spawn(async move { gather.write(&tenant("acme"), note).await })
    }

    /// Waits until the first transaction stands at the gate, so that what is sent now lines up behind it.
    async fn until_one_is_under_way(&self) {
        let under_way = async {
            while self.waiting.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), under_way)
            .await
            .unwrap();
    }
}

fn note(text: &str) -> Note {
    asked(text, Uuid::now_v7(), 0)
}

fn asked(text: &str, request_id: Uuid, body: u8) -> Note {
    Note {
        key: RequestKey {
            method: "AddNote",
            request_id: Some(request_id),
            hash: [body; 32],
        },
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn the_first_goes_at_once_and_those_that_arrive_meanwhile_go_together() {
    let world = World::new(0).await;
    let first = world.send(note("a"));
    world.until_one_is_under_way().await;
    let others: Vec<_> = ["b", "c", "d"].map(|text| world.send(note(text))).into();
    tokio::task::yield_now().await;
    world.gate.add_permits(10);
    first.await.unwrap().unwrap();
    for other in join_all(others).await {
        other.unwrap().unwrap();
    }
    assert_eq!(world.tried(), [1, 3]);
    assert_eq!(world.notes().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_request_that_is_sent_twice_at_the_same_time_has_one_effect_and_one_answer() {
    let world = World::new(0).await;
    let (request, first) = (Uuid::now_v7(), world.send(note("first")));
    world.until_one_is_under_way().await;
    let twins = [0, 0].map(|body| world.send(asked("twin", request, body)));
    let other = world.send(asked("not the twin", request, 1));
    tokio::task::yield_now().await;
    world.gate.add_permits(10);
    first.await.unwrap().unwrap();
    let [one, same] = join_all(twins).await.try_into().unwrap();
    let one = one.unwrap().unwrap();
    assert_eq!(same.unwrap().unwrap(), one);
    assert_eq!(
        other.await.unwrap().unwrap_err().reason(),
        Reason::RequestIdReused
    );
    assert_eq!(world.notes().await, ["first", "twin"]);

    let later = world
        .gather
        .write(&tenant("acme"), asked("twin", request, 0))
        .await;
    assert_eq!(later.unwrap(), one, "a repetition finds it");
    let wrong = world
        .gather
        .write(&tenant("acme"), asked("other", request, 2))
        .await;
    assert_eq!(wrong.unwrap_err().reason(), Reason::RequestIdReused);
}

#[tokio::test]
async fn what_is_wrong_with_one_write_fails_that_one_alone() {
    let world = World::new(100).await;
    world.gather.write(&tenant("acme"), note("taken")).await.unwrap();
    let texts = ["a", "taken", "b"];
    let acme = tenant("acme");
    let answers = join_all(texts.map(|text| world.gather.write(&acme, note(text)))).await;
    let fine: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(fine, [true, false, true], "{answers:?}");
    assert_eq!(world.notes().await, ["a", "b", "taken"]);
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nobodys_write_along() {
    let world = World::new(0).await;
    let gone = world.send(note("gone"));
    world.until_one_is_under_way().await;
    let also_gone = world.send(note("also gone"));
    let stays = world.send(note("stays"));
    tokio::task::yield_now().await;
    gone.abort();
    also_gone.abort();
    world.gate.add_permits(10);
    stays.await.unwrap().unwrap();
    assert_eq!(world.notes().await, ["also gone", "gone", "stays"]);
}

#[tokio::test]
async fn a_panic_fails_its_callers_and_nobody_after_them() {
    let world = World::new(100).await;
    world.panics.store(true, Ordering::SeqCst);
    let failed = world.gather.write(&tenant("acme"), note("a")).await;
    assert_eq!(failed.unwrap_err().code(), Code::Internal);
    world.gather.write(&tenant("acme"), note("b")).await.unwrap();
    assert_eq!(world.notes().await, ["b"]);
}

#[tokio::test]
async fn too_many_that_wait_are_refused_and_the_others_go_on() {
    let world = World::new(0).await;
    let first = world.send(note("first"));
    world.until_one_is_under_way().await;
    let crowd: Vec<_> = (0..2100)
        .map(|number| world.send(note(&number.to_string())))
        .collect();
    // Somebody is refused before anybody is let through.
    let refused = tokio::time::timeout(Duration::from_secs(30), async {
        while crowd.iter().filter(|caller| caller.is_finished()).count() < 2100 - 2048 {
            tokio::task::yield_now().await;
        }
    });
    refused.await.unwrap();
    world.gate.add_permits(100);
    first.await.unwrap().unwrap();
    let answers: Vec<_> = join_all(crowd).await.into_iter().map(Result::unwrap).collect();
    let codes: Vec<Code> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .map(Error::code)
        .collect();
    assert_eq!(codes, vec![Code::ResourceExhausted; 2100 - 2048]);
    assert_eq!(world.tried(), [1, 512, 512, 512, 512]);
    assert_eq!(world.notes().await.len(), 1 + 2048);
}

#[tokio::test]
async fn tenants_do_not_wait_for_each_other() {
    let world = World::new(0).await;
    let acme = world.send(note("acme's"));
    world.until_one_is_under_way().await;
    let gather = world.gather.clone();
    let globex = tokio::spawn(async move { gather.write(&tenant("globex"), note("globex's")).await });
    let both = async {
        while world.waiting.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();
    world.gate.add_permits(2);
    acme.await.unwrap().unwrap();
    globex.await.unwrap().unwrap();
    assert_eq!(world.tried(), [1, 1]);
}

/// Writes a second, and the middle and the 99th of a hundred by how long they took, with `callers` at once.
async fn measure(gather: &Gather<Notes>, alone: &Notes, gathered: bool, callers: usize) -> String {
    const FOR: Duration = Duration::from_secs(5);
    let begun = Instant::now();
    let tenant = tenant("acme");
    let one = async |_| {
        let mut took = Vec::new();
        while begun.elapsed() < FOR {
            let (note, at) = (note(&Uuid::now_v7().to_string()), Instant::now());
            if gathered {
                gather.write(&tenant, note).await.unwrap();
            } else {
                alone.write(&tenant, std::slice::from_ref(&note)).await.unwrap();
            }
            took.push(at.elapsed());
        }
        took
    };
    let mut took: Vec<Duration> = join_all((0..callers).map(one)).await.concat();
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    format!(
        "{callers:>3} in flight, {}: {:>6.0}/s, p50 {:?}, p99 {:?}",
        if gathered { "gathered" } else { "alone   " },
        took.len() as f64 / begun.elapsed().as_secs_f64(),
        at(50),
        at(99)
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, for docs/measurements.md: a durable server of its own, half a minute"]
async fn gathered_writes_against_writes_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let server = Server::start(Options::at(folder.path())).await.unwrap();
    let admin = sqlx::PgPool::connect(&server.url()).await.unwrap();
    migrate(&admin, &[(PROFILES, &PROFILES_MIGRATOR)]).await.unwrap();
    let pool = connect(&server.service_url(PROFILES), PROFILES, PoolSettings::default())
        .await
        .unwrap();
    let (clock, _hand) = Clock::manual(noon());
    let database = Database::new(pool, PROFILES, clock);
    let notes = || Notes {
        database: database.clone(),
        tried: Arc::default(),
        gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        waiting: Arc::default(),
        panics: Arc::default(),
    };
    let (gather, alone) = (Gather::new(notes()), notes());
    for callers in [1, 16, 64] {
        for gathered in [false, true] {
            println!("{}", measure(&gather, &alone, gathered, callers).await);
        }
    }
    server.stop().await.unwrap();
}
