//! Who takes part in improving, and whom it reaches when something is not done.

use std::sync::Arc;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations};
use attune_timers::TimerLoop;
use chrono::TimeDelta;
use uuid::Uuid;

use super::platform::{OPENED, Platform, at, once, repeated};
use crate::commands::action::{self, AddAction};
use crate::commands::team::{self, Remove, Set};
use crate::domain::{TeamMember, TeamRole};
use crate::error::Error;
use crate::timers::Actions;

fn set(member_id: &str, role: TeamRole, department: &str) -> Set {
    Set {
        member_id: member_id.to_owned(),
        display_name: format!("{} Example", member_id.to_uppercase()),
        email: format!("{member_id}@example.com"),
        role,
        department: department.to_owned(),
        key: once("SetTeamMember"),
    }
}

impl Platform {
    /// Somebody of the team.
    pub(super) async fn member(&self, member_id: &str, role: TeamRole, department: &str) -> TeamMember {
        team::set(&self.db, &self.tenant, set(member_id, role, department))
            .await
            .unwrap()
    }

    pub(super) async fn remove_member(&self, member_id: &str) -> Result<(), Error> {
        let remove = Remove {
            member_id: member_id.to_owned(),
            key: once("RemoveTeamMember"),
        };
        team::remove(&self.db, &self.tenant, remove).await
    }

    /// An action that is due a day after the issue was found.
    async fn owed_by(&self, initiative_id: Uuid, owner: &str) {
        let add = AddAction {
            initiative_id,
            title: "Write the letter".to_owned(),
            owner: owner.to_owned(),
            due_at: Some(at(OPENED) + TimeDelta::days(1)),
            depends_on: Vec::new(),
            key: once("AddAction"),
        };
        action::add_action(&self.db, &self.tenant, add).await.unwrap();
    }

    async fn until_day(&self, day: i64) {
        self.hand.advance_to(at(OPENED) + TimeDelta::days(day));
        let timers = TimerLoop::new(self.db.clone(), vec![Arc::new(Actions)]);
        while timers.step().await.unwrap() > 0 {}
    }

    /// To whom the letter about what is overdue goes, and what it says.
    async fn overdue_letter(&self) -> Option<(Vec<String>, String)> {
        let letters = self.told_of::<pb::DepartmentTellingRequested>().await;
        let letter = letters
            .into_iter()
            .find(|letter| letter.occasion.starts_with("overdue-"))?;
        let recipients = letter.departments.into_iter();
        Some((
            recipients.map(|department| department.email).collect(),
            letter.body,
        ))
    }
}

async fn members(
    platform: &Platform,
    which: (Option<&str>, Option<TeamRole>),
    size: i32,
    token: &str,
) -> (Vec<String>, String) {
    let page = Page::parse(size, token, &"", &mut Violations::default()).unwrap();
    let which = (which.0.map(str::to_owned), which.1);
    let (members, next) = team::list(&platform.db, &platform.tenant, which, &page)
        .await
        .unwrap();
    (members.into_iter().map(|member| member.member_id).collect(), next)
}

#[tokio::test]
async fn what_is_overdue_for_a_week_reaches_who_owns_the_department_concerned() {
    let platform = Platform::start().await;
    platform
        .member("grace", TeamRole::DepartmentOwner, "SERVICE")
        .await;
    platform.member("ben", TeamRole::Analyst, "Service").await;
    platform.member("lena", TeamRole::DepartmentOwner, "Legal").await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    platform.owed_by(id, "Joan").await;

    platform.until_day(4).await;
    assert!(
        platform.overdue_letter().await.is_none(),
        "not yet the departments' matter"
    );
    platform.until_day(8).await;
    let (to, body) = platform.overdue_letter().await.unwrap();
    assert_eq!(to, ["service@example.com", "grace@example.com"]);
    assert!(
        body.ends_with("Who answers for the department SERVICE: GRACE Example\n"),
        "{body}"
    );
    let told = platform.told_of::<pb::ActionOverdue>().await;
    let owners: Vec<_> = told.into_iter().map(|event| event.department_owner_ids).collect();
    assert_eq!(owners, [vec![], vec!["grace".to_owned()]]);
}

