//! Story 5: agents report anonymously that a form confuses customers. Below five reporters nobody can see who, which
//! team, or the text, on any RPC. What five say meets what customers complain of under the same topic, and raises the
//! priority of what is done about it, which says so.

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1 as imp;
use attune_testkit::reflect;
use attune_testkit::{Failure, Tenant, TestPlatform};
use attune_tests::matrix::{Caller, Samples, World, bytes, is_reading};
use chrono::NaiveTime;

/// The team of the agents.
const TEAM: &str = "quiet-corner-desk";
/// A word that only their reports hold.
const WORD: &str = "xylotrope";

#[tokio::test(flavor = "multi_thread")]
async fn agents_report_and_are_told_of_when_they_are_five() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    // A company with something of everything, so that every RPC that reads has something to answer.
    let world = World::make(&platform, "harbour-bank").await?;
    let company = &world.tenant;

    // Four agents report; one of them three times. A night passes.
    for agent in [
        "agent-zq-1",
        "agent-zq-2",
        "agent-zq-3",
        "agent-zq-4",
        "agent-zq-4",
        "agent-zq-4",
    ] {
        report(company, agent).await?;
    }
    let issues_before = issues(company).await?;
    nobody_sees_any_of_it(&world).await?;
    until_midnight(&platform).await?;
    nobody_sees_any_of_it(&world).await?;
    assert_eq!(
        employees_in(&issues(company).await?),
        employees_in(&issues_before),
        "four are not told of"
    );

    // The fifth reports. Until the day is over nothing that anybody can ask tells that something happened.
    let before = groups(company).await?;
    report(company, "agent-zq-5").await?;
    nobody_sees_any_of_it(&world).await?;
    assert_eq!(groups(company).await?, before);
    let issues_before = issues(company).await?;

    // Then all five are told of together, and still nobody knows who they are.
    until_midnight(&platform).await?;
    let after = groups(company).await?;
    let [group] = after
        .iter()
        .filter(|group| !before.contains(group))
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "not one new group")?;
    assert_eq!((group.reporters, group.teams.len()), (5, 1));
    assert_eq!(
        (group.teams[0].team.as_str(), group.teams[0].reporters),
        (TEAM, 5)
    );
    let reports = texts(company, group).await?;
    assert_eq!(reports.len(), 7);
    assert!(reports.iter().all(|report| report.text.contains(WORD)));
    nobody_sees(&world, &["agent-zq"]).await?;

    // It is the topic under which customers complain.
    let complaint = customer_complains(company).await?;
    let topics = complaint.understanding.ok_or("not understood")?.topics;
    assert!(
        topics.iter().any(|mention| mention.topic_id == group.topic_id),
        "{} is not among {topics:?}",
        group.topic_id
    );
    the_issue_of_the_topic_rises(company, group, &issues_before).await?;
    colleagues_agree(&platform, company, group).await?;
    platform.stop().await;
    Ok(())
}

/// The issue of their topic counts the five in, whether customers, other employees or they opened it; its priority is
/// higher by that and names them as a number.
async fn the_issue_of_the_topic_rises(
    company: &Tenant,
    group: &fb::ReportGroup,
    before: &[imp::Issue],
) -> Result<(), Failure> {
    let now = issues(company).await?;
    let same = |issue: &&imp::Issue| issue.topic_id == group.topic_id && issue.employee_reporters > 0;
    let [issue] = now
        .iter()
        .filter(same)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "not one issue of their topic")?;
    let earlier = before.iter().find(|earlier| earlier.issue_id == issue.issue_id);
    let reporters = earlier.map_or(0, |earlier| earlier.employee_reporters);
    assert_eq!(issue.employee_reporters, reporters + i64::from(group.reporters));
    assert!(
        issue.priority > earlier.map_or(0.0, |earlier| earlier.priority),
        "{issue:?}"
    );
    let place = now.iter().position(|other| other.issue_id == issue.issue_id);
    let below = now.iter().skip(place.unwrap_or_default());
    assert!(
        below.into_iter().all(|other| other.priority <= issue.priority),
        "the list is by priority"
    );

    let request = imp::ExplainPriorityRequest {
        issue_id: issue.issue_id.clone(),
    };
    let explained = company.issues().explain_priority(request).await?.into_inner();
    let priority = explained.priority.ok_or("no priority")?;
    let product: f64 = priority.terms.iter().map(|term| term.factor).product();
    assert!((priority.priority - product).abs() < 1e-9 && (issue.priority - product).abs() < 1e-9);
    let employees = priority
        .terms
        .iter()
        .find(|term| term.kind() == imp::PriorityTermKind::Employees)
        .ok_or("nothing about employees")?;
    assert!(employees.factor > 1.0, "{employees:?}");
    let told = format!("{} employees reported the same", issue.employee_reporters);
    assert!(priority.explanation.contains(&told), "{}", priority.explanation);
    Ok(())
}

