//! Interactions where an engine outside is asked: never inside a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use attune_api::interactions::v1 as pb;
use attune_events::Consumer;
use attune_timers::Worker;

use super::interactions::{interaction, recorded};
use super::{Bench, CANCELLED};
use crate::analysis::{Analyzer, AnalyzerError, Basis, Builtin, Reader};
use crate::domain::Understanding;
use crate::events::Interactions;
use crate::timers::read::Read;

/// The built-in engine, behaving like one that is elsewhere; may be down altogether.
#[derive(Clone, Default)]
struct Elsewhere {
    down: Arc<AtomicBool>,
}

#[async_trait]
impl Analyzer for Elsewhere {
    async fn analyze(&self, basis: &Basis, texts: Vec<String>) -> Result<Vec<Understanding>, AnalyzerError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(AnalyzerError::Incomplete {
                asked: texts.len(),
                answered: 0,
            });
        }
        Builtin::default().analyze(basis, texts).await
    }

    fn is_outside(&self) -> bool {
        true
    }
}

const FEEDBACK: &str = "SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1";
const HEARD: &str = "SELECT count(*) FROM feedback.heard WHERE tenant_id = $1";

#[tokio::test]
async fn what_is_heard_is_put_aside_and_becomes_feedback_once_whoever_dies_in_between() {
    let bench = Bench::at("2026-03-01T12:00:00Z").await;
    let engine = Elsewhere::default();
    let reader = Reader::new(engine.clone());
    let said = interaction(pb::Direction::Inbound, CANCELLED);
    let events = [
        recorded(&bench, said),
        recorded(&bench, interaction(pb::Direction::Outbound, "we are sorry")),
    ];
    let consumer = Interactions::new(reader.clone());
    for _ in 0..2 {
        let mut tx = bench.db.system(&bench.tenant).await.unwrap();
        consumer.handle_batch(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!((bench.number(HEARD).await, bench.number(FEEDBACK).await), (1, 0));

    let worker = Worker::new(bench.db.clone(), Read::new(bench.db.clone(), reader.clone()));
    engine.down.store(true, Ordering::SeqCst);
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(
        (bench.number(HEARD).await, bench.number(FEEDBACK).await),
        (1, 0),
        "it goes on waiting"
    );
    engine.down.store(false, Ordering::SeqCst);
    bench.hand.advance_to(super::instant("2026-03-01T12:01:00Z"));
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!((bench.number(HEARD).await, bench.number(FEEDBACK).await), (0, 1));

    // Heard again later, it is known.
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    consumer.handle_batch(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    while worker.step().await.unwrap() > 0 {}
    assert_eq!((bench.number(HEARD).await, bench.number(FEEDBACK).await), (0, 1));
}
