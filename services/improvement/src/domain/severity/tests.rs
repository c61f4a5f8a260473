use proptest::prelude::*;

use super::*;
use crate::domain::issue_for_tests;

fn now() -> DateTime<Utc> {
    "2026-03-16T10:00:00Z".parse().unwrap()
}

fn mentions(negative: i64, judged: i64) -> Mentions {
    Mentions {
        judged,
        negative,
        ..Mentions::default()
    }
}

fn ruling(negative: i64, judged: i64) -> Ruling {
    Ruling::of(&issue_for_tests(), mentions(negative, judged))
}

fn said_by(by: &str) -> Statement {
    Statement {
        by: by.to_owned(),
        reason: "a card was charged twice".to_owned(),
    }
}

#[test]
fn the_limits_are_those_of_the_lower_end_of_the_interval() {
    // Where all n are negative the lower end is n / (n + z²), z² = 3.84 (Wilson, JASA 22, 1927).
    let cases = [
        ((0, 1), Severity::Minor),
        ((2, 2), Severity::Minor),
        ((3, 3), Severity::Moderate),
        ((11, 11), Severity::Moderate),
        ((12, 12), Severity::Major),
        ((50, 100), Severity::Moderate),
        ((45, 100), Severity::Minor),
        ((1_000, 1_200), Severity::Major),
    ];
    for ((negative, judged), wanted) in cases {
        let ruled = ruling(negative, judged);
        assert_eq!(
            ruled.severity,
            Some(wanted),
            "{negative} of {judged}: {}",
            ruled.explanation
        );
    }
    let least = ruling(12, 12).inputs.pop().unwrap();
    assert!((least.value - 12.0 / (12.0 + 3.841_458_820_694_124)).abs() < 1e-9);
}

#[test]
fn a_ruling_says_its_numbers_and_its_limits() {
    assert_eq!(
        ruling(12, 12).explanation,
        "Of 12 mentions in the last 28 days 12 are negative; the 95 % interval of that share begins at 75.7 %. That is \
         major (severity/1: moderate from 40 %, major from 75 %)."
    );
}

#[test]
fn what_is_not_known_is_not_assessed_and_the_reason_is_said() {
    let unheard = ruling(0, 0);
    assert_eq!(unheard.severity, None);
    assert!(
        unheard.explanation.contains("Of no mention"),
        "{}",
        unheard.explanation
    );
    assert_eq!(
        unheard.inputs.len(),
        2,
        "what was looked at is named all the same"
    );
    let untitled = Issue {
        topic_id: String::new(),
        ..issue_for_tests()
    };
    let untitled = Ruling::of(&untitled, mentions(40, 40));
    assert_eq!((untitled.severity, untitled.inputs.len()), (None, 0));
    assert!(
        untitled.explanation.contains("names no topic"),
        "{}",
        untitled.explanation
    );
}

#[test]
fn the_rule_is_recorded_first_and_when_the_level_changes() {
    let mut issue = issue_for_tests();
    let mut rule = |negative, judged| {
        let version = issue.version;
        let recorded = issue.rule_severity(Uuid::now_v7(), ruling(negative, judged), now());
        assert_eq!(issue.version, version, "the rule moves without the etag");
        recorded.map(|recorded| recorded.severity)
    };
    assert_eq!(rule(0, 0), Some(None));
    assert_eq!(rule(0, 0), None);
    assert_eq!(rule(4, 4), Some(Some(Severity::Moderate)));
    assert_eq!(rule(5, 5), None);
    assert_eq!(rule(0, 0), Some(None));
}

#[test]
fn what_a_person_said_stands_above_the_rule_until_it_is_given_back() {
    let mut issue = issue_for_tests();
    let version = issue.version;
    let critical = (Some(Severity::Critical), said_by("Ada"));
    let said = issue.assess_severity(Uuid::now_v7(), critical, ruling(4, 4), now());
    assert_eq!(
        (
            said.severity,
            said.severity_by_rule,
            said.by_person,
            issue.version
        ),
        (
            Some(Severity::Critical),
            Some(Severity::Moderate),
            true,
            version + 1
        )
    );
    assert_eq!(issue.rule_severity(Uuid::now_v7(), ruling(40, 40), now()), None);
    assert_eq!(issue.severity, Some(Severity::Critical));
    let back = issue.assess_severity(Uuid::now_v7(), (None, said_by("Grace")), ruling(40, 40), now());
    assert_eq!(
        (back.severity, back.by_person, back.said_by.as_str()),
        (Some(Severity::Major), false, "Grace")
    );
    assert_eq!(
        issue.rule_severity(Uuid::now_v7(), ruling(40, 40), now()),
        None,
        "it is recorded"
    );
    assert!(
        issue
            .rule_severity(Uuid::now_v7(), ruling(1, 40), now())
            .is_some()
    );
}

#[test]
fn an_issue_that_is_over_is_not_assessed() {
    let mut resolved = issue_for_tests();
    resolved.check_assesses().unwrap();
    resolved.resolve(now());
    assert_eq!(resolved.check_assesses().unwrap_err().state, "resolved");
}

proptest! {
    #[test]
    fn more_that_is_negative_is_never_less_severe_and_never_critical(negative in 0_i64..500, more in 0_i64..500, rest in 0_i64..500) {
        let judged = negative + more + rest;
        let (less, worse) = (ruling(negative, judged).severity, ruling(negative + more, judged).severity);
        prop_assert!(less <= worse);
        prop_assert!(worse < Some(Severity::Critical));
        prop_assert_eq!(worse.is_none(), judged == 0);
    }

    #[test]
    fn fewer_of_the_same_kind_are_never_more_severe(n in 1_i64..50, times in 1_i64..20) {
        prop_assert!(ruling(n, 2 * n).severity <= ruling(times * n, times * 2 * n).severity);
    }
}
