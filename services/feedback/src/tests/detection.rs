//! Hot issues found in a synthetic series, through the store and the timer, on a clock that the test moves.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Page, Violations};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Bench, CANCELLED, HAPPY, LATE, PLAIN, by, instant, minutes, recoding, said, topic};
use crate::commands::topic::Change;
use crate::domain::{Draft, HotIssue, HotIssueState};
use crate::{commands, convert};

/// A Monday, four weeks before [`MONDAY`].
const FIRST: &str = "2026-02-02T00:00:00Z";
const MONDAY: &str = "2026-03-02T00:00:00Z";

/// Ordinary feedback about two products from `from` up to `to`: two pieces an hour each, one in six about a
/// cancellation, one in nine late; without any rhythm that the hours share.
fn ordinary(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Draft> {
    let hours = (to - from).num_hours();
    let mut state = from.timestamp().unsigned_abs();
    let mut draw = move |below: u64| {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    };
    let mut drafts = Vec::new();
    for hour in 0..hours {
        for product in ["North", "South"] {
            for _ in 0..2 {
                let text = match draw(18) {
                    0..3 => CANCELLED,
                    3..5 => LATE,
                    5..8 => HAPPY,
                    _ => PLAIN,
                };
                let minute = i64::try_from(draw(60)).unwrap();
                drafts.push(said(
                    text,
                    product,
                    from + TimeDelta::hours(hour) + minutes(minute),
                ));
            }
        }
    }
    drafts
}

/// Known persons who complain about cancellations of one product within the four hours up to `end`; each says
/// it twice.
fn storm(persons: u128, product: &str, end: DateTime<Utc>) -> Vec<Draft> {
    let complaint = |person: u128| {
        let at = end - minutes(i64::try_from(person % 239).unwrap() + 1);
        let text = format!(
            "{CANCELLED}: flight number {}, call {}",
            person * 7919,
            person % 13
        );
        let draft = by(Uuid::from_u128(person), said(&text, product, at));
        [draft.clone(), draft]
    };
    (1..=persons).flat_map(complaint).collect()
}

/// Four quiet weeks, and the look at their end.
async fn after_four_weeks() -> Bench {
    let bench = Bench::at(FIRST).await;
    let now = instant(MONDAY);
    for week in ordinary(instant(FIRST), now).chunks(500) {
        bench.submit_many(week.to_vec()).await;
    }
    bench.advance_to(now).await;
    bench
}

pub(super) async fn issues(bench: &Bench) -> Vec<HotIssue> {
    let page = Page::parse(200, "", &"hot_issues", &mut Violations::default()).unwrap();
    commands::hot_issue::list(&bench.db, &bench.tenant, &page)
        .await
        .unwrap()
        .0
}

pub(super) async fn with_storm() -> (Bench, HotIssue) {
    let bench = after_four_weeks().await;
    assert!(issues(&bench).await.is_empty(), "a quiet series has no issue");
    let end = instant(MONDAY) + TimeDelta::hours(6);
    let mut today = ordinary(instant(MONDAY), end);
    today.extend(storm(60, "North", end));
    bench.submit_many(today).await;
    bench.advance_to(end).await;
    let issue = issues(&bench).await.pop().expect("the storm is found");
    (bench, issue)
}

#[tokio::test]
async fn a_storm_opens_one_issue_with_its_cohort_frozen_and_says_why() {
    let (bench, issue) = with_storm().await;
    assert_eq!(issues(&bench).await.len(), 1);
    assert_eq!(
        (issue.topic_id.as_str(), issue.product.as_str()),
        ("cancellation", "North")
    );
    assert_eq!(
        (issue.state, issue.opened_at),
        (HotIssueState::Open, instant(MONDAY) + TimeDelta::hours(6))
    );
    assert!(issue.q_value <= 0.01 && issue.p_value <= issue.q_value && issue.observed > 60);
    assert_eq!(issue.cohort_size, 60);
    // Each of them said it twice: more evidence than what was tested.
    assert!(
        issue.evidence_size >= 120 && issue.evidence_size - issue.observed >= 60,
        "{issue:?}"
    );
    assert!(
        (1..=5).contains(&issue.quotes.len()) && issue.quotes.iter().all(|quote| quote.contains("cancelled"))
    );

    let explained = convert::hot_issue::explain(&issue).unwrap();
    assert!(explained.comparable_windows > 20 && explained.tested > 0 && explained.overdispersion >= 1.0);
    assert!(
        explained
            .explanation
            .contains(&format!("{} times", issue.observed)),
        "{}",
        explained.explanation
    );
    let record: serde_json::Value = serde_json::from_str(&explained.record_json).unwrap();
    assert_eq!(record["finding"]["topic"], "cancellation");
    assert_eq!(record["cohort"], 60);
}

#[tokio::test]
async fn the_days_before_lie_in_what_is_expected_and_the_day_it_was_found_does_not() {
    let (bench, issue) = with_storm().await;
    let course = commands::hot_issue::course(&bench.db, &bench.tenant, issue.hot_issue_id)
        .await
        .unwrap();
    let course = convert::hot_issue::course_to_proto(&course);
    // Its window began at midnight: the four weeks before, and the Monday that is not over.
    assert_eq!((issue.window_start, course.days.len()), (instant(MONDAY), 29));
    let (before, today) = course.days.split_at(28);
    let today = today[0];
    assert!(before.iter().all(|day| day.complete) && !today.complete);
    let within = |day: &&pb::CourseDay| {
        let mentions = day.mentions as f64;
        day.low.unwrap() <= mentions && mentions <= day.high.unwrap()
    };
    assert!(before.iter().filter(within).count() >= 25, "{:?}", course.days);
    assert!(today.mentions as f64 > today.high.unwrap(), "{today:?}");
    assert!((4.0..12.0).contains(&today.expected.unwrap()), "{today:?}");
    assert_eq!(today.feedback, 6 * 2 + 120);
}

#[tokio::test]
async fn an_issue_is_told_first_and_its_cohort_after_it_in_parts_without_a_gap() {
    let (bench, issue) = with_storm().await;
    let opened = bench.told::<pb::HotIssueOpened>().await;
    let parts = bench.told::<pb::HotIssueCohortFrozen>().await;
    assert_eq!((opened.len(), parts.len()), (1, 1));
    assert_eq!((opened[0].0, opened[0].1), (issue.hot_issue_id, 1));
    let (subject, version, part) = &parts[0];
    assert_eq!((*subject, *version), (issue.hot_issue_id, 2));
    assert_eq!((part.part, part.parts, part.members.len()), (1, 1, 60));
    assert!(part.members.iter().all(|member| member.feedback_ids.len() == 2));
    assert_eq!(
        part.anonymous_feedback_ids.len() + 120,
        usize::try_from(issue.evidence_size).unwrap()
    );
}

#[tokio::test]
async fn a_changed_topic_is_compared_with_its_own_coding_alone_and_found_once_in_its_line() {
    let bench = Bench::at(FIRST).await;
    topic::make_group(&bench, "travel").await;
    topic::put_below(&bench, "cancellation", "travel").await.unwrap();
    for week in ordinary(instant(FIRST), instant(MONDAY)).chunks(500) {
        bench.submit_many(week.to_vec()).await;
    }
    bench.advance_to(instant(MONDAY)).await;
    let mut keywords = topic::find(&bench, "cancellation")
        .await
        .unwrap()
        .definition
        .keywords;
    keywords.push("scrubbed".into());
    let word = Change {
        keywords: Some(keywords),
        ..Change::default()
    };
    topic::change(&bench, "cancellation", word).await.unwrap();
    let end = instant(MONDAY) + TimeDelta::hours(6);
    bench.submit_many(storm(60, "North", end)).await;
    bench.advance_to(end).await;
    assert!(
        issues(&bench).await.is_empty(),
        "nothing is known of what is usual"
    );
    recoding::recode(&bench, None).await;
    bench.advance_to(end + TimeDelta::hours(1)).await;
    let found = issues(&bench).await;
    let topics: Vec<&str> = found.iter().map(|issue| issue.topic_id.as_str()).collect();
    assert_eq!(
        topics,
        ["cancellation"],
        "what stands above it is hot by the same mentions"
    );
    let explained = convert::hot_issue::explain(&found[0]).unwrap();
    assert_eq!(explained.taxonomy_version, 3);
    let throughout = "Coded as version 3 of the taxonomy does, throughout the history";
    assert!(
        explained.explanation.contains(throughout),
        "{}",
        explained.explanation
    );
}

#[tokio::test]
async fn later_feedback_does_not_change_what_was_frozen() {
    let (bench, issue) = with_storm().await;
    let kept = "SELECT count(*) FROM feedback.cohort_member WHERE tenant_id = $1";
    // Said within the tested window, arriving after it was frozen; and more of it afterwards.
    let late = storm(90, "North", issue.opened_at).split_off(120);
    bench.submit_many(late).await;
    let next = issue.opened_at + TimeDelta::hours(1);
    bench.submit_many(storm(90, "North", next)).await;
    bench.advance_to(next).await;
    assert_eq!(bench.number(kept).await, 60);
    let now = commands::hot_issue::get(&bench.db, &bench.tenant, issue.hot_issue_id)
        .await
        .unwrap();
    assert_eq!(
        (now.cohort_size, now.observed, &now.quotes),
        (60, issue.observed, &issue.quotes)
    );
    assert!(
        now.last_observed > issue.observed,
        "its growth is seen: {}",
        now.last_observed
    );
    let of_topic = issues(&bench)
        .await
        .into_iter()
        .filter(|issue| issue.topic_id == "cancellation")
        .count();
    assert_eq!(of_topic, 1, "more of it belongs to the open issue");
    assert_eq!((now.product.as_str(), now.widened_at), ("North", None));
    assert!(bench.told::<pb::HotIssueWidened>().await.is_empty());
}

#[tokio::test]
async fn an_issue_that_spreads_to_another_product_is_widened_once_with_its_cohort_and_says_why() {
    let (bench, issue) = with_storm().await;
    let next = issue.opened_at + TimeDelta::hours(1);
    // Sixty of the ninety were in the first product's storm already.
    bench.submit_many(storm(90, "South", next)).await;
    bench.advance_to(next).await;
    bench.advance_to(next + TimeDelta::hours(1)).await;
    let of_topic: Vec<HotIssue> = issues(&bench)
        .await
        .into_iter()
        .filter(|issue| issue.topic_id == "cancellation")
        .collect();
    let [now] = of_topic.as_slice() else {
        panic!("the storm of another product belongs to the open issue: {of_topic:?}")
    };
    assert_eq!((now.product.as_str(), now.widened_at), ("", Some(next)));
    assert_eq!((now.cohort_size, now.observed), (90, issue.observed));
    assert!(now.evidence_size >= issue.evidence_size + 180);
    let joined =
        "SELECT count(*) FROM feedback.cohort_member WHERE tenant_id = $1 AND widened_at IS NOT NULL";
    assert_eq!(bench.number(joined).await, 30, "the frozen ones keep their place");

    let explained = convert::hot_issue::explain(now).unwrap();
    let words = "Opened for North, it was widened to all products at 2026-03-02 07:00 UTC by rule \
                 hot_issue_widening/1";
    assert!(explained.explanation.contains(words), "{}", explained.explanation);
    assert_eq!(explained.hot_issue.unwrap().opened_product, "North");

    let widened = bench.told::<pb::HotIssueWidened>().await;
    let parts = bench.told::<pb::HotIssueCohortExtended>().await;
    assert_eq!((widened.len(), parts.len()), (1, 1));
    assert_eq!(
        (widened[0].1, parts[0].1),
        (3, 4),
        "after its opening and its cohort"
    );
    assert_eq!((parts[0].2.part, parts[0].2.parts), (1, 1));
    assert_eq!(
        parts[0].2.members.len(),
        90,
        "those who said it again are told with what they said"
    );
}

#[tokio::test]
async fn an_issue_ends_when_it_was_back_in_its_usual_range_for_a_day() {
    let (bench, issue) = with_storm().await;
    let from = issue.opened_at;
    bench
        .submit_many(ordinary(from, from + TimeDelta::hours(60)))
        .await;
    let mut ended = None;
    for hour in 1..=60 {
        bench.advance_to(from + TimeDelta::hours(hour)).await;
        let now = commands::hot_issue::get(&bench.db, &bench.tenant, issue.hot_issue_id)
            .await
            .unwrap();
        if now.state == HotIssueState::Ended {
            ended = Some(now);
            break;
        }
    }
    let ended = ended.expect("it ends");
    // The storm leaves the trailing day after 20 to 24 hours; then a day must pass.
    let lasted = (ended.ended_at.unwrap() - from).num_hours();
    assert!((44..=49).contains(&lasted), "{lasted}");
    let told = bench.told::<pb::HotIssueEnded>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1, 3, "after its opening and one part of its cohort");
    assert_eq!(issues(&bench).await.len(), 1);
}

