//! The real storm of February 2015 (see the data's README), replayed through the store.

use std::collections::{BTreeMap, BTreeSet};

use attune_rpc::{Page, Violations};
use attune_timers::Worker;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Bench, by, instant, said};
use crate::commands;
use crate::domain::Draft;
use crate::timers::themes::Gather;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/airline_storm.tsv"
);

/// The posts, each with its author under an id of ours.
fn posts(text: &str) -> Vec<Draft> {
    let mut authors = BTreeMap::<String, Uuid>::new();
    let mut draft = |line: &str| {
        let fields: Vec<&str> = line.splitn(6, '\t').collect();
        let [at, source_id, customer, channel, product, text] = fields.as_slice() else {
            panic!("{line}")
        };
        let author = *authors.entry((*customer).to_owned()).or_insert_with(Uuid::now_v7);
        let draft = by(author, said(text.trim(), product, at.parse().unwrap()));
        Draft {
            channel: (*channel).into(),
            source_id: Some((*source_id).into()),
            ..draft
        }
    };
    text.lines().skip(1).map(&mut draft).collect()
}

#[tokio::test]
async fn the_storm_is_found_and_the_collector_s_jump_is_not_taken_for_one() {
    let Ok(text) = std::fs::read_to_string(FILE) else {
        println!("skipped: {FILE} is not there");
        return;
    };
    let posts = posts(&text);
    let start = instant("2015-02-17T07:00:00Z");
    let bench = Bench::at("2015-02-17T07:00:00Z").await;
    let mut sent = 0;
    // Every sixth hour is looked at, which is what a platform does that is moved in such steps.
    for step in 1..=30 {
        let now: DateTime<Utc> = start + TimeDelta::hours(6 * step);
        let due = posts.partition_point(|post| post.occurred_at < now);
        for message in posts[sent..due].chunks(500) {
            bench.submit_many(message.to_vec()).await;
        }
        sent = due;
        bench.advance_to(now).await;
    }
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let (issues, _) = commands::hot_issue::list(&bench.db, &bench.tenant, &page)
        .await
        .unwrap();
    for issue in &issues {
        println!(
            "{} {:?} {} {}",
            issue.opened_at,
            issue.product,
            issue.topic_id,
            issue.explanation()
        );
    }
    let topics: BTreeSet<&str> = issues.iter().map(|issue| issue.topic_id.as_str()).collect();
    assert!(topics.contains("cancellation"), "{topics:?}");
    assert!(topics.len() <= 8, "an issue for every topic is noise: {topics:?}");
    let storm = instant("2015-02-20T12:00:00Z")..instant("2015-02-24T12:00:00Z");
    let found = issues
        .iter()
        .filter(|issue| issue.topic_id == "cancellation" && storm.contains(&issue.opened_at));
    let cancellations: Vec<_> = found.collect();
    let [cancellation] = cancellations.as_slice() else {
        panic!("one issue for one storm: {cancellations:?}")
    };
    // Flights were cancelled at most airlines: the issue is not one airline's, and its cohort not one airline's.
    assert_eq!(cancellation.product, "");
    assert!(cancellation.cohort_size > 100, "{}", cancellation.cohort_size);
    assert!(issues.iter().all(|issue| issue.product != "American"));
    what_people_talked_about(&bench).await;
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let (notices, _) = commands::hot_issue::notices(&bench.db, &bench.tenant, &page)
        .await
        .unwrap();
    assert!(
        notices.iter().any(|notice| notice.product == "American"),
        "{notices:?}"
    );
}

/// The themes of the storm's days, in words that a reader recognises as what happened.
async fn what_people_talked_about(bench: &Bench) {
    bench.advance_to(instant("2015-02-25T00:00:00Z")).await;
    let worker = Worker::new(bench.db.clone(), Gather::new(bench.db.clone()));
    let begin = std::time::Instant::now();
    while worker.step().await.unwrap() > 0 {}
    let size = bench
        .number("SELECT octet_length(state)::bigint FROM feedback.theme_state WHERE tenant_id = $1")
        .await;
    println!("themes gathered in {:?}, {size} bytes of state", begin.elapsed());
    let question = commands::theme::Question {
        until: Some(instant("2015-02-25T00:00:00Z")),
        days: 4,
    };
    let page = Page::parse(20, "", &"", &mut Violations::default()).unwrap();
    let (themes, ..) = commands::theme::list(&bench.db, &bench.tenant, question, &page)
        .await
        .unwrap();
    for theme in &themes {
        println!(
            "{} (before {}): {}",
            theme.texts, theme.texts_before, theme.theme.label
        );
    }
    let words: String = themes
        .iter()
        .flat_map(|theme| &theme.theme.phrases)
        .map(|phrase| phrase.to_lowercase() + ",")
        .collect();
    let happened: [&[&str]; 4] = [&["cancel"], &["hold"], &["bag", "luggage"], &["late", "delay"]];
    for said in happened {
        assert!(
            said.iter().any(|word| words.contains(word)),
            "{said:?} is missing in {words}"
        );
    }
    assert!(
        themes
            .iter()
            .all(|theme| theme.theme.quotes.iter().all(|quote| !quote.contains('@')))
    );
}

/// Run with `cargo test --release -p attune-feedback -- --ignored --nocapture throughput`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn throughput_of_streamed_feedback() {
    let Ok(text) = std::fs::read_to_string(FILE) else {
        println!("skipped: {FILE} is not there");
        return;
    };
    let bench = Bench::at("2015-02-25T00:00:00Z").await;
    let posts = posts(&text);
    let mut slowest = std::time::Duration::ZERO;
    let begin = std::time::Instant::now();
    for message in posts.chunks(500) {
        let begin = std::time::Instant::now();
        bench.submit_many(message.to_vec()).await;
        slowest = slowest.max(begin.elapsed());
    }
    let rate = posts.len() as f64 / begin.elapsed().as_secs_f64();
    println!(
        "{} pieces of feedback, {rate:.0} a second one message after the other, slowest {slowest:?}",
        posts.len()
    );
    let kept = bench
        .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
        .await;
    assert_eq!(usize::try_from(kept), Ok(posts.len()));
}
