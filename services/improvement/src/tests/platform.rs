//! A database of its own for a test, a clock to be moved, and what the other services would tell.

use std::sync::Arc;

use attune_api::feedback::v1 as feedback;
use attune_api::notifications::v1 as notifications;
use attune_clock::{Clock, ManualClock};
use attune_database::template::{TemplateSet, TestDatabase};
use attune_database::{Database, PoolSettings, Schema, connect};
use attune_events::{ConsumeError, Consumer, Event};
use attune_rpc::{RequestKey, TenantId, timestamp};
use attune_timers::Worker;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::world::World;
use crate::commands::action::{self, AddAction, CompleteAction};
use crate::commands::initiative::{self, Create};
use crate::commands::issue::{self, Listing};
use crate::commands::rollout::{self, RollOut};
use crate::domain::{Comparison, Department, Draft, Initiative, Issue, Metric, Target};
use crate::error::Error;
use crate::events::{HotIssues, Messages};
use crate::source::SeriesSource;
use crate::timers::{Goals, Looks, Restatements};

/// When the issue of these tests was found; its window was the day before.
pub(super) const OPENED: &str = "2026-03-02T06:00:00Z";

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A platform without the other services: what they would tell is told by the test.
pub(super) struct Platform {
    pub(super) db: Database,
    pub(super) hand: ManualClock,
    pub(super) world: Arc<World>,
    pub(super) tenant: TenantId,
    _database: TestDatabase,
}

impl Platform {
    pub(super) async fn start() -> Self {
        const SCHEMA: Schema = Schema("improvement");
        let set = TemplateSet::new(&[(SCHEMA, &crate::MIGRATOR)]);
        let database = set.database().await.unwrap();
        let url = database.service_url(SCHEMA).unwrap();
        let pool = connect(&url, SCHEMA, PoolSettings::default()).await.unwrap();
        let (clock, hand) = Clock::manual(at(OPENED));
        Self {
            db: Database::new(pool, SCHEMA, clock),
            hand,
            world: Arc::new(World::default()),
            tenant: TenantId::parse("acme").unwrap(),
            _database: database,
        }
    }

    /// Hears an event as a subscription would.
    pub(super) async fn hear(&self, consumer: &impl Consumer, events: &[Event]) -> Result<(), ConsumeError> {
        let mut tx = self.db.system(&self.tenant).await?;
        consumer.handle_batch(&mut tx, events).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) fn event<P: prost::Message + prost::Name>(&self, subject: Uuid, payload: &P) -> Event {
        Event {
            position: 1,
            id: Uuid::now_v7(),
            source: "elsewhere".to_owned(),
            type_name: P::full_name(),
            subject,
            subject_version: 1,
            tenant: self.tenant.clone(),
            time: self.db.clock().now(),
            trace_context: None,
            data: payload.encode_to_vec().into(),
        }
    }

    /// A hot issue is found, and its cohort of so many persons arrives. Each has said one thing.
    pub(super) async fn issue(&self, persons: usize) -> (Issue, Vec<feedback::CohortMember>) {
        let hot_issue_id = Uuid::now_v7();
        let members: Vec<_> = (0..persons).map(|_| member(1)).collect();
        let opened = self.event(hot_issue_id, &opened(hot_issue_id));
        self.hear(&HotIssues, &[opened]).await.unwrap();
        let chunks: Vec<_> = members.chunks(500).collect();
        for (place, chunk) in chunks.iter().enumerate() {
            let part = frozen(hot_issue_id, (place + 1, chunks.len()), chunk.to_vec(), &[]);
            self.hear(&HotIssues, &[self.event(hot_issue_id, &part)])
                .await
                .unwrap();
        }
        (self.issues().await.remove(0), members)
    }

    pub(super) async fn issues(&self) -> Vec<Issue> {
        let page = attune_rpc::Page::parse(200, "", &"", &mut attune_rpc::Violations::default()).unwrap();
        issue::list(&self.db, &self.tenant, Listing::default(), &page)
            .await
            .unwrap()
            .0
    }

    pub(super) async fn issue_now(&self, id: Uuid) -> Issue {
        issue::get(&self.db, &self.tenant, id).await.unwrap()
    }

