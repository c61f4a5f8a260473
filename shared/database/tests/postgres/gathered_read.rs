//! Rows that are asked for at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attune_database::{GatherReads, GatheredRead, Tx};
use attune_rpc::{Code, Error};
use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::fixture::{Fixture, tenant};

/// The texts of notes.
#[derive(Clone)]
struct Texts {
    /// How many ids each transaction asked for.
    asked: Arc<Mutex<Vec<usize>>>,
    /// Each transaction takes one permit before it reads.
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    statement: &'static str,
}

impl GatheredRead for Texts {
    type Row = String;

    async fn read(&self, tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, sqlx::Error> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.asked.lock().unwrap().push(ids.len());
        let rows: Vec<(Uuid, String)> = sqlx::query_as(self.statement)
            .bind(ids)
            .fetch_all(&mut **tx)
            .await?;
        Ok(rows.into_iter().collect())
    }
}

const TEXTS: &str = "SELECT id, text FROM profiles.note WHERE id = ANY ($1)";

fn texts(permits: usize, statement: &'static str) -> Texts {
    Texts {
        asked: Arc::default(),
        gate: Arc::new(Semaphore::new(permits)),
        waiting: Arc::default(),
        statement,
    }
}

async fn add(fixture: &Fixture, name: &str, text: &str) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = fixture.profiles.system(&tenant(name)).await.unwrap();
    sqlx::query("INSERT INTO profiles.note (id, tenant_id, text) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(text)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

/// Asks for rows, each in a task of its own.
fn asking(reads: &GatherReads<Texts>) -> impl Fn(Uuid) -> JoinHandle<Result<Option<String>, Error>> {
    let reads = reads.clone();
    move |id| {
        let reads = reads.clone();
        tokio::spawn(async move { reads.get(&tenant("acme"), id).await })
    }
}

/// Returns when so many reads of `texts` wait for its gate; `meanwhile` is done again and again.
async fn under_way(texts: &Texts, reads: usize, mut meanwhile: impl FnMut()) {
    let begun = async {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while texts.waiting.load(Ordering::SeqCst) < reads {
            looks.tick().await;
            meanwhile();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), begun)
        .await
        .unwrap();
}

#[tokio::test]
async fn those_that_arrive_while_a_read_is_under_way_are_read_together() {
    let fixture = Fixture::new().await;
    let (a, b) = (add(&fixture, "acme", "a").await, add(&fixture, "acme", "b").await);
    let texts = texts(0, TEXTS);
    let reads = GatherReads::new(fixture.profiles.clone(), texts.clone());
    let ask = asking(&reads);
    let mut calls = vec![ask(a)];
    under_way(&texts, 1, || {}).await;
    let nobodys = Uuid::now_v7();
    calls.extend([ask(b), ask(a), ask(b), ask(nobodys)]);
    tokio::task::yield_now().await;
    texts.gate.add_permits(10);
    let mut answers = Vec::new();
    for answer in join_all(calls).await {
        answers.push(answer.unwrap().unwrap());
    }
    let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
    assert_eq!(answers, [a.clone(), b.clone(), a, b, None]);
    // On a machine that was busy elsewhere the first was slow, and another one went beside it.
    let asked = texts.asked.lock().unwrap();
    assert!(matches!(asked.as_slice(), [1, 3] | [1, 1, 2..=3]), "{asked:?}");
}

#[tokio::test]
async fn one_slow_read_does_not_hold_up_those_who_ask_later() {
    let fixture = Fixture::new().await;
    let id = add(&fixture, "acme", "a").await;
    let texts = texts(0, TEXTS);
    let reads = GatherReads::new(fixture.profiles.clone(), texts.clone());
    let ask = asking(&reads);
    let mut calls = vec![ask(id)];
    under_way(&texts, 2, || calls.push(ask(id))).await;
    texts.gate.add_permits(10);
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap().unwrap().as_deref(), Some("a"));
    }
}

#[tokio::test]
async fn a_row_of_another_tenant_is_none() {
    let fixture = Fixture::new().await;
    let theirs = add(&fixture, "globex", "theirs").await;
    let reads = GatherReads::new(fixture.profiles.clone(), texts(9, TEXTS));
    assert_eq!(reads.get(&tenant("acme"), theirs).await.unwrap(), None);
    let own = reads.get(&tenant("globex"), theirs).await.unwrap();
    assert_eq!(own.as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_statement_that_fails_is_tried_once_for_all() {
    let fixture = Fixture::new().await;
    let texts = texts(
        100,
        "SELECT id, (1 / 0)::text FROM profiles.note WHERE id = ANY ($1)",
    );
    let id = add(&fixture, "acme", "a").await;
    let reads = GatherReads::new(fixture.profiles.clone(), texts.clone());
    let acme = tenant("acme");
    let answers = join_all((0..20).map(|_| reads.get(&acme, id))).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().code(), Code::Internal);
    }
    let tried = texts.asked.lock().unwrap().len();
    assert!(tried <= 3, "{tried} transactions for 20 callers");
}
