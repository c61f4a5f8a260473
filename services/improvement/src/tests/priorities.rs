//! How urgent issues are, and why.

use std::sync::Arc;

use attune_api::feedback::v1 as feedback;
use attune_rpc::{Page, TenantId, Violations, timestamp};
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::platform::{Platform, at, member, once};
use crate::commands::issue::{self, Create, Listing, Order};
use crate::commands::{priority, worth};
use crate::domain::{Cohort, Currency, Issue, Member, MoneyBounds, Priority, Report, Term, TermKind};
use crate::error::Error;
use crate::events::SaidByCustomers;
use crate::timers::Priorities;

const TOPIC: &str = "cancelled_service";
const NEGATIVE: feedback::Sentiment = feedback::Sentiment::Negative;
const NEUTRAL: feedback::Sentiment = feedback::Sentiment::Neutral;

impl Platform {
    /// So many customers say something about the issue's topic on a day, in a product.
    pub(super) async fn said(
        &self,
        count: usize,
        day: &str,
        (product, sentiment): (&str, feedback::Sentiment),
    ) {
        let events: Vec<_> = (0..count)
            .map(|_| {
                let feedback_id = Uuid::now_v7();
                let mention = feedback::TopicMention {
                    topic_id: TOPIC.to_owned(),
                    sentiment: sentiment.into(),
                    ..Default::default()
                };
                let submitted = feedback::FeedbackSubmitted {
                    feedback_id: feedback_id.to_string(),
                    product: product.to_owned(),
                    understanding: Some(feedback::Understanding {
                        sentiment: sentiment.into(),
                        topics: vec![mention],
                        ..Default::default()
                    }),
                    occurred_at: Some(timestamp(at(&format!("{day}T05:00:00Z")))),
                    ..Default::default()
                };
                self.event(feedback_id, &submitted)
            })
            .collect();
        self.hear(&SaidByCustomers, &events).await.unwrap();
    }

    /// Moves the clock and looks at priorities whenever that is due.
    pub(super) async fn priorities_at(&self, instant: DateTime<Utc>) -> usize {
        self.hand.advance_to(instant);
        let timers = TimerLoop::new(self.db.clone(), vec![Arc::new(Priorities)]);
        let mut fired = 0;
        while timers.step().await.unwrap() > 0 {
            fired += 1;
        }
        fired
    }

    pub(super) async fn explained(&self, id: Uuid) -> (Issue, Priority) {
        priority::explain(&self.db, &self.tenant, id).await.unwrap()
    }

    /// Reports an issue about the topic that hit so many persons.
    pub(super) async fn reported(&self, persons: usize, product: &str) -> Issue {
        let members = (0..persons).map(|_| Member::new(Uuid::now_v7(), vec![Uuid::now_v7()]));
        let report = Report {
            title: format!("{persons} are hit"),
            description: String::new(),
            topic_id: TOPIC.to_owned(),
            product: product.to_owned(),
            cohort: Cohort {
                members: members.collect(),
                anonymous: Vec::new(),
            },
        };
        let key = once("CreateIssue");
        issue::create(&self.db, &self.tenant, Create { report, key })
            .await
            .unwrap()
    }

    async fn value(&self, likely: i64) {
        let bounds = |likely| MoneyBounds {
            low: 0,
            likely,
            high: likely,
            source: "controlling".to_owned(),
        };
        let set = worth::Set {
            currency: Currency::parse("EUR").unwrap(),
            customer_value: bounds(likely),
            cost_per_contact: bounds(600),
            key: once("SetWorthParameters"),
        };
        worth::set_parameters(&self.db, &self.tenant, set).await.unwrap();
    }

    async fn by_priority(&self, size: i32, token: &str) -> (Vec<i64>, String) {
        let page = Page::parse(size, token, &"", &mut Violations::default()).unwrap();
        let listed = Listing {
            order: Order::Priority,
            ..Listing::default()
        };
        let (issues, next) = issue::list(&self.db, &self.tenant, listed, &page).await.unwrap();
        (issues.iter().map(|issue| issue.cohort_size).collect(), next)
    }
}