    /// An initiative for the issue, with one action that is done.
    pub(super) async fn prepared(&self, issue_id: Uuid) -> Initiative {
        let planned = self.plan(issue_id).await.unwrap();
        self.act(planned.initiative_id).await;
        self.initiative(planned.initiative_id).await
    }

    pub(super) async fn plan(&self, issue_id: Uuid) -> Result<Initiative, Error> {
        self.plan_beside(issue_id, None).await
    }

    /// The same, compared with something.
    pub(super) async fn plan_beside(
        &self,
        issue_id: Uuid,
        comparison: Option<Comparison>,
    ) -> Result<Initiative, Error> {
        let draft = Draft {
            comparison,
            ..Self::draft(issue_id)
        };
        initiative::create(
            &self.db,
            &self.tenant,
            Create {
                draft,
                by: "ada".to_owned(),
                key: once("CreateInitiative"),
            },
        )
        .await
    }

    /// What these tests do about an issue.
    pub(super) fn draft(issue_id: Uuid) -> Draft {
        Draft {
            issue_id,
            title: "Rebook by itself".to_owned(),
            hypothesis: "If we rebook by ourselves, then fewer will complain".to_owned(),
            owner: "Ada".to_owned(),
            departments: vec![Department {
                name: "Service".to_owned(),
                email: "service@example.com".to_owned(),
            }],
            target: Target {
                metric: Metric::TopicShare,
                smallest_relative_effect: 0.3,
                deadline_days: 28,
            },
            comparison: None,
            principle_ids: Vec::new(),
            team: "Rebooking".to_owned(),
            budget: None,
            change: "we rebook by ourselves".to_owned(),
            proposed: false,
        }
    }

    /// Adds an action and completes it.
    pub(super) async fn act(&self, initiative_id: Uuid) {
        let add = AddAction {
            initiative_id,
            title: "Build it".to_owned(),
            owner: "Grace".to_owned(),
            due_at: None,
            depends_on: Vec::new(),
            key: once("AddAction"),
        };
        let (_, action_id) = action::add_action(&self.db, &self.tenant, add).await.unwrap();
        let evidence = "released".to_owned();
        let complete = CompleteAction {
            initiative_id,
            action_id,
            evidence,
            by: "grace".to_owned(),
            key: once("CompleteAction"),
        };
        action::complete_action(&self.db, &self.tenant, complete)
            .await
            .unwrap();
    }

    pub(super) async fn initiative(&self, id: Uuid) -> Initiative {
        initiative::get(&self.db, &self.tenant, id).await.unwrap()
    }

    /// Declares a rollout that the cohort is told about.
    pub(super) async fn roll_out(
        &self,
        initiative_id: Uuid,
        change: Option<&str>,
    ) -> Result<Initiative, Error> {
        let command = RollOut {
            initiative_id,
            change: change.map(str::to_owned),
            template_id: Some(Uuid::now_v7()),
            pilot_override: None,
            by: "ada".to_owned(),
            key: once("RollOutInitiative"),
        };
        rollout::roll_out(&self.db, &*self.world, &self.tenant, command).await
    }

    pub(super) fn looks(&self) -> Worker {
        let source: Arc<dyn SeriesSource> = self.world.clone();
        Worker::new(self.db.clone(), Looks::new(self.db.clone(), source))
    }

    /// Moves the clock and takes the looks that are due, until none is.
    pub(super) async fn advance_to(&self, instant: DateTime<Utc>) {
        self.hand.advance_to(instant);
        while self.looks().step().await.unwrap()
            + self.goals().step().await.unwrap()
            + self.restatements().step().await.unwrap()
            > 0
        {}
    }

    fn restatements(&self) -> Worker {
        let source: Arc<dyn SeriesSource> = self.world.clone();
        Worker::new(self.db.clone(), Restatements::new(self.db.clone(), source))
    }

    pub(super) fn goals(&self) -> Worker {
        let source: Arc<dyn SeriesSource> = self.world.clone();
        Worker::new(self.db.clone(), Goals::new(self.db.clone(), source))
    }

    /// How many timers are set, beside the one at which the priorities of all issues are looked at.
    pub(super) async fn timers(&self) -> i64 {
        let mut tx = self.db.platform_tx().await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM improvement.timer WHERE kind <> 'improvement.priority'")
            .fetch_one(&mut *tx)
            .await
            .unwrap()
    }

