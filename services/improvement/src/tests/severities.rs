//! How bad issues are, and who says so.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Reason, RequestKey, TenantId, Violations};
use uuid::Uuid;

use super::platform::{Platform, at, once, repeated};
use crate::commands::issue::{self, Listing, Order};
use crate::commands::severity::{self, Assess};
use crate::commands::split::{self, Split};
use crate::convert;
use crate::domain::{Issue, IssueState, Part, Severity, SeverityAssessment, Statement};
use crate::error::Error;

const NEGATIVE: feedback::Sentiment = feedback::Sentiment::Negative;
const POSITIVE: feedback::Sentiment = feedback::Sentiment::Positive;

fn statement() -> Statement {
    Statement {
        by: "Ada".to_owned(),
        reason: "their cards were charged twice".to_owned(),
    }
}

fn command(issue_id: Uuid, severity: Option<Severity>) -> Assess {
    Assess {
        issue_id,
        etag: String::new(),
        severity,
        statement: statement(),
        key: once("AssessSeverity"),
    }
}

impl Platform {
    async fn assess(&self, assess: Assess) -> Result<(Issue, SeverityAssessment), Error> {
        severity::assess(&self.db, &self.tenant, assess).await
    }

    /// One on each page, the newest first.
    async fn assessments(&self, id: Uuid) -> Vec<SeverityAssessment> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::parse(1, &token, &"", &mut Violations::default()).unwrap();
            let (some, next) = severity::list(&self.db, &self.tenant, id, &page).await.unwrap();
            all.extend(some);
            if next.is_empty() {
                return all;
            }
            token = next;
        }
    }

    async fn severity_of(&self, id: Uuid) -> (Option<Severity>, bool) {
        let issue = self.issue_now(id).await;
        (issue.severity, issue.severity_by_person)
    }

    async fn told_severities(&self) -> Vec<pb::Severity> {
        let told = self.told_of::<pb::IssueSeverityAssessed>().await;
        told.iter()
            .map(|told| {
                let issue = told.issue.as_ref().unwrap();
                let assessment = told.severity_assessment.as_ref().unwrap();
                assert_eq!(
                    (issue.severity, issue.severity_by_person),
                    (assessment.severity, assessment.by_person)
                );
                issue.severity()
            })
            .collect()
    }
}

fn refusal(refused: Result<(Issue, SeverityAssessment), Error>) -> String {
    match refused {
        Err(Error::WrongState(refused)) => refused.message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_issue_of_which_nothing_was_heard_is_not_assessed_and_the_record_says_why() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    assert_eq!(platform.severity_of(issue.issue_id).await, (None, false));
    let [record] = platform.assessments(issue.issue_id).await.try_into().unwrap();
    assert_eq!((record.severity, record.said_by.as_str()), (None, ""));
    assert!(
        record.explanation.contains("Of no mention"),
        "{}",
        record.explanation
    );
    assert!(platform.told_severities().await.is_empty(), "no level changed");
}

#[tokio::test]
async fn an_issue_opens_as_severe_as_what_was_heard_of_it_and_its_opening_tells_that() {
    let platform = Platform::start().await;
    platform.said(30, "2026-03-01", ("united", NEGATIVE)).await;
    platform.said(40, "2026-03-01", ("delta", POSITIVE)).await;
    let (issue, _) = platform.issue(3).await;
    assert_eq!(
        platform.severity_of(issue.issue_id).await,
        (Some(Severity::Major), false)
    );
    let [record] = platform.assessments(issue.issue_id).await.try_into().unwrap();
    assert_eq!(
        (record.severity, record.severity_by_rule, record.rule.as_str()),
        (Some(Severity::Major), Some(Severity::Major), "severity/1")
    );
    let inputs: Vec<_> = record.inputs.iter().map(|input| input.value).collect();
    assert_eq!(inputs[..2].to_vec(), vec![30.0, 30.0], "{record:?}");
    assert!(inputs[2] > 0.75 && inputs[2] < 1.0);
    assert_eq!(record.assessed_at, platform.db.clock().now());
    let [opened] = platform.told_of::<pb::IssueOpened>().await.try_into().unwrap();
    assert_eq!(opened.issue.unwrap().severity(), pb::Severity::Major);
    assert!(platform.told_severities().await.is_empty());
}

#[tokio::test]
async fn few_mentions_do_not_make_an_issue_severe() {
    let platform = Platform::start().await;
    platform.said(2, "2026-03-01", ("united", NEGATIVE)).await;
    let (issue, _) = platform.issue(3).await;
    assert_eq!(
        platform.severity_of(issue.issue_id).await,
        (Some(Severity::Minor), false)
    );
}

#[tokio::test]
async fn at_midnight_it_follows_what_is_said_and_a_record_is_kept_of_each_change() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let id = issue.issue_id;
    platform.said(6, "2026-03-02", ("united", NEGATIVE)).await;
    assert_eq!(
        platform.severity_of(id).await,
        (None, false),
        "until midnight it stands"
    );
    platform.priorities_at(at("2026-03-03T00:00:00Z")).await;
    assert_eq!(platform.severity_of(id).await, (Some(Severity::Moderate), false));
    platform.said(1, "2026-03-03", ("united", NEGATIVE)).await;
    platform.priorities_at(at("2026-03-04T00:00:00Z")).await;
    assert_eq!(
        platform.assessments(id).await.len(),
        2,
        "the level did not change"
    );
    platform.priorities_at(at("2026-04-20T08:00:00Z")).await;
    assert_eq!(
        platform.severity_of(id).await,
        (None, false),
        "it is too long ago"
    );
    let levels: Vec<_> = platform
        .assessments(id)
        .await
        .into_iter()
        .map(|record| record.severity)
        .collect();
    assert_eq!(levels, [None, Some(Severity::Moderate), None]);
    assert_eq!(
        platform.told_severities().await,
        [pb::Severity::Moderate, pb::Severity::Unspecified]
    );
    let now = platform.issue_now(id).await;
    assert_eq!(now.etag(), issue.etag(), "the rule moves without the etag");
    let numbers: Vec<_> = platform
        .told()
        .await
        .iter()
        .filter(|told| told.subject == id)
        .map(|told| told.version)
        .collect();
    assert_eq!(
        numbers,
        [1, 2, 3],
        "each event of an issue has a number of its own"
    );
}

