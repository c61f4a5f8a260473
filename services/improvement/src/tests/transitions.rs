//! The steps of initiatives, and the record of who took them and why.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Code, Page, Violations};
use uuid::Uuid;

use super::platform::{Platform, at, once, repeated};
use super::requests::wrong;
use crate::commands::initiative::{self, Create, Stop};
use crate::commands::trace::{self, Beginning, From};
use crate::commands::transition::{self, Decide};
use crate::convert;
use crate::domain::{InitiativeState, IssueState, Transition};
use crate::error::Error;

fn page(size: i32, token: &str) -> Page<i32> {
    Page::parse(size, token, &"", &mut Violations::default()).unwrap()
}

async fn steps(platform: &Platform, id: Uuid) -> Vec<Transition> {
    transition::list(&platform.db, &platform.tenant, id, &page(200, ""))
        .await
        .unwrap()
        .0
}

/// From where to where by whom.
fn in_short(steps: &[Transition]) -> Vec<(&str, &str, &str)> {
    let states = steps.iter();
    states
        .map(|step| {
            let from = step.from.map_or("", InitiativeState::as_str);
            (from, step.to.as_str(), step.by.as_str())
        })
        .collect()
}

fn decide(initiative_id: Uuid, reason: &str, request_id: Uuid) -> Decide {
    Decide {
        initiative_id,
        by: "chief".to_owned(),
        reason: reason.to_owned(),
        key: repeated("ApproveInitiative", request_id),
    }
}

async fn stop(platform: &Platform, initiative_id: Uuid) -> Result<(), Error> {
    let stop = Stop {
        initiative_id,
        by: "chief".to_owned(),
        reason: "too dear".to_owned(),
        key: once("StopInitiative"),
    };
    initiative::stop(&platform.db, &platform.tenant, stop).await?;
    Ok(())
}

/// An initiative that has to be approved.
async fn proposed(platform: &Platform) -> Uuid {
    let (issue, _) = platform.issue(2).await;
    let planned = platform.plan(issue.issue_id).await.unwrap();
    stop(platform, planned.initiative_id).await.unwrap();
    proposed_for(platform, issue.issue_id).await
}

async fn proposed_for(platform: &Platform, issue_id: Uuid) -> Uuid {
    let draft = Platform::draft(issue_id);
    let create = Create {
        draft: crate::domain::Draft {
            proposed: true,
            ..draft
        },
        by: "ada".to_owned(),
        key: once("CreateInitiative"),
    };
    let created = initiative::create(&platform.db, &platform.tenant, create).await;
    created.unwrap().initiative_id
}

#[tokio::test]
async fn a_loop_that_fails_once_is_on_record_step_by_step() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    stop(&platform, id).await.unwrap();

    let steps = steps(&platform, id).await;
    let look = "service:improvement";
    assert_eq!(
        in_short(&steps),
        [
            ("", "planned", "ada"),
            ("planned", "in_progress", "grace"),
            ("in_progress", "rolled_out", "ada"),
            ("rolled_out", "measuring", look),
            ("measuring", "ineffective", look),
            ("ineffective", "planned", look),
            ("planned", "stopped", "chief")
        ]
    );
    assert_eq!(steps[1].evidence, "\"Build it\": released");
    assert!(
        steps[2].evidence.starts_with("1 actions done"),
        "{}",
        steps[2].evidence
    );
    assert_eq!(steps[3].at, at("2026-03-19T06:00:00Z"));
    assert_eq!((steps[5].iteration, steps[6].reason.as_str()), (2, "too dear"));
    let again = attune_rpc::Error::from(stop(&platform, id).await.unwrap_err());
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert_eq!(
        self::steps(&platform, id).await,
        steps,
        "what is refused leaves no record"
    );
}

#[tokio::test]
async fn an_initiative_from_before_the_record_goes_on_and_its_record_begins_there() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    for forget in [
        "DELETE FROM improvement.initiative_transition",
        "UPDATE improvement.initiative SET transitions = DEFAULT",
    ] {
        sqlx::query(forget).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();

    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    let steps = steps(&platform, id).await;
    let look = "service:improvement";
    assert_eq!(
        in_short(&steps),
        [
            ("rolled_out", "measuring", look),
            ("measuring", "ineffective", look),
            ("ineffective", "planned", look)
        ]
    );
    assert_eq!((steps[0].number, steps[2].number), (1, 3));
}

#[tokio::test]
async fn what_an_older_version_writes_beside_this_one_is_gone_on_with() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let known = platform.plan(issue.issue_id).await.unwrap();
    stop(&platform, known.initiative_id).await.unwrap();
    let (id, action_id) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    // The columns that the version before knew.
    for written in [
        "INSERT INTO improvement.initiative (tenant_id, initiative_id, issue_id, version, events, title, hypothesis,
                                             owner, stopped_reason, departments, target, state, created_at,
                                             principle_ids, comparison)
         SELECT tenant_id, $1, issue_id, 1, 1, title, hypothesis, owner, '', departments, target, 'planned',
                created_at, principle_ids, comparison
         FROM improvement.initiative WHERE $2 <> initiative_id",
        "INSERT INTO improvement.iteration (tenant_id, initiative_id, number, change, reason, looks_done)
         SELECT tenant_id, $1, number, change, reason, looks_done FROM improvement.iteration WHERE $2 <> initiative_id",
        "INSERT INTO improvement.action (tenant_id, initiative_id, iteration, action_id, title, owner, completed_at,
                                         evidence, escalation)
         SELECT tenant_id, $1, 1, $2, 'Build it', 'Grace', NULL, '', 0
         FROM improvement.initiative WHERE initiative_id = $1",
    ] {
        let written = sqlx::query(written).bind(id).bind(action_id);
        assert_eq!(written.execute(&mut *tx).await.unwrap().rows_affected(), 1);
    }
    tx.commit().await.unwrap();

    let read = platform.initiative(id).await;
    assert_eq!((read.team.as_str(), read.budget, read.spent), ("", None, 0));
    assert!(read.current.actions[0].depends_on.is_empty());
    assert!(steps(&platform, id).await.is_empty());
    platform.act(id).await;
    assert_eq!(
        in_short(&steps(&platform, id).await),
        [("planned", "in_progress", "grace")]
    );
    // The version before takes a step and records nothing; what comes after is recorded from where it stands.
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    let unrecorded = "UPDATE improvement.initiative SET state = 'planned' WHERE initiative_id = $1";
    sqlx::query(unrecorded).bind(id).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    stop(&platform, id).await.unwrap();
    assert_eq!(
        in_short(&steps(&platform, id).await),
        [
            ("planned", "in_progress", "grace"),
            ("planned", "stopped", "chief")
        ]
    );
}

