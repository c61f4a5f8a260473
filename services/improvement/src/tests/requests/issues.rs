//! Bad input about issues.

use attune_api::improvement::v1 as pb;
use attune_rpc::Reason;

use super::{ID, wrong};
use crate::convert::{cohort_extension, issue, issue_relation, severity, split};

#[test]
fn a_reported_issue_names_each_person_and_each_complaint_once() {
    let entry = |profile_id: &str, feedback_ids: &[&str]| pb::CohortEntry {
        profile_id: profile_id.to_owned(),
        feedback_ids: feedback_ids.iter().map(ToString::to_string).collect(),
        ..Default::default()
    };
    let request = pb::CreateIssueRequest {
        issue: Some(pb::Issue {
            title: "a\u{0}b".to_owned(),
            description: "x".repeat(5001),
            topic_id: "Not A Slug".to_owned(),
            product: "x".repeat(101),
            ..Default::default()
        }),
        cohort: vec![entry(ID, &[ID]), entry(ID, &[ID]), entry("me", &["it"])],
        request_id: "one".to_owned(),
    };
    assert_eq!(
        wrong(issue::create(&request)),
        [
            "cohort[1].feedback_ids",
            "cohort[1].profile_id",
            "cohort[2].feedback_ids[0]",
            "cohort[2].profile_id",
            "issue.description",
            "issue.product",
            "issue.title",
            "issue.topic_id",
            "request_id"
        ]
    );
    assert_eq!(
        wrong(issue::create(&pb::CreateIssueRequest::default())),
        ["issue"]
    );
    let crowd = vec![entry(ID, &[]); 501];
    let issue = Some(pb::Issue {
        title: "😡".repeat(200),
        ..Default::default()
    });
    let request = pb::CreateIssueRequest {
        issue: issue.clone(),
        cohort: crowd,
        ..Default::default()
    };
    assert_eq!(wrong(issue::create(&request)), ["cohort"]);
    let request = pb::CreateIssueRequest {
        issue,
        ..Default::default()
    };
    assert_eq!(issue::create(&request).unwrap().report.title.chars().count(), 200);
}

#[test]
fn issues_are_asked_for_by_ids_states_and_page_sizes_that_exist() {
    assert_eq!(
        wrong(issue::get(&pb::GetIssueRequest {
            issue_id: "42".to_owned()
        })),
        ["issue_id"]
    );
    let list = pb::ListIssuesRequest {
        state: 99,
        order_by: 99,
        severity: 99,
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(
        wrong(issue::list(&list)),
        ["order_by", "page_size", "severity", "state"]
    );
    let list = pb::ListIssueCohortRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(issue::list_cohort(&list)), ["issue_id", "page_size"]);
    let foreign = pb::ListIssuesRequest {
        page_token: "AAAA".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        issue::list(&foreign).unwrap_err().reason(),
        Reason::InvalidPageToken
    );
}

#[test]
fn a_merge_and_a_relation_name_two_issues_and_say_who_and_why() {
    let nothing = pb::MergeIssuesRequest::default();
    assert_eq!(
        wrong(issue_relation::merge(&nothing)),
        ["by", "merged_issue_id", "reason", "survivor_issue_id"]
    );
    let itself = pb::MergeIssuesRequest {
        survivor_issue_id: ID.to_owned(),
        merged_issue_id: ID.to_owned(),
        by: "Ada".to_owned(),
        reason: "the same".to_owned(),
        request_id: String::new(),
    };
    assert_eq!(wrong(issue_relation::merge(&itself)), ["merged_issue_id"]);
    let merge = pb::RelateIssuesRequest {
        from_issue_id: ID.to_owned(),
        to_issue_id: ID.to_owned(),
        kind: pb::IssueRelationKind::MergedInto.into(),
        by: "x".repeat(101),
        reason: "x".repeat(2001),
        request_id: String::new(),
    };
    assert_eq!(
        wrong(issue_relation::relate(&merge)),
        ["by", "kind", "reason", "to_issue_id"]
    );
    let list = pb::ListIssueRelationsRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(issue_relation::list(&list)), ["issue_id", "page_size"]);
    let explain = pb::ExplainPriorityRequest::default();
    assert_eq!(wrong(issue::explain_priority(&explain)), ["issue_id"]);
}

#[test]
fn a_split_names_the_part_and_each_piece_of_its_feedback_once() {
    let nothing = pb::SplitIssueRequest::default();
    assert_eq!(
        wrong(split::split(&nothing)),
        ["by", "feedback_ids", "issue_id", "part", "reason"]
    );
    let request = |feedback_ids: Vec<String>| pb::SplitIssueRequest {
        issue_id: ID.to_owned(),
        part: Some(pb::Issue {
            topic_id: "Not A Slug".to_owned(),
            ..Default::default()
        }),
        feedback_ids,
        by: "Ada".to_owned(),
        reason: "two problems".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        wrong(split::split(&request(vec![ID.to_owned(), ID.to_owned()]))),
        ["feedback_ids[1]", "part.title", "part.topic_id"]
    );
    let too_many = request(vec![ID.to_owned(); 10_001]);
    assert!(wrong(split::split(&too_many)).contains(&"feedback_ids".to_owned()));
    let relate = pb::RelateIssuesRequest {
        from_issue_id: ID.to_owned(),
        to_issue_id: "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f51".to_owned(),
        kind: pb::IssueRelationKind::SplitFrom.into(),
        by: "Ada".to_owned(),
        reason: "two problems".to_owned(),
        ..Default::default()
    };
    assert_eq!(wrong(issue_relation::relate(&relate)), ["kind"]);
}

#[test]
fn an_extension_names_the_issue_and_says_who_and_why() {
    let nothing = pb::ExtendCohortRequest::default();
    assert_eq!(
        wrong(cohort_extension::extend(&nothing)),
        ["by", "issue_id", "reason"]
    );
    let long = pb::ExtendCohortRequest {
        issue_id: ID.to_owned(),
        by: "x".repeat(101),
        reason: "x".repeat(2001),
        request_id: "one".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        wrong(cohort_extension::extend(&long)),
        ["by", "reason", "request_id"]
    );
    let list = pb::ListCohortExtensionsRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(cohort_extension::list(&list)), ["issue_id", "page_size"]);
}

#[test]
fn an_assessment_names_the_issue_and_says_who_and_why() {
    let nothing = pb::AssessSeverityRequest::default();
    assert_eq!(wrong(severity::assess(&nothing)), ["by", "issue_id", "reason"]);
    let unknown = pb::AssessSeverityRequest {
        issue_id: ID.to_owned(),
        severity: 5,
        by: "x".repeat(101),
        reason: "x".repeat(2001),
        request_id: "one".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        wrong(severity::assess(&unknown)),
        ["by", "reason", "request_id", "severity"]
    );
    let back = pb::AssessSeverityRequest {
        issue_id: ID.to_owned(),
        by: "Ada".to_owned(),
        reason: "the rule knows better".to_owned(),
        ..Default::default()
    };
    assert_eq!(severity::assess(&back).unwrap().severity, None);
    let list = pb::ListSeverityAssessmentsRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(severity::list(&list)), ["issue_id", "page_size"]);
}