#[tokio::test]
async fn what_a_person_said_stands_above_the_rule_until_they_give_it_back() {
    let platform = Platform::start().await;
    platform.said(6, "2026-03-01", ("united", NEGATIVE)).await;
    let (issue, _) = platform.issue(3).await;
    let id = issue.issue_id;
    let critical = Some(Severity::Critical);
    let (assessed, said) = platform.assess(command(id, critical)).await.unwrap();
    assert_eq!((assessed.severity, assessed.severity_by_person), (critical, true));
    assert_eq!(assessed.version, issue.version + 1);
    assert_eq!(
        (said.severity_by_rule, said.said_by.as_str(), said.reason.as_str()),
        (Some(Severity::Moderate), "Ada", "their cards were charged twice")
    );
    assert!(said.explanation.contains("moderate"), "{}", said.explanation);
    platform.said(60, "2026-03-02", ("united", NEGATIVE)).await;
    platform.priorities_at(at("2026-03-03T00:00:00Z")).await;
    assert_eq!(platform.severity_of(id).await, (critical, true));
    let (given_back, back) = platform.assess(command(id, None)).await.unwrap();
    assert_eq!(
        (given_back.severity, given_back.severity_by_person),
        (Some(Severity::Major), false),
        "what the rule says by now"
    );
    assert!(!back.by_person && back.said_by == "Ada");
    platform.said(400, "2026-03-03", ("united", POSITIVE)).await;
    platform.priorities_at(at("2026-03-04T00:00:00Z")).await;
    assert_eq!(
        platform.severity_of(id).await,
        (Some(Severity::Minor), false),
        "it moves again"
    );
    assert_eq!(platform.assessments(id).await.len(), 4);
    assert_eq!(
        platform.told_severities().await,
        [pb::Severity::Critical, pb::Severity::Major, pb::Severity::Minor]
    );
}

#[tokio::test]
async fn a_repeated_assessment_is_recorded_once_and_an_old_etag_is_refused() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let request = Uuid::now_v7();
    let ask = |key: RequestKey| Assess {
        key,
        ..command(issue.issue_id, Some(Severity::Major))
    };
    let (_, first) = platform
        .assess(ask(repeated("AssessSeverity", request)))
        .await
        .unwrap();
    let (now, again) = platform
        .assess(ask(repeated("AssessSeverity", request)))
        .await
        .unwrap();
    assert_eq!((first, now.version), (again, issue.version + 1));
    assert_eq!(platform.assessments(issue.issue_id).await.len(), 2);
    let old = Assess {
        etag: issue.etag().to_string(),
        ..command(issue.issue_id, None)
    };
    let refused: attune_rpc::Error = platform.assess(old).await.unwrap_err().into();
    assert_eq!(refused.reason(), Reason::EtagMismatch);
    let missing = Uuid::now_v7();
    let refused = platform.assess(command(missing, None)).await.unwrap_err();
    assert!(matches!(refused, Error::NoIssue(id) if id == missing));
}