    /// The events told so far, by type, in order.
    pub(super) async fn told(&self) -> Vec<Told> {
        let mut tx = self.db.platform_tx().await.unwrap();
        let rows: Vec<(String, Uuid, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT type, subject, subject_version, payload FROM improvement.outbox ORDER BY seq",
        )
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(type_name, subject, version, payload)| Told {
                type_name,
                subject,
                version,
                payload,
            })
            .collect()
    }

    /// The events of one type.
    pub(super) async fn told_of<P: prost::Message + prost::Name + Default>(&self) -> Vec<P> {
        let told = self.told().await;
        told.iter()
            .filter(|told| told.type_name == P::full_name())
            .map(Told::decode)
            .collect()
    }

    /// What became of a message to a person about an iteration.
    pub(super) fn outcome(
        &self,
        (initiative_id, iteration): (Uuid, i32),
        profile_id: &str,
        state: notifications::MessageState,
        reason: &str,
    ) -> Event {
        let message_id = Uuid::now_v7();
        let message = Some(notifications::Message {
            message_id: message_id.to_string(),
            profile_id: profile_id.to_owned(),
            origin: Some(notifications::MessageOrigin {
                kind: "initiative".to_owned(),
                id: initiative_id.to_string(),
                occasion: iteration.to_string(),
            }),
            state: state.into(),
            reason: reason.to_owned(),
            decided_at: Some(timestamp(self.db.clock().now())),
            ..Default::default()
        });
        match state {
            notifications::MessageState::Sent => {
                self.event(message_id, &notifications::MessageSent { message })
            }
            notifications::MessageState::Blocked => {
                self.event(message_id, &notifications::MessageBlocked { message })
            }
            _ => self.event(message_id, &notifications::MessageFailed { message }),
        }
    }

    pub(super) async fn hear_outcomes(&self, outcomes: &[Event]) {
        self.hear(&Messages, outcomes).await.unwrap();
    }
}

/// One event of the outbox.
pub(super) struct Told {
    pub(super) type_name: String,
    pub(super) subject: Uuid,
    pub(super) version: i64,
    payload: Vec<u8>,
}

impl Told {
    fn decode<P: prost::Message + Default>(&self) -> P {
        P::decode(&*self.payload).unwrap()
    }
}

/// A request that is sent once.
pub(super) fn once(method: &'static str) -> RequestKey {
    RequestKey {
        method,
        request_id: None,
        hash: [0; 32],
    }
}

/// A request that may be repeated.
pub(super) fn repeated(method: &'static str, request_id: Uuid) -> RequestKey {
    RequestKey {
        method,
        request_id: Some(request_id),
        hash: [1; 32],
    }
}

pub(super) fn opened(hot_issue_id: Uuid) -> feedback::HotIssueOpened {
    feedback::HotIssueOpened {
        hot_issue: Some(feedback::HotIssue {
            hot_issue_id: hot_issue_id.to_string(),
            topic_id: "cancelled_service".to_owned(),
            topic_name: "Cancelled service".to_owned(),
            product: "united".to_owned(),
            state: feedback::HotIssueState::Open.into(),
            opened_at: Some(timestamp(at(OPENED))),
            window_start: Some(timestamp(at(OPENED) - TimeDelta::days(1))),
            observed: 40,
            expected: 4.0,
            p_value: 1e-9,
            cohort_size: 2,
            evidence_size: 3,
            quotes: vec!["they cancelled again".to_owned()],
            ..Default::default()
        }),
    }
}

pub(super) fn frozen(
    hot_issue_id: Uuid,
    (part, parts): (usize, usize),
    members: Vec<feedback::CohortMember>,
    anonymous: &[Uuid],
) -> feedback::HotIssueCohortFrozen {
    feedback::HotIssueCohortFrozen {
        hot_issue_id: hot_issue_id.to_string(),
        part: i32::try_from(part).unwrap(),
        parts: i32::try_from(parts).unwrap(),
        members,
        anonymous_feedback_ids: anonymous.iter().map(Uuid::to_string).collect(),
    }
}

pub(super) fn member(said: usize) -> feedback::CohortMember {
    feedback::CohortMember {
        profile_id: Uuid::now_v7().to_string(),
        feedback_ids: (0..said).map(|_| Uuid::now_v7().to_string()).collect(),
    }
}
