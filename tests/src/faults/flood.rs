//! More calls than a process takes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use attune_api::interactions::v1::ListInteractionsRequest;
use attune_testkit::{Failure, Tenant};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The deadline of each call.
const DEADLINE: Duration = Duration::from_secs(10);

/// What became of the calls of a flood.
#[derive(Debug, Default)]
pub struct Flood {
    /// Calls that were answered within their deadline.
    pub answered: usize,
    /// Calls that were refused because there are too many.
    pub refused: usize,
    /// Refusals that do not say when to come again.
    pub without_advice: usize,
    /// Whatever else was answered, and how often.
    pub others: BTreeMap<String, usize>,
    /// The median time of an answer.
    pub answer_p50: Duration,
    /// The median time of a refusal.
    pub refusal_p50: Duration,
    /// The longest time of a refusal.
    pub longest_refusal: Duration,
    /// By how much this process grew meanwhile, in KiB; 0 where the machine has no `/proc`.
    pub grown_kib: u64,
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "answered {} (median {:.1} ms), refused at once {} (median {:.1} ms, longest {:.1} ms), {} without advice, \
             {:?} otherwise, memory grew by {} KiB",
            self.answered,
            self.answer_p50.as_secs_f64() * 1e3,
            self.refused,
            self.refusal_p50.as_secs_f64() * 1e3,
            self.longest_refusal.as_secs_f64() * 1e3,
            self.without_advice,
            self.others,
            self.grown_kib
        )
    }
}

impl Flood {
    /// Has `callers` of `tenant` each make call after call for `time`, without ever waiting.
    pub async fn of(tenant: &Tenant, callers: usize, time: Duration) -> Result<Self, Failure> {
        let before = resident_kib();
        let end = Instant::now() + time;
        let mut all = JoinSet::new();
        for _ in 0..callers {
            all.spawn(calls(tenant.clone(), end));
        }
        let (mut flood, mut answers, mut refusals) = (Self::default(), Vec::new(), Vec::new());
        while let Some(calls) = all.join_next().await {
            for (took, outcome) in calls? {
                match outcome {
                    Outcome::Answered => answers.push(took),
                    Outcome::Refused { advised } => {
                        flood.without_advice += usize::from(!advised);
                        refusals.push(took);
                    }
                    Outcome::Other(what) => *flood.others.entry(what).or_default() += 1,
                }
            }
        }
        flood.grown_kib = resident_kib().saturating_sub(before);
        (flood.answered, flood.refused) = (answers.len(), refusals.len());
        flood.longest_refusal = refusals.iter().copied().max().unwrap_or_default();
        (flood.answer_p50, flood.refusal_p50) = (median(answers), median(refusals));
        Ok(flood)
    }
}

/// What became of one call; small, because there are many.
enum Outcome {
    Answered,
    /// Because there are too many, and with or without the word when to come again.
    Refused {
        advised: bool,
    },
    Other(String),
}

impl From<Result<(), Status>> for Outcome {
    fn from(outcome: Result<(), Status>) -> Self {
        match outcome {
            Ok(()) => Self::Answered,
            Err(status) if status.code() == Code::ResourceExhausted => {
                let advice = status.get_details_retry_info();
                let advised = advice.and_then(|info| info.retry_delay).is_some();
                Self::Refused { advised }
            }
            Err(status) => Self::Other(format!("{:?}: {}", status.code(), status.message())),
        }
    }
}

async fn calls(tenant: Tenant, end: Instant) -> Vec<(Duration, Outcome)> {
    let mut client = tenant.interactions();
    let mut seen = Vec::new();
    while Instant::now() < end {
        let mut request = tonic::Request::new(ListInteractionsRequest::default());
        request.set_timeout(DEADLINE);
        let asked = Instant::now();
        let outcome = client.list_interactions(request).await.map(drop);
        seen.push((asked.elapsed(), outcome.into()));
    }
    seen
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The memory that this process has now.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default()
}