#[tokio::test]
async fn the_department_of_who_does_it_is_concerned_too_however_they_are_named() {
    for owner in ["joan", "JOAN@example.com"] {
        let platform = Platform::start().await;
        platform.member("joan", TeamRole::Contributor, "legal").await;
        platform.member("lena", TeamRole::DepartmentOwner, "Legal").await;
        let (issue, _) = platform.issue(2).await;
        let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
        platform.owed_by(id, owner).await;
        platform.until_day(8).await;
        let (to, _) = platform.overdue_letter().await.unwrap();
        assert_eq!(to, ["service@example.com", "lena@example.com"], "{owner}");
    }
}

#[tokio::test]
async fn where_nobody_of_the_team_is_known_it_goes_as_far_as_it_did() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    platform.owed_by(id, "Joan").await;
    platform.until_day(8).await;
    let (to, body) = platform.overdue_letter().await.unwrap();
    assert_eq!(to, ["service@example.com"]);
    assert!(!body.contains("Who answers for the department"), "{body}");
}

#[tokio::test]
async fn a_department_has_one_owner() {
    let platform = Platform::start().await;
    platform
        .member("grace", TeamRole::DepartmentOwner, "Service")
        .await;
    let second = set("lena", TeamRole::DepartmentOwner, "service");
    let refused = team::set(&platform.db, &platform.tenant, second).await;
    assert!(matches!(refused, Err(Error::DepartmentOwned)), "{refused:?}");
    platform.member("grace", TeamRole::Analyst, "Service").await;
    platform
        .member("lena", TeamRole::DepartmentOwner, "service")
        .await;
    let (owners, _) = members(
        &platform,
        (Some("SERVICE"), Some(TeamRole::DepartmentOwner)),
        50,
        "",
    )
    .await;
    assert_eq!(owners, ["lena"]);
}

#[tokio::test]
async fn what_is_said_of_a_member_replaces_what_was_said_and_a_repetition_changes_nothing() {
    let platform = Platform::start().await;
    let request_id = Uuid::now_v7();
    let first = || Set {
        key: repeated("SetTeamMember", request_id),
        ..set("grace", TeamRole::Analyst, "")
    };
    team::set(&platform.db, &platform.tenant, first()).await.unwrap();
    platform
        .member("grace", TeamRole::ExperienceLead, "Service")
        .await;
    let now = team::set(&platform.db, &platform.tenant, first()).await.unwrap();
    assert_eq!(
        (now.role, now.department.as_str()),
        (TeamRole::ExperienceLead, "Service")
    );
}

#[tokio::test]
async fn members_are_listed_by_department_and_role_page_by_page() {
    let platform = Platform::start().await;
    for (id, role, department) in [
        ("a", TeamRole::Analyst, "Service"),
        ("b", TeamRole::Contributor, "service"),
        ("c", TeamRole::Analyst, ""),
    ] {
        platform.member(id, role, department).await;
    }
    let (first, next) = members(&platform, (None, None), 2, "").await;
    let (rest, end) = members(&platform, (None, None), 2, &next).await;
    assert_eq!(
        (first, rest),
        (vec!["a".into(), "b".into()], vec!["c".to_owned()])
    );
    assert!(end.is_empty());
    assert_eq!(
        members(&platform, (Some("Service"), None), 50, "").await.0,
        ["a", "b"]
    );
    assert_eq!(
        members(&platform, (None, Some(TeamRole::Analyst)), 50, "")
            .await
            .0,
        ["a", "c"]
    );
}

#[tokio::test]
async fn of_a_member_who_is_erased_nothing_is_left() {
    let platform = Platform::start().await;
    platform.member("zoe", TeamRole::Contributor, "Service").await;
    let (issue, _) = platform.issue(2).await;
    let id = platform.plan(issue.issue_id).await.unwrap().initiative_id;
    platform.credit(id, "zoe").await.unwrap();
    platform.subscribe("zoe", "", "", "").await;
    platform.remove_member("zoe").await.unwrap();
    for table in ["team_member", "credit", "digest_subscription", "digest"] {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM improvement.{table}"));
        let mut tx = platform.db.system(&platform.tenant).await.unwrap();
        let rows: i64 = sqlx::query_scalar(query).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    assert!(matches!(
        platform.remove_member("zoe").await,
        Err(Error::NoMember(_))
    ));
}
