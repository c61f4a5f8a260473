//! What people talk about, found without a taxonomy.

use attune_rpc::{Page, Reason, RequestKey, Violations};
use attune_timers::Worker;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Bench, HAPPY, PLAIN, instant, minutes, said};
use crate::commands;
use crate::commands::keyword;
use crate::commands::theme::{Promote, Question};
use crate::domain::{Draft, Slice, ThemeInPeriod, Window};
use crate::timers::themes::Gather;

const START: &str = "2026-03-10T06:20:00Z";

/// Complaints of one kind, worded by many.
pub(super) fn about_zorbs(count: i64, at: DateTime<Utc>) -> Vec<Draft> {
    const ENDINGS: [&str; 5] = [
        "again this morning",
        "and nobody helps",
        "since yesterday, please repair",
        "as soon as it rains",
        "for the third time",
    ];
    (0..count)
        .map(|i| {
            let ending = ENDINGS[usize::try_from(i).unwrap() % ENDINGS.len()];
            said(
                &format!("The zorb valve leaks {ending}, unit {i}"),
                "North",
                at + minutes(i),
            )
        })
        .collect()
}

pub(super) async fn gather(bench: &Bench) {
    let worker = Worker::new(bench.db.clone(), Gather::new(bench.db.clone()));
    while worker.step().await.unwrap() > 0 {}
}

pub(super) async fn themes(bench: &Bench, until: &str, days: i32) -> Vec<ThemeInPeriod> {
    let question = Question {
        until: Some(instant(until)),
        days,
    };
    let page = Page::parse(200, "", &"themes", &mut Violations::default()).unwrap();
    commands::theme::list(&bench.db, &bench.tenant, question, &page)
        .await
        .unwrap()
        .0
}

pub(super) async fn with_zorbs() -> Bench {
    let bench = Bench::at(START).await;
    let mut drafts = about_zorbs(4, instant("2026-03-02T08:00:00Z"));
    drafts.extend(about_zorbs(20, instant("2026-03-09T08:00:00Z")));
    drafts.extend((0..12).map(|i| said(HAPPY, "North", instant("2026-03-09T09:00:00Z") + minutes(i))));
    drafts.push(said(PLAIN, "North", instant("2026-03-09T09:30:00Z")));
    bench.submit_many(drafts).await;
    bench.hand.advance_to(instant("2026-03-10T07:00:00Z"));
    gather(&bench).await;
    bench
}

fn promote(theme: &ThemeInPeriod, topic_id: &str, request: u128) -> Promote {
    Promote {
        theme_id: theme.theme.theme_id,
        topic_id: topic_id.into(),
        name: None,
        key: RequestKey {
            method: "PromoteTheme",
            request_id: Some(Uuid::from_u128(request)),
            hash: [3; 32],
        },
    }
}

#[tokio::test]
async fn texts_about_the_same_are_one_theme_that_grows() {
    let bench = with_zorbs().await;
    let found = themes(&bench, "2026-03-10T00:00:00Z", 7).await;
    let zorbs = &found[0];
    assert!(zorbs.theme.label.to_lowercase().contains("zorb"), "{found:?}");
    assert_eq!((zorbs.texts, zorbs.texts_before, zorbs.theme.texts), (20, 4, 24));
    assert_eq!(zorbs.growth(), Some(5.0));
    assert_eq!(zorbs.theme.first_said_at, instant("2026-03-02T08:00:00Z"));
    assert_eq!(zorbs.theme.languages, ["en"]);
    assert!(!zorbs.theme.quotes.is_empty() && zorbs.theme.quotes.len() <= 3);
    // One text alone is no theme.
    assert!(found.iter().all(|theme| theme.theme.texts >= 3), "{found:?}");

    // A theme goes on under its id.
    let more = about_zorbs(5, instant("2026-03-10T06:30:00Z"));
    bench.submit_many(more).await;
    bench.hand.advance_to(instant("2026-03-10T08:00:00Z"));
    gather(&bench).await;
    let now = themes(&bench, "2026-03-11T00:00:00Z", 7).await;
    assert_eq!((now[0].theme.theme_id, now[0].texts), (zorbs.theme.theme_id, 25));
    let waiting = "SELECT count(*) FROM feedback.theme_waiting WHERE tenant_id = $1";
    assert_eq!(bench.number(waiting).await, 0);
}

