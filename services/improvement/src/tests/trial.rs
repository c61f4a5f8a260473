//! A running pilot on a platform without the other services.

use std::sync::Arc;

use attune_api::feedback::v1 as feedback;
use attune_rpc::timestamp;
use attune_stats::MetricId;
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::platform::{Platform, at, once};
use crate::commands::assignment::{self, Assign, Record};
use crate::commands::pilot::{self, Create, Shown, Wanted};
use crate::commands::rollout::{self, RollOut};
use crate::domain::{
    Arm, Assignment, Candidate, Exposure, Initiative, PilotGuard, PilotMetric, PilotOverride, Setup, Slice,
};
use crate::error::Error;
use crate::events::SaidByCustomers;
use crate::timers::Pilots;

/// A platform with a running pilot of half the customers.
pub(super) struct Trial {
    pub(super) platform: Platform,
    pub(super) initiative_id: Uuid,
    pub(super) pilot_id: Uuid,
}

fn metric(metric: MetricId) -> PilotMetric {
    PilotMetric {
        metric,
        slice: Slice::default(),
    }
}

impl Trial {
    pub(super) async fn planned() -> Self {
        Self::planned_in(&[]).await
    }

    /// One whose customers belong to strata.
    async fn planned_in(strata: &[&str]) -> Self {
        let platform = Platform::start().await;
        platform.world.number(at("2026-01-01T00:00:00Z"), 0.70);
        let (issue, _) = platform.issue(3).await;
        let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
        let mut trial = Self {
            platform,
            initiative_id,
            pilot_id: Uuid::nil(),
        };
        trial.pilot_id = trial.plan_in(strata).await.unwrap().pilot.pilot_id;
        trial
    }

    pub(super) async fn running() -> Self {
        Self::running_in(&[]).await
    }

    pub(super) async fn running_in(strata: &[&str]) -> Self {
        let trial = Self::planned_in(strata).await;
        let (db, tenant) = (&trial.platform.db, &trial.platform.tenant);
        pilot::start(db, tenant, trial.pilot_id, &once("StartPilot"))
            .await
            .unwrap();
        trial
    }

    pub(super) async fn plan(&self) -> Result<Shown, Error> {
        self.plan_in(&[]).await
    }

    async fn plan_in(&self, strata: &[&str]) -> Result<Shown, Error> {
        let setup = Setup {
            hypothesis: "more are satisfied".to_owned(),
            metric: metric(MetricId::Csat),
            guards: vec![PilotGuard {
                metric: metric(MetricId::Ces),
                tolerated: 0.5,
            }],
            strata: strata.iter().map(ToString::to_string).collect(),
            deadline_days: 30,
        };
        let wanted = Wanted {
            smallest_effect: 0.0,
            planned_effect: 0.2,
            power: 0.8,
            alpha: 0.05,
            treated_share: 0.5,
            looks: 2,
        };
        let create = Create {
            initiative_id: self.initiative_id,
            setup,
            wanted,
            key: once("CreatePilot"),
        };
        let Platform {
            db, world, tenant, ..
        } = &self.platform;
        pilot::create(db, &**world, tenant, create).await
    }

    pub(super) async fn shown(&self) -> Shown {
        pilot::get(&self.platform.db, &self.platform.tenant, self.pilot_id)
            .await
            .unwrap()
    }

    pub(super) async fn assign(&self, customers: &[Uuid]) -> Result<Vec<Assignment>, Error> {
        self.assign_to("", customers).await
    }

    async fn assign_to(&self, stratum: &str, customers: &[Uuid]) -> Result<Vec<Assignment>, Error> {
        let candidate = |profile_id: &Uuid| Candidate {
            profile_id: *profile_id,
            stratum: stratum.to_owned(),
        };
        let assign = Assign {
            pilot_id: self.pilot_id,
            candidates: customers.iter().map(candidate).collect(),
            key: once("AssignProfiles"),
        };
        assignment::assign(&self.platform.db, &self.platform.tenant, assign).await
    }