#[tokio::test]
async fn when_time_jumps_only_the_latest_hour_is_run_and_the_record_says_so() {
    let bench = after_four_weeks().await;
    let runs = "SELECT count(*) FROM feedback.detection_run WHERE tenant_id = $1";
    let skipped = "SELECT skipped_hours::bigint FROM feedback.detection_run WHERE tenant_id = $1 ORDER BY run_at DESC LIMIT 1";
    let before = bench.number(runs).await;
    bench
        .advance_to(instant(MONDAY) + TimeDelta::hours(10) + minutes(30))
        .await;
    assert_eq!(bench.number(runs).await, before + 1);
    assert_eq!(bench.number(skipped).await, 9);
    bench.advance_to(instant(MONDAY) + TimeDelta::hours(11)).await;
    assert_eq!(
        (bench.number(runs).await, bench.number(skipped).await),
        (before + 2, 0)
    );
}

#[tokio::test]
async fn a_product_that_begins_is_noticed_once_and_is_no_issue() {
    let bench = after_four_weeks().await;
    let begin = instant(MONDAY) + TimeDelta::hours(1);
    let newcomer = (0..60).map(|i| {
        said(
            if i % 2 == 0 { CANCELLED } else { LATE },
            "Newcomer",
            begin + minutes(i),
        )
    });
    bench.submit_many(newcomer.collect()).await;
    for hour in 2..5 {
        bench.advance_to(instant(MONDAY) + TimeDelta::hours(hour)).await;
    }
    let page = Page::parse(0, "", &"notices", &mut Violations::default()).unwrap();
    let (notices, _) = commands::hot_issue::notices(&bench.db, &bench.tenant, &page)
        .await
        .unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(
        (notices[0].kind.as_str(), notices[0].product.as_str()),
        ("VOLUME_STARTED", "Newcomer")
    );
    assert!(
        notices[0].description.contains("Newcomer")
            && notices[0].noticed_at == instant(MONDAY) + TimeDelta::hours(2)
    );
    assert!(issues(&bench).await.is_empty());
}

#[tokio::test]
async fn a_tenant_is_looked_at_from_the_full_hour_after_its_first_feedback() {
    let bench = Bench::at("2026-03-02T09:20:00Z").await;
    let due = "SELECT extract(epoch FROM due_at)::bigint FROM feedback.timer WHERE tenant_id = $1 AND kind = 'detect'";
    bench
        .submit_many(vec![said(PLAIN, "North", instant("2026-03-02T09:19:00Z"))])
        .await;
    assert_eq!(
        bench.number(due).await,
        instant("2026-03-02T10:00:00Z").timestamp()
    );
    bench
        .submit_many(vec![said(PLAIN, "North", instant("2026-03-02T09:21:00Z"))])
        .await;
    bench.advance_to(instant("2026-03-02T10:00:00Z")).await;
    assert_eq!(
        bench.number(due).await,
        instant("2026-03-02T11:00:00Z").timestamp()
    );
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.detection_run WHERE tenant_id = $1")
            .await,
        1
    );
}