#[tokio::test]
async fn the_record_is_read_in_pages() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    let (db, tenant) = (&platform.db, &platform.tenant);
    let (first, next) = transition::list(db, tenant, id, &page(1, "")).await.unwrap();
    let (second, end) = transition::list(db, tenant, id, &page(1, &next)).await.unwrap();
    assert_eq!((first[0].number, second[0].number, end.as_str()), (1, 2, ""));
    let nobodys = transition::list(db, tenant, Uuid::now_v7(), &page(1, "")).await;
    assert_eq!(
        attune_rpc::Error::from(nobodys.unwrap_err()).code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_proposal_is_planned_when_somebody_approves_it_and_the_departments_hear_of_it_then() {
    let platform = Platform::start().await;
    let id = proposed(&platform).await;
    let before = platform.told_of::<pb::InitiativePlanned>().await.len();
    assert_eq!(platform.issues().await[0].state, IssueState::InWork);
    let early = attune_rpc::Error::from(platform.roll_out(id, None).await.unwrap_err());
    assert!(
        early.message().contains("approve the initiative first"),
        "{early}"
    );

    let (db, tenant) = (&platform.db, &platform.tenant);
    let request_id = Uuid::now_v7();
    for _ in 0..2 {
        let approved = transition::approve(db, tenant, decide(id, "worth a try", request_id)).await;
        assert_eq!(approved.unwrap().state, InitiativeState::Planned);
    }
    let told = platform.told_of::<pb::InitiativePlanned>().await;
    assert_eq!(told.len(), before + 1);
    assert_eq!(
        told[before].initiative.as_ref().unwrap().state(),
        pb::InitiativeState::Planned
    );
    let twice = transition::approve(db, tenant, decide(id, "again", Uuid::now_v7())).await;
    assert_eq!(
        attune_rpc::Error::from(twice.unwrap_err()).code(),
        Code::FailedPrecondition
    );

    let started = transition::start(db, tenant, decide(id, "signed", Uuid::now_v7())).await;
    assert_eq!(started.unwrap().state, InitiativeState::InProgress);
    platform.act(id).await;
    assert_eq!(
        in_short(&steps(&platform, id).await),
        [
            ("", "proposed", "ada"),
            ("proposed", "planned", "chief"),
            ("planned", "in_progress", "chief")
        ]
    );
}

#[tokio::test]
async fn a_proposal_that_is_declined_leaves_the_issue_to_another() {
    let platform = Platform::start().await;
    let id = proposed(&platform).await;
    stop(&platform, id).await.unwrap();
    assert_eq!(platform.issues().await[0].state, IssueState::Open);
    assert_eq!(platform.initiative(id).await.state, InitiativeState::Stopped);
}

#[tokio::test]
async fn a_proposal_that_is_declined_was_never_planned() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let declined = proposed_for(&platform, issue.issue_id).await;
    assert!(!is_planned(&platform, issue.issue_id).await);
    stop(&platform, declined).await.unwrap();
    assert!(!is_planned(&platform, issue.issue_id).await);

    let planned = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    stop(&platform, planned).await.unwrap();
    assert!(is_planned(&platform, issue.issue_id).await);
}

/// As the trace tells it.
async fn is_planned(platform: &Platform, issue_id: Uuid) -> bool {
    let beginning = Beginning {
        from: From::Issue(issue_id),
        include_later: false,
    };
    let page = Page::parse(1, "", &"", &mut Violations::default()).unwrap();
    let trace = trace::get(&platform.db, &platform.tenant, beginning, &page).await;
    trace.unwrap().progress.planned
}

#[test]
fn who_decides_and_why_is_said_or_is_the_caller() {
    let request = pb::ApproveInitiativeRequest {
        by: "x".repeat(201),
        ..Default::default()
    };
    assert_eq!(
        wrong(convert::transition::approve(&request, "ada")),
        ["by", "initiative_id", "reason"]
    );
    let request = pb::StartInitiativeRequest {
        initiative_id: Uuid::nil().to_string(),
        reason: "signed".to_owned(),
        ..Default::default()
    };
    assert_eq!(convert::transition::start(&request, "ada").unwrap().by, "ada");
    let list = pb::ListInitiativeTransitionsRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(
        wrong(convert::transition::list(&list)),
        ["initiative_id", "page_size"]
    );
    let set = pb::SetActionDependenciesRequest {
        depends_on_action_ids: vec![String::new(); 21],
        ..Default::default()
    };
    assert_eq!(
        wrong(convert::action::set_dependencies(&set)),
        ["action_id", "depends_on_action_ids", "initiative_id"]
    );
}