/// The company's issues, the most urgent first.
async fn issues(company: &Tenant) -> Result<Vec<imp::Issue>, Failure> {
    let request = imp::ListIssuesRequest {
        page_size: 200,
        order_by: imp::IssueOrder::Priority.into(),
        ..Default::default()
    };
    let listed = company.issues().list_issues(request).await?.into_inner();
    assert!(
        listed.next_page_token.is_empty(),
        "more issues than the story knows"
    );
    Ok(listed.issues)
}

fn employees_in(issues: &[imp::Issue]) -> i64 {
    issues.iter().map(|issue| issue.employee_reporters).sum()
}

/// Colleagues agree, each counted once, told in fives at midnight.
async fn colleagues_agree(
    platform: &TestPlatform,
    company: &Tenant,
    group: &fb::ReportGroup,
) -> Result<(), Failure> {
    for (colleague, told) in [(4, 0), (6, 5)] {
        for number in 0..colleague {
            let request = fb::AgreeWithReportGroupRequest {
                report_group_id: group.report_group_id.clone(),
                employee_id: format!("colleague-{number}"),
                ..Default::default()
            };
            company
                .employee_reports()
                .agree_with_report_group(request)
                .await?;
        }
        until_midnight(platform).await?;
        let now = groups(company).await?;
        let same = |other: &&fb::ReportGroup| other.report_group_id == group.report_group_id;
        assert_eq!(now.iter().find(same).ok_or("no group")?.agreements, told);
    }
    Ok(())
}

async fn report(company: &Tenant, agent: &str) -> Result<(), Failure> {
    let request = fb::SubmitEmployeeReportRequest {
        kind: fb::EmployeeReportKind::Complaint.into(),
        text: format!("Customers whose flight was cancelled do not understand the {WORD} form"),
        team: TEAM.to_owned(),
        employee_id: agent.to_owned(),
        ..Default::default()
    };
    company.employee_reports().submit_employee_report(request).await?;
    Ok(())
}

async fn customer_complains(company: &Tenant) -> Result<fb::Feedback, Failure> {
    let request = fb::SubmitFeedbackRequest {
        feedback: Some(fb::Feedback {
            channel: "email".to_owned(),
            text: "My flight was cancelled and your form makes no sense".to_owned(),
            occurred_at: Some(prost_types::Timestamp {
                seconds: 1_772_700_000,
                nanos: 0,
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = company.feedback().submit_feedback(request).await?.into_inner();
    Ok(made.feedback.ok_or("no feedback")?)
}

async fn groups(company: &Tenant) -> Result<Vec<fb::ReportGroup>, Failure> {
    let request = fb::ListReportGroupsRequest::default();
    let listed = company.employee_reports().list_report_groups(request).await?;
    Ok(listed.into_inner().report_groups)
}

async fn texts(company: &Tenant, group: &fb::ReportGroup) -> Result<Vec<fb::GroupedReport>, Failure> {
    let request = fb::ListGroupedReportsRequest {
        report_group_id: group.report_group_id.clone(),
        ..Default::default()
    };
    let listed = company.employee_reports().list_grouped_reports(request).await?;
    Ok(listed.into_inner().reports)
}

async fn until_midnight(platform: &TestPlatform) -> Result<(), Failure> {
    let tomorrow = platform.now().date_naive().succ_opt().ok_or("the last day")?;
    platform
        .advance_to(tomorrow.and_time(NaiveTime::MIN).and_utc())
        .await
}

/// Who, which team and what: not on any RPC that reads, those of tomorrow included.
async fn nobody_sees_any_of_it(world: &World) -> Result<(), Failure> {
    nobody_sees(world, &["agent-zq", TEAM, WORD]).await
}

async fn nobody_sees(world: &World, sealed: &[&str]) -> Result<(), Failure> {
    let caller = Caller::new(world.tenant.channel(), world.tenant.token())?;
    let mut asked = 0;
    for method in reflect::methods()?.iter().filter(|method| is_reading(method)) {
        for request in Samples::of(world).requests(method)? {
            let seen = bytes(&caller.ask(method, &request).await);
            asked += 1;
            for word in sealed {
                let told = seen.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!told, "{} tells {word}", reflect::path(method));
            }
        }
    }
    assert!(asked > 40, "only {asked} questions were asked");
    Ok(())
}