fn term(priority: &Priority, kind: TermKind) -> &Term {
    priority.terms.iter().find(|term| term.kind == kind).unwrap()
}

fn is(number: f64, wanted: f64) -> bool {
    (number - wanted).abs() < 1e-9
}

#[tokio::test]
async fn a_new_issue_is_as_urgent_as_the_people_it_hit_and_says_what_is_not_known() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(3).await;
    let (explained, priority) = platform.explained(issue.issue_id).await;
    assert!(
        is(explained.priority, 3.0) && is(priority.value, 3.0),
        "{priority:?}"
    );
    assert_eq!(priority.computed_at, platform.db.clock().now());
    let known: Vec<_> = priority
        .terms
        .iter()
        .map(|term| (term.kind, term.known))
        .collect();
    assert_eq!(
        known,
        [
            (TermKind::People, true),
            (TermKind::Feeling, false),
            (TermKind::Value, false),
            (TermKind::Trend, false),
            (TermKind::Employees, true)
        ]
    );
    assert!(priority.terms[1..].iter().all(|term| is(term.factor, 1.0)));
}

#[tokio::test]
async fn people_nobody_knows_count_one_a_piece_when_the_cohort_is_frozen() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    let nobody = [Uuid::now_v7(), Uuid::now_v7()];
    let events = [
        platform.event(hot_issue_id, &super::platform::opened(hot_issue_id)),
        platform.event(
            hot_issue_id,
            &super::platform::frozen(hot_issue_id, (1, 1), vec![member(2)], &nobody),
        ),
    ];
    platform.hear(&crate::events::HotIssues, &events).await.unwrap();
    let issue = platform.issues().await.remove(0);
    assert!(is(issue.priority, 3.0), "{}", issue.priority);
}

#[tokio::test]
async fn feelings_and_trend_are_what_was_heard_of_the_topic_in_the_product() {
    let platform = Platform::start().await;
    platform.said(1, "2026-02-10", ("united", NEUTRAL)).await;
    platform.said(4, "2026-02-20", ("united", NEUTRAL)).await;
    platform.said(12, "2026-03-01", ("united", NEGATIVE)).await;
    platform.said(50, "2026-03-01", ("delta", NEUTRAL)).await;
    let (issue, _) = platform.issue(10).await;
    let (_, priority) = platform.explained(issue.issue_id).await;
    let (feeling, trend) = (
        term(&priority, TermKind::Feeling),
        term(&priority, TermKind::Trend),
    );
    let inputs = |term: &Term| term.inputs.iter().map(|input| input.value).collect::<Vec<_>>();
    assert_eq!((inputs(feeling), feeling.known), (vec![12.0, 17.0], true));
    assert_eq!((inputs(trend), trend.known), (vec![12.0, 4.0], true));
    assert!(feeling.factor > 1.2 && trend.factor > 1.2, "{priority:?}");
    assert!(is(priority.value, 10.0 * feeling.factor * trend.factor));
    assert!(is(
        platform.issue_now(issue.issue_id).await.priority,
        priority.value
    ));
}

#[tokio::test]
async fn at_midnight_what_was_said_since_counts_and_what_is_long_ago_does_not() {
    let platform = Platform::start().await;
    platform.said(10, "2026-02-20", ("united", NEGATIVE)).await;
    let (issue, _) = platform.issue(10).await;
    let id = issue.issue_id;
    let before = platform.explained(id).await.1;
    platform.said(30, "2026-03-02", ("united", NEGATIVE)).await;
    assert_eq!(platform.explained(id).await.1, before, "until midnight it stands");
    platform.priorities_at(at("2026-03-03T00:00:00Z")).await;
    let next = platform.explained(id).await.1;
    assert_eq!(next.computed_at, at("2026-03-03T00:00:00Z"));
    assert!(next.value > before.value, "{next:?}");
    platform.priorities_at(at("2026-04-20T08:00:00Z")).await;
    let long_after = platform.explained(id).await.1;
    assert!(!term(&long_after, TermKind::Feeling).known, "{long_after:?}");
    assert!(is(long_after.value, 10.0));
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM improvement.mention_day")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(kept, 0, "what is not counted any more is forgotten");
}

