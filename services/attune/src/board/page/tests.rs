//! The page of a loop that is made up, with names that would break a page that trusted them.

use attune_api::feedback::v1::{CourseDay, GetHotIssueCourseResponse, HotIssue};
use attune_api::improvement::v1::{
    BoardSummary, FeedbackSlice, Initiative, Issue, Iteration, MeasurementPlan, Recognition, Target,
    TellingSummary, Verdict, VerdictComparison, VerdictDecision,
};
use attune_rpc::timestamp;
use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn day(place: i64) -> DateTime<Utc> {
    "2026-02-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(place)
}

fn course() -> GetHotIssueCourseResponse {
    let one = |place: i64| CourseDay {
        start: Some(timestamp(day(place))),
        mentions: if place == 28 { 90 } else { 8 + place % 4 },
        expected: Some(9.5),
        low: Some(4.0),
        high: Some(17.0),
        complete: place < 40,
        feedback: 200,
        coded_otherwise: false,
    };
    GetHotIssueCourseResponse {
        hot_issue: Some(HotIssue {
            observed: 90,
            expected: 9.5,
            ..Default::default()
        }),
        days: (0..=40).map(one).collect(),
        level: 0.95,
    }
}

fn iteration(number: i32, decision: VerdictDecision, effect: f64) -> Iteration {
    Iteration {
        number,
        change: format!("change {number}"),
        rolled_out_at: Some(timestamp(day(29 + i64::from(number)))),
        plan: Some(MeasurementPlan {
            smallest_effect: 0.045,
            ..Default::default()
        }),
        verdict: Some(Verdict {
            decision: decision.into(),
            effect: Some(effect),
            low: Some(effect - 0.02),
            high: Some(effect + 0.02),
            method: "difference_in_differences".to_owned(),
            comparison: Some(VerdictComparison {
                slice: Some(FeedbackSlice {
                    product: "delta".to_owned(),
                    ..Default::default()
                }),
                compared_with: number > 1,
                n_before: 1_200,
                n_after: 900,
                share_before: Some(0.16),
                share_after: Some(0.09),
            }),
            ..Default::default()
        }),
        telling: Some(TellingSummary {
            sent: 40,
            read: 12,
            blocked: 15,
            pending: 5,
            blocked_by_reason: [("no_consent".to_owned(), 10), ("no_address".to_owned(), 5)].into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn story() -> Story {
    Story {
        item: BoardItem {
            title: "</title><script>alert(1)</script> & \"locked out\"".to_owned(),
            stage: BoardStage::Closed.into(),
            team: "<b>Rebooking".to_owned(),
            iteration: 2,
            ..Default::default()
        },
        issue: Issue {
            opened_at: Some(timestamp(day(29))),
            closed_at: Some(timestamp(day(40))),
            cohort_size: 60,
            quotes: vec!["<img src=x onerror=alert(1)>".to_owned()],
            ..Default::default()
        },
        initiatives: vec![Initiative {
            iterations: vec![
                iteration(1, VerdictDecision::Ineffective, -0.01),
                iteration(2, VerdictDecision::Effective, -0.12),
            ],
            ..Default::default()
        }],
        course: Some(course()),
    }
}

fn shown(stories: &[Story]) -> String {
    let board = Board {
        as_of: day(41),
        summary: BoardSummary::default(),
        items: stories.iter().map(|story| story.item.clone()).collect(),
        goals: Vec::new(),
        recognitions: vec![Recognition {
            initiative_title: "<script>thanks".to_owned(),
            employees: 5,
            ..Default::default()
        }],
        more: false,
    };
    page("The board", &board, stories).unwrap()
}

#[test]
fn a_page_loads_and_runs_nothing_whatever_customers_wrote() {
    let html = shown(&[story()]);
    for loads in ["<script", "<img", "<link", "src=\"", "href=", "@import", "url("] {
        assert!(!html.contains(loads), "{loads}");
    }
    assert!(html.contains("&lt;script&gt;") && html.contains("default-src 'none'"));
    assert!(html.len() < 200_000, "{} bytes", html.len());
}

#[test]
fn every_picture_has_a_name_a_description_and_a_table() {
    let html = shown(&[story(), story()]);
    // Three pictures a story, each for two widths.
    assert_eq!(html.matches("<svg ").count(), 12);
    assert_eq!(html.matches("role=\"img\"").count(), 12);
    for part in ["aria-labelledby=\"", "aria-describedby=\""] {
        for id in html.split(part).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(
                html.matches(&format!("id=\"{id}\"")).count(),
                1,
                "{id} is not one element"
            );
        }
    }
    for words in [
        "On 1 of them there were more mentions than chance explains",
        "Try 2: it helped: -12.0, from -14.0 to -10.0, -4.5 wanted",
        "15 (no address 5, no consent 10)",
        "40 (12 known to have read it)",
        "4 to 17",
        "<small class=\"soft\">team: &lt;b&gt;Rebooking</small>",
        "<li>5 employees who reported it: &quot;&lt;script&gt;thanks&quot; helped</li>",
        "delta was named to compare with and is not comparable",
        "compared with delta, which went from 16.0 % (n = 1200) to 9.0 % (n = 900)",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
}

#[test]
fn a_try_that_was_to_raise_satisfaction_is_told_with_what_it_raised() {
    let mut told = story();
    told.initiatives[0].target = Some(Target {
        metric: "csat".to_owned(),
        ..Default::default()
    });
    told.initiatives[0].iterations = vec![iteration(1, VerdictDecision::Effective, 0.12)];
    let html = shown(&[told]);
    for words in [
        "Try 1 (csat): it helped: +12.0, from +10.0 to +14.0, +4.5 wanted",
        "+12.0 points (+10.0 points to +14.0 points)",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
}

#[test]
fn a_dark_page_has_another_colour_for_every_colour_of_a_picture() {
    let html = shown(&[story()]);
    let pictures: String = html
        .split("<svg ")
        .skip(1)
        .map(|rest| rest.split("</svg>").next().unwrap())
        .collect();
    for kind in ["fill", "stroke"] {
        for colour in pictures.split(&format!(" {kind}=\"#")).skip(1) {
            let rule = format!("svg [{kind}=\"#{}\"]{{{kind}:var(--", &colour[..6]);
            assert!(STYLE.contains(&rule), "{rule} is not in the style");
        }
    }
}

#[test]
fn a_part_says_where_it_is_from_and_the_whole_who_went_on() {
    let mut part = Story {
        course: None,
        ..story()
    };
    part.item.split_from_issue_id = "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50".to_owned();
    assert!(shown(&[part]).contains("as a part of another issue, and split from it; 60 customers were hit."));
    let mut whole = story();
    whole.item.gone_on = 12;
    assert!(shown(&[whole]).contains("12 of them are told by issues that were split from it."));
}

#[test]
fn a_problem_that_nobody_works_on_has_no_pictures_of_tries() {
    let untouched = Story {
        initiatives: Vec::new(),
        course: None,
        ..story()
    };
    assert_eq!(shown(&[untouched]).matches("<svg ").count(), 0);
}
