//! Writers that repeat a write until it is acknowledged, as the API asks of a caller.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use attune_api::interactions::v1::{Direction, Interaction, RecordInteractionRequest};
use attune_testkit::{Failure, Tenant};
use prost_types::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use uuid::Uuid;

/// How long one answer is waited for. Below what a caller would wait, so that a cut is seen as one.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a write is repeated before the scenario fails.
const PATIENCE: Duration = Duration::from_secs(90);
const REST: Duration = Duration::from_millis(20);

/// One write that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// What the source calls it.
    pub source_id: String,
    /// What the service calls it.
    pub interaction_id: String,
}

/// What the writers saw.
#[derive(Debug, Default)]
pub struct Told {
    /// Writes that were acknowledged, each once.
    pub acknowledged: Vec<Acknowledged>,
    /// Answers that said what happened and that the call may be repeated.
    pub refused: u64,
    /// Calls that nobody answered: in time, or before the connection ended.
    pub unanswered: u64,
    /// Answers that no fault excuses.
    pub unclean: Vec<Status>,
    /// The longest time in which no write of anybody was acknowledged.
    pub longest_silence: Duration,
}

/// What all writers share.
#[derive(Debug)]
struct Shared {
    told: Mutex<(Told, Instant)>,
    stop: CancellationToken,
}

impl Shared {
    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner).0);
    }

    fn acknowledged(&self, write: Acknowledged) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = told.1.elapsed();
        told.1 = Instant::now();
        told.0.longest_silence = told.0.longest_silence.max(silence);
        told.0.acknowledged.push(write);
    }
}

/// Writers at work.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    writers: JoinSet<Result<(), Failure>>,
}

impl Load {
    /// Has `writers` record contacts in each of which feedback is heard, one after the other, as `tenants` in turn.
    pub fn start(tenants: &[Tenant], writers: usize) -> Self {
        let shared = Arc::new(Shared {
            told: Mutex::new((Told::default(), Instant::now())),
            stop: CancellationToken::new(),
        });
        let mut all = JoinSet::new();
        for tenant in tenants.iter().cycle().take(writers) {
            all.spawn(write(tenant.clone(), Arc::clone(&shared)));
        }
        Self { shared, writers: all }
    }

    /// How many writes were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        let told = self.shared.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.0.acknowledged.len()
    }

    /// Waits until `more` further writes are acknowledged: the platform works again, or still.
    pub async fn goes_on(&self, more: usize) -> Result<(), Failure> {
        let (wanted, end) = (self.acknowledged() + more, Instant::now() + PATIENCE);
        while self.acknowledged() < wanted {
            if Instant::now() > end {
                return Err(format!("no {more} writes were acknowledged within {PATIENCE:?}").into());
            }
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }

    /// Begins no new write, repeats those that wait until they are acknowledged, and tells what was seen.
    pub async fn end(mut self) -> Result<Told, Failure> {
        self.shared.stop.cancel();
        while let Some(ended) = self.writers.join_next().await {
            ended??;
        }
        let mut told = self.shared.told.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut told.0))
    }
}

async fn write(tenant: Tenant, shared: Arc<Shared>) -> Result<(), Failure> {
    while !shared.stop.is_cancelled() {
        let source_id = Uuid::new_v4().to_string();
        let request = request(&source_id);
        let end = Instant::now() + PATIENCE;
        loop {
            let call = async { tenant.interactions().record_interaction(request.clone()).await };
            match tokio::time::timeout(ANSWER, call).await {
                Ok(Ok(answer)) => {
                    let interaction = answer.into_inner().interaction.unwrap_or_default();
                    let interaction_id = interaction.interaction_id;
                    shared.acknowledged(Acknowledged {
                        source_id,
                        interaction_id,
                    });
                    break;
                }
                // A status that the service itself sent has no source on this side.
                Ok(Err(status)) if status.source().is_some() => shared.note(|told| told.unanswered += 1),
                Ok(Err(status)) if may_be_repeated(&status) => shared.note(|told| told.refused += 1),
                Ok(Err(status)) => shared.note(|told| told.unclean.push(status)),
                Err(_) => shared.note(|told| told.unanswered += 1),
            }
            if Instant::now() > end {
                return Err(format!("a write was repeated for {PATIENCE:?} in vain").into());
            }
            tokio::time::sleep(REST).await;
        }
    }
    Ok(())
}

fn request(source_id: &str) -> RecordInteractionRequest {
    RecordInteractionRequest {
        interaction: Some(Interaction {
            channel: "chat".to_owned(),
            direction: Direction::Inbound.into(),
            touchpoint: "support".to_owned(),
            text: "The parcel came two days late.".to_owned(),
            occurred_at: Some(Timestamp {
                seconds: 1_772_438_400,
                nanos: 0,
            }),
            source_id: source_id.to_owned(),
            ..Interaction::default()
        }),
        request_id: Uuid::new_v4().to_string(),
    }
}

/// The codes of what passes (AIP-194, and what this API says of its own): the same call may succeed later.
fn may_be_repeated(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