    /// Assigns twice as many customers, and exposes half of `count` in each arm as assigned: a hash seldom fills two
    /// arms alike, and the test is to say the same each time. Answers control and treated.
    pub(super) async fn admit(&self, count: usize) -> (Vec<Uuid>, Vec<Uuid>) {
        self.admit_to("", (2 * count, count)).await
    }

    /// The same in a stratum to which so many customers are assigned.
    pub(super) async fn admit_to(
        &self,
        stratum: &str,
        (customers, count): (usize, usize),
    ) -> (Vec<Uuid>, Vec<Uuid>) {
        let customers: Vec<_> = (0..customers).map(|_| Uuid::now_v7()).collect();
        let mut assigned = Vec::new();
        for part in customers.chunks(500) {
            assigned.extend(self.assign_to(stratum, part).await.unwrap());
        }
        let of = |arm: Arm| {
            let own = assigned.iter().filter(|one| one.arm == arm);
            own.map(|one| one.profile_id).take(count / 2).collect::<Vec<_>>()
        };
        let (control, treated) = (of(Arm::Control), of(Arm::Treated));
        assert_eq!((control.len(), treated.len()), (count / 2, count / 2));
        self.expose(&control, false).await.unwrap();
        self.expose(&treated, true).await.unwrap();
        (control, treated)
    }

    pub(super) async fn expose(&self, customers: &[Uuid], treated: bool) -> Result<Vec<Uuid>, Error> {
        let exposed_at = self.platform.db.clock().now();
        let record = Record {
            pilot_id: self.pilot_id,
            exposures: customers
                .iter()
                .map(|profile_id| Exposure {
                    profile_id: *profile_id,
                    exposed_at,
                    treated,
                })
                .collect(),
            key: once("RecordExposures"),
        };
        assignment::record(&self.platform.db, &self.platform.tenant, record).await
    }

    /// They answer: each with the value that `value` gives for their place.
    pub(super) async fn answer(
        &self,
        customers: &[Uuid],
        kind: feedback::RatingKind,
        occurred_at: DateTime<Utc>,
        value: impl Fn(usize) -> i32,
    ) {
        let events: Vec<_> = customers
            .iter()
            .enumerate()
            .map(|(place, profile_id)| {
                let feedback_id = Uuid::now_v7();
                let submitted = feedback::FeedbackSubmitted {
                    feedback_id: feedback_id.to_string(),
                    profile_id: profile_id.to_string(),
                    rating: Some(feedback::Rating {
                        kind: kind.into(),
                        value: value(place),
                    }),
                    occurred_at: Some(timestamp(occurred_at)),
                    ..Default::default()
                };
                self.platform.event(feedback_id, &submitted)
            })
            .collect();
        self.platform.hear(&SaidByCustomers, &events).await.unwrap();
    }

    /// Of ten customers so many are satisfied.
    pub(super) async fn satisfy(&self, customers: &[Uuid], of_ten: usize) {
        let now = self.platform.db.clock().now();
        let value = |place: usize| if place % 10 < of_ten { 5 } else { 2 };
        self.answer(customers, feedback::RatingKind::Csat, now, value)
            .await;
    }

    pub(super) async fn advance(&self, days: i64) {
        self.platform.hand.advance(TimeDelta::days(days));
        let timers = TimerLoop::new(self.platform.db.clone(), vec![Arc::new(Pilots)]);
        while timers.step().await.unwrap() > 0 {}
    }

    pub(super) async fn roll_out(&self, pilot_override: Option<PilotOverride>) -> Result<Initiative, Error> {
        let command = RollOut {
            initiative_id: self.initiative_id,
            change: None,
            template_id: None,
            pilot_override,
            by: "ada".to_owned(),
            key: once("RollOutInitiative"),
        };
        let Platform {
            db, world, tenant, ..
        } = &self.platform;
        rollout::roll_out(db, &**world, tenant, command).await
    }
}
