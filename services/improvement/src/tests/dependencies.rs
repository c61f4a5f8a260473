//! Actions that wait for others, and who is asked about them.

use std::sync::Arc;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Code, Page, Reason, Violations, timestamp};
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once, repeated};
use crate::commands::action::{self, AddAction, CompleteAction, SetDependencies};
use crate::commands::{board, workload};
use crate::convert;
use crate::domain::Initiative;
use crate::error::Error;
use crate::timers::Actions;

/// An initiative whose actions wait for each other.
struct Chain {
    platform: Platform,
    initiative_id: Uuid,
}

impl Chain {
    async fn begin() -> Self {
        let platform = Platform::start().await;
        let (issue, _) = platform.issue(2).await;
        let initiative_id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
        Self {
            platform,
            initiative_id,
        }
    }

    async fn try_add(
        &self,
        (title, owner): (&str, &str),
        due_at: Option<DateTime<Utc>>,
        depends_on: &[Uuid],
    ) -> Result<Uuid, Error> {
        let add = AddAction {
            initiative_id: self.initiative_id,
            title: title.to_owned(),
            owner: owner.to_owned(),
            due_at,
            depends_on: depends_on.to_vec(),
            key: once("AddAction"),
        };
        let added = action::add_action(&self.platform.db, &self.platform.tenant, add).await;
        added.map(|(_, action_id)| action_id)
    }

    async fn add(&self, what: (&str, &str), due_at: Option<DateTime<Utc>>, depends_on: &[Uuid]) -> Uuid {
        self.try_add(what, due_at, depends_on).await.unwrap()
    }

    async fn set(&self, action_id: Uuid, depends_on: &[Uuid], request_id: Uuid) -> Result<Initiative, Error> {
        let set = SetDependencies {
            initiative_id: self.initiative_id,
            action_id,
            depends_on: depends_on.to_vec(),
            key: repeated("SetActionDependencies", request_id),
        };
        action::set_dependencies(&self.platform.db, &self.platform.tenant, set).await
    }

    async fn complete(&self, action_id: Uuid) -> Result<Initiative, Error> {
        let complete = CompleteAction {
            initiative_id: self.initiative_id,
            action_id,
            evidence: "seen".to_owned(),
            by: "grace".to_owned(),
            key: once("CompleteAction"),
        };
        action::complete_action(&self.platform.db, &self.platform.tenant, complete).await
    }

    async fn until_day(&self, day: i64) {
        self.platform.hand.advance_to(at(OPENED) + TimeDelta::days(day));
        let timers = TimerLoop::new(self.platform.db.clone(), vec![Arc::new(Actions)]);
        while timers.step().await.unwrap() > 0 {}
    }

    /// What the issue waits for.
    async fn blocker(&self) -> pb::Blocker {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let shown = board::get(&self.platform.db, &self.platform.tenant, None, &page)
            .await
            .unwrap();
        let item = convert::board::to_proto(shown).items.remove(0);
        item.blocked_on.unwrap()
    }
}

fn violation(error: Error) -> String {
    let error = attune_rpc::Error::from(error);
    assert_eq!(
        (error.code(), error.reason()),
        (Code::InvalidArgument, Reason::InvalidFields)
    );
    let status = tonic::Status::from(error);
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 1);
    format!("{}: {}", violations[0].field, violations[0].description)
}

#[tokio::test]
async fn an_action_is_done_after_those_it_waits_for() {
    let chain = Chain::begin().await;
    let build = chain.add(("Build it", "Grace"), None, &[]).await;
    let send = chain.add(("Send it", "Joan"), None, &[build]).await;
    let early = attune_rpc::Error::from(chain.complete(send).await.unwrap_err());
    assert_eq!(
        (early.code(), early.reason()),
        (Code::FailedPrecondition, Reason::WrongState)
    );
    assert!(early.message().contains("\"Build it\" (Grace)"), "{early}");
    chain.complete(build).await.unwrap();
    let done = chain.complete(send).await.unwrap();
    assert!(
        done.current
            .actions
            .iter()
            .all(|action| action.completed_at.is_some())
    );
}