#[tokio::test]
async fn what_customers_are_worth_raises_all_priorities_as_soon_as_it_is_said() {
    let platform = Platform::start().await;
    let ids = [
        platform.reported(4, "united").await,
        platform.reported(2, "delta").await,
    ];
    platform.value(60_000).await;
    platform.priorities_at(platform.db.clock().now()).await;
    for (issue, wanted) in ids.iter().zip([6.0, 3.0]) {
        let (now, priority) = platform.explained(issue.issue_id).await;
        assert!(is(now.priority, wanted), "{priority:?}");
        assert_eq!(priority.parameters_version, 1);
        assert_eq!(now.version, issue.version, "a priority moves without the etag");
    }
}

#[tokio::test]
async fn issues_are_listed_the_most_urgent_first_page_by_page() {
    let platform = Platform::start().await;
    for persons in [2, 5, 3, 5, 1] {
        platform.reported(persons, "united").await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let (part, next) = platform.by_priority(2, &token).await;
        assert!(part.len() <= 2);
        seen.extend(part);
        if next.is_empty() {
            break;
        }
        token = next;
    }
    assert_eq!(seen, [5, 5, 3, 2, 1]);
}

#[tokio::test]
async fn more_issues_than_one_look_takes_are_all_looked_at() {
    let platform = Platform::start().await;
    for _ in 0..5 {
        platform.reported(1, "united").await;
    }
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    sqlx::query(
        "INSERT INTO improvement.issue SELECT (jsonb_populate_record(i,
             jsonb_build_object('issue_id', gen_random_uuid(), 'hot_issue_id', NULL))).*
         FROM improvement.issue i, generate_series(1, 60)",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let midnight = at("2026-03-03T00:00:00Z");
    assert_eq!(
        platform.priorities_at(midnight).await,
        2,
        "305 issues, 200 at once"
    );
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let looked_at: i64 =
        sqlx::query_scalar("SELECT count(*) FROM improvement.issue WHERE prioritised_at = $1")
            .bind(midnight)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    assert_eq!(looked_at, 305);
}

#[tokio::test]
async fn an_issue_that_somebody_is_changing_is_left_for_a_minute_later() {
    let platform = Platform::start().await;
    let issue = platform.reported(1, "united").await;
    let midnight = at("2026-03-03T00:00:00Z");
    let mut held = platform.db.system(&platform.tenant).await.unwrap();
    crate::store::issue::lock(&mut held, issue.issue_id)
        .await
        .unwrap();
    platform.priorities_at(midnight).await;
    assert_ne!(platform.explained(issue.issue_id).await.1.computed_at, midnight);
    held.commit().await.unwrap();
    platform.priorities_at(midnight + TimeDelta::minutes(1)).await;
    let looked_at = platform.explained(issue.issue_id).await.1.computed_at;
    assert_eq!(looked_at, midnight + TimeDelta::minutes(1));
}

#[tokio::test]
async fn an_issue_older_than_records_is_explained_as_it_would_be_now() {
    let platform = Platform::start().await;
    let issue = platform.reported(3, "united").await;
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    sqlx::query("UPDATE improvement.issue SET priority = 0, prioritised_at = NULL, priority_record = NULL")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let (explained, priority) = platform.explained(issue.issue_id).await;
    assert!(is(explained.priority, 3.0) && is(priority.value, 3.0));
}

#[tokio::test]
async fn another_company_has_neither_the_explanation_nor_the_counts() {
    let platform = Platform::start().await;
    let issue = platform.reported(3, "united").await;
    platform.said(5, "2026-03-01", ("united", NEGATIVE)).await;
    let other = TenantId::parse("other").unwrap();
    let refused = priority::explain(&platform.db, &other, issue.issue_id).await;
    assert!(matches!(refused, Err(Error::NoIssue(id)) if id == issue.issue_id));
    let mut tx = platform.db.read(&other).await.unwrap();
    let facts = crate::store::priority::facts(&mut tx, &issue).await.unwrap();
    assert_eq!((facts.mentions.judged, facts.mentions.heard_since), (0, None));
}