#[tokio::test]
async fn a_merged_issue_keeps_its_severity_is_not_assessed_and_the_survivor_keeps_its_own() {
    let platform = Platform::start().await;
    let (merged, survivor) = (
        platform.reported(1, "united").await,
        platform.reported(2, "united").await,
    );
    platform
        .assess(command(merged.issue_id, Some(Severity::Critical)))
        .await
        .unwrap();
    platform
        .assess(command(survivor.issue_id, Some(Severity::Moderate)))
        .await
        .unwrap();
    let ends = (merged.issue_id, survivor.issue_id);
    platform.merge_as(ends, once("MergeIssues")).await.unwrap();
    assert_eq!(
        platform.severity_of(survivor.issue_id).await,
        (Some(Severity::Moderate), true)
    );
    assert_eq!(
        platform.severity_of(merged.issue_id).await,
        (Some(Severity::Critical), true)
    );
    let refused = refusal(platform.assess(command(merged.issue_id, None)).await);
    assert!(refused.contains("assess that one"), "{refused}");
    assert_eq!(
        platform.issue_now(merged.issue_id).await.state,
        IssueState::Merged
    );
}

#[tokio::test]
async fn a_part_begins_with_what_the_rule_says_of_it() {
    let platform = Platform::start().await;
    platform.said(30, "2026-03-01", ("united", NEGATIVE)).await;
    let (whole, members) = platform.issue(2).await;
    platform
        .assess(command(whole.issue_id, Some(Severity::Critical)))
        .await
        .unwrap();
    let split = Split {
        issue_id: whole.issue_id,
        etag: String::new(),
        part: Part {
            title: "Vouchers are refused".to_owned(),
            description: String::new(),
            topic_id: "vouchers".to_owned(),
            product: "united".to_owned(),
        },
        feedback_ids: vec![members[0].feedback_ids[0].parse().unwrap()],
        statement: statement(),
        key: once("SplitIssue"),
    };
    let parted = split::split(&platform.db, &platform.tenant, split).await.unwrap();
    let part = parted.part.issue_id;
    assert_eq!(
        platform.severity_of(part).await,
        (None, false),
        "nobody spoke of vouchers yet"
    );
    assert_eq!(platform.assessments(part).await.len(), 1);
    assert_eq!(
        platform.severity_of(whole.issue_id).await,
        (Some(Severity::Critical), true)
    );
}

#[tokio::test]
async fn issues_are_listed_by_severity_and_the_board_shows_it() {
    let platform = Platform::start().await;
    let mut ids = Vec::new();
    for severity in [None, Some(Severity::Major), None, Some(Severity::Major)] {
        let issue = platform.reported(1, "united").await;
        if severity.is_some() {
            platform.assess(command(issue.issue_id, severity)).await.unwrap();
            ids.insert(0, issue.issue_id);
        }
    }
    for order in [Order::Newest, Order::Priority] {
        let listing = Listing {
            severity: Some(Severity::Major),
            order,
            ..Listing::default()
        };
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::parse(1, &token, &"", &mut Violations::default()).unwrap();
            let (issues, next) = issue::list(&platform.db, &platform.tenant, listing, &page)
                .await
                .unwrap();
            listed.extend(issues.into_iter().map(|issue| issue.issue_id));
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert_eq!(listed, ids, "{order:?}");
    }
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let board = crate::commands::board::get(&platform.db, &platform.tenant, None, &page)
        .await
        .unwrap();
    let shown = convert::board::to_proto(board).items;
    let major = shown.iter().filter(|item| item.severity() == pb::Severity::Major);
    assert_eq!((major.count(), shown.len()), (2, 4));
}

#[tokio::test]
async fn another_company_neither_assesses_nor_reads() {
    let platform = Platform::start().await;
    let issue = platform.reported(1, "united").await;
    let other = TenantId::parse("other").unwrap();
    let refused = severity::assess(&platform.db, &other, command(issue.issue_id, None)).await;
    assert!(matches!(refused, Err(Error::NoIssue(id)) if id == issue.issue_id));
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let refused = severity::list(&platform.db, &other, issue.issue_id, &page).await;
    assert!(matches!(refused, Err(Error::NoIssue(id)) if id == issue.issue_id));
}
