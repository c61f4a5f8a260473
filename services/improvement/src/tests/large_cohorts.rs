//! Cohorts that are told in more than one step.

use std::collections::HashSet;
use std::time::Duration;

use attune_api::improvement::v1 as pb;
use attune_timers::Worker;
use uuid::Uuid;

use super::platform::{Platform, at, once};
use crate::commands::cohort_extension::{self, Extend};
use crate::commands::cohort_telling::STEP;
use crate::commands::initiative::{self, Stop};
use crate::domain::{Issue, Statement, TellingSummary};
use crate::error::Error;
use crate::timers::Tellings;

/// One step and three persons.
const PERSONS: usize = 5_003;

impl Platform {
    fn telling(&self) -> Worker {
        Worker::new(self.db.clone(), Tellings::new(self.db.clone()))
    }

    /// Who was asked to be told so far, as often as they were.
    async fn asked(&self) -> Vec<String> {
        let told = self.told_of::<pb::CohortTellingRequested>().await;
        told.into_iter().flat_map(|part| part.profile_ids).collect()
    }

    async fn summary(&self, initiative_id: Uuid) -> TellingSummary {
        self.initiative(initiative_id).await.current.telling.unwrap()
    }
}

/// A platform whose customers are being told, and who they are.
async fn rolled_out() -> (Platform, Issue, Uuid, HashSet<String>) {
    assert_eq!(i64::try_from(PERSONS).unwrap(), STEP + 3);
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(PERSONS).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    let persons = members.into_iter().map(|member| member.profile_id).collect();
    (platform, issue, initiative_id, persons)
}

/// Each of `persons` was asked for once, and nobody else.
fn assert_each_once(asked: &[String], persons: &HashSet<String>) {
    let each: HashSet<_> = asked.iter().cloned().collect();
    assert_eq!(&each, persons);
    assert_eq!(asked.len(), persons.len());
}

#[tokio::test]
async fn everybody_is_pending_at_once_and_asked_for_once_step_by_step() {
    let (platform, _, id, persons) = rolled_out().await;
    let all = i64::try_from(PERSONS).unwrap();
    assert_eq!(
        platform.summary(id).await.pending,
        all,
        "whose turn has not come is pending"
    );
    assert_eq!(platform.asked().await.len(), usize::try_from(STEP).unwrap());

    assert_eq!(platform.telling().step().await.unwrap(), 1);
    assert_eq!(platform.telling().step().await.unwrap(), 0, "nobody is left");
    assert_each_once(&platform.asked().await, &persons);
    assert_eq!(platform.summary(id).await.pending, all);

    let told = platform.told().await;
    let of_initiative = told.iter().filter(|told| told.subject == id);
    let versions: Vec<_> = of_initiative.map(|told| told.version).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[tokio::test]
async fn two_who_do_the_same_step_ask_for_nobody_twice() {
    let (platform, _, _, persons) = rolled_out().await;
    // A lease that is over at once: each believes that the other is dead.
    let dying = || platform.telling().with_longest_lease(Some(Duration::ZERO));
    let (one, other) = (dying(), dying());
    let (one, other) = tokio::join!(one.step(), other.step());
    assert!(one.unwrap() + other.unwrap() > 0);
    platform.hand.advance_to(at("2026-03-12T08:00:00Z"));
    while platform.telling().step().await.unwrap() > 0 {}
    assert_each_once(&platform.asked().await, &persons);
}

#[tokio::test]
async fn who_began_to_hear_it_hears_it_to_the_end_and_nobody_joins_meanwhile() {
    let (platform, issue, id, persons) = rolled_out().await;
    let stop = Stop {
        initiative_id: id,
        reason: "another way was found".to_owned(),
        by: "ada".to_owned(),
        key: once("StopInitiative"),
    };
    initiative::stop(&platform.db, &platform.tenant, stop)
        .await
        .unwrap();
    let extend = || Extend {
        issue_id: issue.issue_id,
        etag: String::new(),
        statement: Statement {
            by: "Grace".to_owned(),
            reason: "they were hit by the same".to_owned(),
        },
        key: once("ExtendCohort"),
    };
    let refused = async || match cohort_extension::extend(&platform.db, &platform.tenant, extend()).await {
        Err(Error::WrongState(refused)) => refused.message,
        other => panic!("{other:?}"),
    };
    let message = refused().await;
    assert!(message.contains("told to it"), "{message}");
    while platform.telling().step().await.unwrap() > 0 {}
    assert_each_once(&platform.asked().await, &persons);
    let message = refused().await;
    assert!(message.contains("nothing was said"), "{message}");
}
