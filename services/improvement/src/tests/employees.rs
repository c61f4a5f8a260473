//! What employees report becomes evidence: how many they are, and nothing else.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use attune_events::ConsumeError;
use attune_rpc::timestamp;
use uuid::Uuid;

use super::platform::{Platform, at};
use crate::domain::{IssueState, Origin, TermKind};
use crate::events::EmployeeReports;

pub(super) fn group(topic_id: &str, reporters: i32) -> feedback::ReportGroupReleased {
    feedback::ReportGroupReleased {
        report_group: Some(feedback::ReportGroup {
            report_group_id: Uuid::now_v7().to_string(),
            topic_id: topic_id.to_owned(),
            reporters,
            teams: vec![feedback::TeamShare {
                team: "desk".to_owned(),
                reporters,
            }],
            agreements: 0,
            released_at: Some(timestamp(at("2026-03-02T00:00:00Z"))),
        }),
    }
}

impl Platform {
    pub(super) async fn hear_group(&self, group: &feedback::ReportGroupReleased) -> Result<(), ConsumeError> {
        let event = self.event(Uuid::now_v7(), group);
        self.hear(&EmployeeReports, &[event]).await
    }
}

#[tokio::test]
async fn a_group_raises_the_issue_of_its_topic_once_and_the_priority_says_so() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(10).await;
    let group = group("cancelled_service", 10);
    for _ in 0..2 {
        platform.hear_group(&group).await.unwrap();
    }
    let [now] = platform.issues().await.try_into().unwrap();
    assert_eq!((now.issue_id, now.employee_reporters), (issue.issue_id, 10));
    assert_eq!(
        (now.cohort_size, now.evidence_size),
        (issue.cohort_size, issue.evidence_size)
    );
    let (_, priority) = platform.explained(issue.issue_id).await;
    let term = priority
        .terms
        .iter()
        .find(|term| term.kind == TermKind::Employees)
        .unwrap();
    assert!((term.factor - (1.0 + 10.0 / 30.0)).abs() < 1e-9);
    assert!((now.priority - 20.0 * term.factor).abs() < 1e-9 && now.priority > issue.priority);
    assert!(term.explanation.contains("10 employees"), "{}", term.explanation);
    let told = platform.told_of::<pb::EmployeesReportedIssue>().await;
    assert_eq!((told.len(), told[0].reporters), (1, 10));
}

#[tokio::test]
async fn employees_who_are_first_open_an_issue_that_the_next_group_joins() {
    let platform = Platform::start().await;
    platform.hear_group(&group("confusing_form", 5)).await.unwrap();
    platform.hear_group(&group("confusing_form", 5)).await.unwrap();
    let [issue] = platform.issues().await.try_into().unwrap();
    assert_eq!((issue.origin, issue.state), (Origin::Employees, IssueState::Open));
    assert_eq!(
        (issue.title.as_str(), issue.employee_reporters),
        ("Employees report: confusing_form", 10)
    );
    assert_eq!((issue.cohort_size, issue.cohort_frozen), (0, true));
    assert!((issue.priority - 10.0 * (1.0 + 10.0 / 30.0)).abs() < 1e-9);
    // An initiative can work on it.
    platform.plan(issue.issue_id).await.unwrap();
    assert_eq!(platform.told_of::<pb::IssueOpened>().await.len(), 1);
}

#[tokio::test]
async fn an_issue_of_all_products_comes_before_one_of_a_single_one() {
    let platform = Platform::start().await;
    platform.reported(9, "united").await;
    let whole = platform.reported(1, "").await;
    platform.hear_group(&group("cancelled_service", 5)).await.unwrap();
    let reported: Vec<_> = platform
        .issues()
        .await
        .into_iter()
        .filter(|issue| issue.employee_reporters > 0)
        .map(|issue| issue.issue_id)
        .collect();
    assert_eq!(reported, [whole.issue_id]);
}

#[tokio::test]
async fn reports_of_no_known_topic_are_not_thrown_together() {
    let platform = Platform::start().await;
    platform.hear_group(&group("", 5)).await.unwrap();
    platform.hear_group(&group("", 5)).await.unwrap();
    assert_eq!(platform.issues().await.len(), 2);
}

#[tokio::test]
async fn fewer_than_five_or_a_number_between_are_never_taken_in() {
    let platform = Platform::start().await;
    for reporters in [0, 4, 7, -5] {
        let refused = platform
            .hear_group(&group("cancelled_service", reporters))
            .await
            .unwrap_err();
        assert!(matches!(refused, ConsumeError::Poison(_)), "{refused}");
    }
    assert!(platform.issues().await.is_empty());
}

#[tokio::test]
async fn no_table_holds_a_team_a_text_or_a_smaller_number() {
    let platform = Platform::start().await;
    platform.hear_group(&group("confusing_form", 5)).await.unwrap();
    let mut tx = platform.db.platform_tx().await.unwrap();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'improvement' AND table_name = 'employee_group' ORDER BY 1",
    )
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    assert_eq!(
        columns,
        [
            "issue_id",
            "released_at",
            "report_group_id",
            "reporters",
            "tenant_id"
        ]
    );
    drop(tx);
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    let smaller = sqlx::query("UPDATE improvement.employee_group SET reporters = 4")
        .execute(&mut *tx)
        .await
        .unwrap_err();
    assert!(
        smaller.to_string().contains("employee_group_reporters_check"),
        "{smaller}"
    );
}
