//! What customers say, day after day.

use attune_api::improvement::v1::{GetIssueRequest, Issue, ListIssuesRequest, Verdict, VerdictDecision};
use attune_api::interactions::v1::{Direction, Interaction, RecordInteractionsRequest};
use attune_testkit::{Failure, Tenant};
use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Timestamp;
use tonic::{Response, Status};

use super::owner::Owner;
use super::patience::ask;
use super::{Moment, World, customers, start};

/// The topic the storm is about, as the starter taxonomy names it.
pub(super) const TOPIC: &str = "cancellation";

/// How much time lies between two pieces of feedback: 160 a day.
const BETWEEN: TimeDelta = TimeDelta::minutes(9);
/// One in so many speaks of the topic while all is well, and while it is broken.
const WELL: u64 = 30;
const BROKEN: u64 = 5;

const STORM: [&str; 4] = [
    "My flight was cancelled again and nobody told me before I was at the gate",
    "Cancelled flight, no rebooking, three hours in the hall. Terrible",
    "You cancelled my flight without a word, this is awful",
    "Рейс отменили, никто ничего не объяснил, ужасно",
];
const USUAL: [&str; 8] = [
    "Thank you, the crew was friendly and we landed on time",
    "The seat was fine and the coffee was good",
    "Booking on your website took two minutes, great",
    "Is there a flight to Lisbon in June?",
    "The food could be warmer",
    "Спасибо, всё прошло хорошо",
    "服务很好，谢谢",
    "Where can I find my booking number?",
];

/// The life of the company, step by step.
pub(super) struct Days<'w> {
    world: &'w dyn World,
    company: Tenant,
    customers: Vec<String>,
    /// How far the time moves at once.
    step: TimeDelta,
    broken: bool,
    said: u64,
}

impl<'w> Days<'w> {
    pub(super) async fn new(world: &'w dyn World, step: TimeDelta) -> Result<Self, Failure> {
        let company = world.company()?;
        let customers = customers::create(&company).await?;
        world.advance_to(start()?).await?;
        Ok(Self {
            world,
            company,
            customers,
            step,
            broken: false,
            said: 0,
        })
    }

    pub(super) fn company(&self) -> &Tenant {
        &self.company
    }

    pub(super) fn break_it(&mut self) {
        self.broken = true;
    }

    pub(super) fn mend_it(&mut self) {
        self.broken = false;
    }

    /// Lets `days` days go by.
    pub(super) async fn live(&mut self, days: u32) -> Result<(), Failure> {
        for _ in 0..self.steps(days) {
            self.step().await?;
        }
        Ok(())
    }

    fn steps(&self, days: u32) -> i64 {
        i64::from(days) * TimeDelta::days(1).num_seconds() / self.step.num_seconds()
    }

    pub(super) async fn until_an_issue_opens(&mut self, most_days: u32) -> Result<Issue, Failure> {
        for _ in 0..self.steps(most_days) {
            self.step().await?;
            if let Some(issue) = self.issues().await?.pop() {
                return Ok(issue);
            }
        }
        Err(format!("no issue opened within {most_days} days").into())
    }

    pub(super) async fn until_a_verdict(
        &mut self,
        owner: &Owner<'_>,
        iteration: i32,
        most_days: u32,
    ) -> Result<Verdict, Failure> {
        for _ in 0..self.steps(most_days) {
            self.step().await?;
            let verdict = owner.iteration(iteration).await?.verdict;
            if let Some(verdict) = verdict
                && verdict.decision() != VerdictDecision::NotYet
            {
                return Ok(verdict);
            }
        }
        Err(format!("no verdict on iteration {iteration} within {most_days} days").into())
    }

    pub(super) async fn issues(&self) -> Result<Vec<Issue>, Failure> {
        let issues = || self.company.issues();
        Ok(
            ask(async || issues().list_issues(ListIssuesRequest::default()).await)
                .await?
                .issues,
        )
    }

    pub(super) async fn issue(&self, issue_id: &str) -> Result<Issue, Failure> {
        let request = GetIssueRequest {
            issue_id: issue_id.to_owned(),
        };
        let found = ask(async || self.company.issues().get_issue(request.clone()).await).await?;
        Ok(found.issue.ok_or("no issue")?)
    }

    /// People say things, the time moves, and what follows from it happens.
    async fn step(&mut self) -> Result<(), Failure> {
        let from = self.world.now();
        let count = self.step.num_seconds() / BETWEEN.num_seconds();
        let offsets = (0..count).map(|place| BETWEEN * i32::try_from(place).unwrap_or_default());
        let interactions = (self.said..)
            .zip(offsets)
            .map(|(number, offset)| self.contact(number, from + offset));
        let interactions: Vec<_> = interactions.collect();
        self.said += interactions.len() as u64;
        self.record(interactions).await?;
        self.world.reached(Moment::Said).await?;
        self.world.advance_to(from + self.step).await
    }

    /// Source ids make it safe to send a batch again.
    async fn record(&self, interactions: Vec<Interaction>) -> Result<(), Failure> {
        let count = interactions.len();
        let message = RecordInteractionsRequest { interactions };
        let answer = ask(async || {
            let messages = futures::stream::iter([message.clone()]);
            let answers = self.company.interactions().record_interactions(messages).await?;
            let first = answers.into_inner().message().await?;
            first
                .map(Response::new)
                .ok_or_else(|| Status::unavailable("a batch was not answered"))
        });
        let results = answer.await?.results;
        assert_eq!(results.len(), count);
        assert!(
            results.iter().all(|result| result.problems.is_empty()),
            "{results:?}"
        );
        Ok(())
    }

    fn contact(&self, number: u64, occurred_at: DateTime<Utc>) -> Interaction {
        let chance = mix(number);
        let one_in = if self.broken { BROKEN } else { WELL };
        let text = if chance.is_multiple_of(one_in) {
            pick(&STORM, mix(chance))
        } else {
            pick(&USUAL, mix(chance))
        };
        Interaction {
            profile_id: pick(&self.customers, mix(chance ^ 7)).clone(),
            channel: "social".into(),
            direction: Direction::Inbound.into(),
            touchpoint: "social.post".into(),
            product: if chance.is_multiple_of(3) {
                "Long haul"
            } else {
                "Short haul"
            }
            .into(),
            text: (*text).to_owned(),
            occurred_at: Some(timestamp(occurred_at)),
            source_id: format!("post-{number}"),
            ..Interaction::default()
        }
    }
}

fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    }
}

fn pick<T>(list: &[T], chance: u64) -> &T {
    &list[usize::try_from(chance % list.len() as u64).unwrap_or_default()]
}

/// Sebastiano Vigna's splitmix64: chance that is the same in every run.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