#[tokio::test]
async fn themes_go_on_where_what_their_texts_mean_is_not_known_or_cannot_be_read() {
    let bench = with_zorbs().await;
    let known = themes(&bench, "2026-03-11T00:00:00Z", 7).await;
    // As a process of the release before leaves it, then as nobody should.
    for (hours, meanings) in [(0, "NULL"), (2, "'damaged'")] {
        let forgetting = format!("UPDATE feedback.theme_state SET meanings = {meanings}");
        sqlx::query(sqlx::AssertSqlSafe(forgetting))
            .execute(&bench.admin)
            .await
            .unwrap();
        let said = instant("2026-03-10T06:30:00Z") + TimeDelta::hours(hours);
        bench.submit_many(about_zorbs(5, said)).await;
        bench
            .hand
            .advance_to(instant("2026-03-10T08:00:00Z") + TimeDelta::hours(hours));
        gather(&bench).await;
    }
    let now = themes(&bench, "2026-03-11T00:00:00Z", 7).await;
    assert_eq!(now[0].theme.theme_id, known[0].theme.theme_id);
    assert_eq!(now[0].texts, known[0].texts + 10);
    let meant = "SELECT octet_length(meanings)::bigint FROM feedback.theme_state WHERE tenant_id = $1";
    assert!(bench.number(meant).await > 8, "written anew");
}

#[tokio::test]
async fn where_what_was_learnt_cannot_be_read_any_more_themes_begin_anew() {
    let bench = with_zorbs().await;
    sqlx::query("UPDATE feedback.theme_state SET state = 'of an earlier release'")
        .execute(&bench.admin)
        .await
        .unwrap();
    bench
        .submit_many(about_zorbs(5, instant("2026-03-10T06:30:00Z")))
        .await;
    bench.hand.advance_to(instant("2026-03-10T08:00:00Z"));
    gather(&bench).await;
    let now = themes(&bench, "2026-03-11T00:00:00Z", 7).await;
    assert_eq!(
        now.iter().map(|theme| theme.texts).collect::<Vec<_>>(),
        [5],
        "{now:?}"
    );
}

#[tokio::test]
async fn a_period_without_texts_has_no_themes_and_one_without_a_past_no_growth() {
    let bench = with_zorbs().await;
    assert!(themes(&bench, "2026-02-01T00:00:00Z", 7).await.is_empty());
    let first = themes(&bench, "2026-03-03T00:00:00Z", 1).await;
    assert_eq!((first[0].texts, first[0].growth()), (4, None));
}

#[tokio::test]
async fn pages_of_themes_hold_each_once() {
    let bench = with_zorbs().await;
    let all = themes(&bench, "2026-03-10T00:00:00Z", 7).await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let question = Question {
            until: Some(instant("2026-03-10T00:00:00Z")),
            days: 7,
        };
        let page = Page::parse(1, &token, &"themes", &mut Violations::default()).unwrap();
        let (themes, _, next) = commands::theme::list(&bench.db, &bench.tenant, question, &page)
            .await
            .unwrap();
        seen.extend(themes);
        if next.is_empty() {
            break;
        }
        token = next;
    }
    assert_eq!(seen, all);
    assert!(all.len() >= 2);
}

#[tokio::test]
async fn a_theme_that_is_promoted_is_a_topic_from_then_on() {
    let bench = with_zorbs().await;
    let zorbs = themes(&bench, "2026-03-10T00:00:00Z", 7).await.remove(0);
    let topic = commands::theme::promote(&bench.db, &bench.tenant, "ann", promote(&zorbs, "zorb-leaks", 1))
        .await
        .unwrap();
    assert_eq!(topic.id(), "zorb-leaks");
    assert!(!topic.definition.keywords.is_empty() && !topic.definition.examples.is_empty());
    let again =
        commands::theme::promote(&bench.db, &bench.tenant, "ann", promote(&zorbs, "zorb-leaks", 1)).await;
    assert_eq!(again.unwrap(), topic);
    let later = bench.submit_many(about_zorbs(1, instant(START))).await[0].feedback_id;
    let feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, later)
        .await
        .unwrap();
    let topics = feedback.understanding.unwrap().topics;
    assert!(
        topics.iter().any(|topic| topic.topic_id == "zorb-leaks"),
        "{topics:?}"
    );
    let now = themes(&bench, "2026-03-10T00:00:00Z", 7).await.remove(0);
    assert_eq!(now.theme.topic_id.as_deref(), Some("zorb-leaks"));

    let unknown = Promote {
        theme_id: Uuid::now_v7(),
        ..promote(&zorbs, "another", 2)
    };
    let refused = commands::theme::promote(&bench.db, &bench.tenant, "ann", unknown)
        .await
        .unwrap_err();
    assert_eq!(attune_rpc::Error::from(refused).reason(), Reason::NotFound);
}