#[tokio::test]
async fn a_circle_is_named_and_nothing_of_it_is_kept() {
    let chain = Chain::begin().await;
    let build = chain.add(("Build it", "Grace"), None, &[]).await;
    let send = chain.add(("Send it", "Joan"), None, &[build]).await;
    let refused = violation(chain.set(build, &[send], Uuid::now_v7()).await.unwrap_err());
    assert_eq!(
        refused,
        "depends_on_action_ids: must not go round in a circle: \"Build it\" → \"Send it\" → \"Build it\""
    );
    let kept = chain.platform.initiative(chain.initiative_id).await;
    let of_build = kept
        .current
        .actions
        .iter()
        .find(|action| action.action_id == build);
    assert!(of_build.unwrap().depends_on.is_empty());

    let foreign = chain.try_add(("Look", "Ada"), None, &[Uuid::now_v7()]).await;
    let refused = violation(foreign.unwrap_err());
    assert!(refused.starts_with("action.depends_on_action_ids: "), "{refused}");
    let nobodys = attune_rpc::Error::from(chain.set(Uuid::now_v7(), &[], Uuid::now_v7()).await.unwrap_err());
    assert_eq!(nobodys.code(), Code::NotFound);
}

#[tokio::test]
async fn what_is_waited_for_can_be_said_anew_and_is_said_once() {
    let chain = Chain::begin().await;
    let build = chain.add(("Build it", "Grace"), None, &[]).await;
    let send = chain.add(("Send it", "Joan"), None, &[build]).await;
    let request_id = Uuid::now_v7();
    let freed = chain.set(send, &[], request_id).await.unwrap();
    let again = chain.set(send, &[], request_id).await.unwrap();
    assert_eq!(freed.version, again.version);
    chain.complete(send).await.unwrap();
    let late = attune_rpc::Error::from(chain.set(send, &[build], Uuid::now_v7()).await.unwrap_err());
    assert!(late.message().contains("done already"), "{late}");
}

#[tokio::test]
async fn who_holds_up_what_is_overdue_is_asked_and_not_who_waits() {
    let chain = Chain::begin().await;
    let due = Some(at(OPENED) + TimeDelta::days(1));
    let plan = chain.add(("Plan it", "Lin"), None, &[]).await;
    let build = chain.add(("Build it", "Grace"), None, &[plan]).await;
    let send = chain.add(("Send it", "Joan"), due, &[build]).await;

    let blocker = chain.blocker().await;
    assert_eq!(
        (blocker.who.as_str(), blocker.action_id),
        ("Lin", plan.to_string())
    );
    assert_eq!(blocker.holds_up_action_id, send.to_string());
    assert_eq!(
        blocker.due_at,
        due.map(timestamp),
        "it is needed when what waits is due"
    );
    assert!(blocker.what.contains("Joan waits for it"), "{}", blocker.what);

    chain.until_day(9).await;
    let told = chain.platform.told_of::<pb::ActionOverdue>().await;
    let held_up = &told[0].held_up_by;
    assert_eq!((held_up.len(), held_up[0].owner.as_str()), (1, "Lin"));
    let letters = chain.platform.told_of::<pb::DepartmentTellingRequested>().await;
    let overdue = letters
        .iter()
        .find(|letter| letter.occasion.starts_with("overdue-"));
    let body = &overdue.unwrap().body;
    assert!(body.contains("Waits for: \"Plan it\", which Lin does"), "{body}");

    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let (workloads, _) = workload::get(&chain.platform.db, &chain.platform.tenant, None, &page)
        .await
        .unwrap();
    let waiting: Vec<_> = workloads
        .iter()
        .map(|load| (load.owner.as_str(), load.open_actions, load.waiting_actions))
        .collect();
    assert_eq!(
        waiting,
        [("Ada", 0, 0), ("Grace", 1, 1), ("Joan", 1, 1), ("Lin", 1, 0)]
    );

    for action_id in [plan, build] {
        chain.complete(action_id).await.unwrap();
    }
    let blocker = chain.blocker().await;
    assert_eq!(
        (blocker.who.as_str(), blocker.holds_up_action_id.as_str()),
        ("Joan", "")
    );
}