#[tokio::test]
async fn themes_and_keywords_show_no_personal_data() {
    let bench = Bench::at(START).await;
    let at = instant("2026-03-09T08:00:00Z");
    let mut drafts: Vec<Draft> = (0..20)
        .map(|i| {
            let text = format!(
                "My name is Annabel Crowther, the zorb valve leaks, write to annabel{i}@example.com or call \
                 +1 212 555 01{i:02} @zorbfan"
            );
            said(&text, "North", at + minutes(i))
        })
        .collect();
    drafts.extend((0..30).map(|i| said(HAPPY, "South", at + minutes(i))));
    bench.submit_many(drafts).await;
    bench.hand.advance_to(instant("2026-03-10T07:00:00Z"));
    gather(&bench).await;
    let shown = format!("{:?}", themes(&bench, "2026-03-10T00:00:00Z", 7).await);
    let keywords = format!("{:?}", keywords(&bench, "North").await.phrases);
    assert!(
        shown.contains("zorb") && keywords.contains("zorb"),
        "{shown} {keywords}"
    );
    for personal in ["crowther", "example.com", "555", "zorbfan"] {
        assert!(!shown.to_lowercase().contains(personal), "{personal} in {shown}");
        assert!(
            !keywords.to_lowercase().contains(personal),
            "{personal} in {keywords}"
        );
    }
}

async fn keywords(bench: &Bench, product: &str) -> keyword::Keywords {
    let slice = Slice {
        product: product.into(),
        ..Slice::default()
    };
    keywords_of(bench, slice).await
}

async fn keywords_of(bench: &Bench, slice: Slice) -> keyword::Keywords {
    let question = keyword::Question {
        slice,
        window: Window {
            start: instant("2026-03-09T00:00:00Z"),
            end: instant("2026-03-10T00:00:00Z"),
        },
        limit: 10,
    };
    commands::keyword::list(&bench.db, &bench.tenant, question)
        .await
        .unwrap()
}

#[tokio::test]
async fn keywords_tell_a_slice_from_the_rest_and_a_day_from_the_one_before() {
    let bench = Bench::at(START).await;
    let (monday, sunday) = (instant("2026-03-09T08:00:00Z"), instant("2026-03-08T08:00:00Z"));
    let mut drafts = about_zorbs(20, monday);
    drafts.extend((0..30).map(|i| said(HAPPY, "South", monday + minutes(i))));
    drafts.extend((0..30).map(|i| said(PLAIN, "North", sunday + minutes(i))));
    bench.submit_many(drafts).await;
    let of_north = keywords(&bench, "North").await;
    assert_eq!((of_north.texts, of_north.background_texts), (20, 30));
    assert!(of_north.phrases[0].phrase.contains("zorb"), "{of_north:?}");
    assert!(of_north.phrases.iter().all(|phrase| phrase.score > 1.0));
    let of_monday = keywords(&bench, "").await;
    assert_eq!((of_monday.texts, of_monday.background_texts), (50, 30));
}

#[tokio::test]
async fn keywords_of_a_segment_are_held_against_those_who_are_known_not_to_be_in_it() {
    let bench = Bench::at(START).await;
    let monday = instant("2026-03-09T08:00:00Z");
    let of_segments = |draft: Draft, segments: Option<Vec<String>>| Draft { segments, ..draft };
    let gold = about_zorbs(20, monday).into_iter();
    let mut drafts: Vec<Draft> = gold
        .map(|draft| of_segments(draft, Some(vec!["gold".into(), "new".into()])))
        .collect();
    let others = (0..30).map(|i| said(HAPPY, "South", monday + minutes(i)));
    drafts.extend(others.map(|draft| of_segments(draft, Some(Vec::new()))));
    let unknown = (0..10).map(|i| said(PLAIN, "North", monday + minutes(i)));
    drafts.extend(unknown.map(|draft| of_segments(draft, None)));
    bench.submit_many(drafts).await;
    let slice = Slice {
        segment: "gold".into(),
        ..Slice::default()
    };
    let of_gold = keywords_of(&bench, slice).await;
    assert_eq!((of_gold.texts, of_gold.background_texts), (20, 30));
    assert!(of_gold.phrases[0].phrase.contains("zorb"), "{of_gold:?}");
}

#[tokio::test]
async fn texts_that_waited_while_nobody_worked_are_taken_up_in_steps() {
    let bench = Bench::at(START).await;
    let at = instant("2026-03-09T08:00:00Z");
    for part in (0..2100)
        .map(|i| said(HAPPY, "North", at + TimeDelta::seconds(i)))
        .collect::<Vec<_>>()
        .chunks(500)
    {
        bench.submit_many(part.to_vec()).await;
    }
    bench.hand.advance_to(instant("2026-03-10T07:00:00Z"));
    let worker = Worker::new(bench.db.clone(), Gather::new(bench.db.clone()));
    assert_eq!(worker.step().await.unwrap(), 1);
    let waiting = "SELECT count(*) FROM feedback.theme_waiting WHERE tenant_id = $1";
    assert_eq!(bench.number(waiting).await, 100);
    assert_eq!(worker.step().await.unwrap(), 1, "the rest is due at once");
    assert_eq!(bench.number(waiting).await, 0);
    assert_eq!(worker.step().await.unwrap(), 0);
    assert_eq!(themes(&bench, "2026-03-10T00:00:00Z", 7).await[0].texts, 2100);
}
