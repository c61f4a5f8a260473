//! The detection and the verdict on a week whose events are known: posts to six airlines, 17–24 February 2015.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails says so, and a skipped one why"
)]

use std::collections::BTreeMap;

use attune_stats::hot::{self, HotCell, Level, Notice, Settings};
use attune_stats::verdict::{Bucket, Decision, Evaluation, Plan, SmallestEffect, judge};
use chrono::{DateTime, TimeDelta, Timelike, Utc};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/airline_storm.tsv"
);

/// Topics by keyword: the text holds one of these.
const TOPICS: [(&str, &[&str]); 10] = [
    ("cancelled flight", &["cancel"]),
    ("late flight", &["delay", " late"]),
    ("luggage", &["bag", "luggage"]),
    ("hold times", &["on hold", " hold", "phone", "hung up"]),
    ("rude staff", &["rude", "attitude"]),
    ("seat", &[" seat"]),
    ("food", &[" food", "snack", "meal", "drink"]),
    ("wifi", &["wifi", "wi-fi"]),
    ("price", &["price", "refund", " fare"]),
    ("website", &["website", " app ", "booking", " site"]),
];
/// What is said of luggage that is not there. The service counts non-positive mentions only; praise of free bags and
/// questions about their size would drown the lost ones here.
const ASTRAY: [&str; 10] = [
    "lost", "missing", "where", "wait", "still", "find", "found", "without", "claim", "delay",
];
const STORM: [&str; 4] = ["cancelled flight", "late flight", "luggage", "hold times"];

struct Post {
    hour: DateTime<Utc>,
    product: String,
    topics: Vec<&'static str>,
}

/// The posts, or nothing (with the reason printed) where the file is absent.
fn posts() -> Option<Vec<Post>> {
    let Ok(text) = std::fs::read_to_string(FILE) else {
        println!("skipped: {FILE} is not there");
        return None;
    };
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let at = DateTime::parse_from_rfc3339(fields[0]).unwrap().to_utc();
        let text = fields[5].to_lowercase();
        let mentions = |words: &[&str]| words.iter().any(|word| text.contains(word));
        Post {
            hour: at.with_minute(0).unwrap().with_second(0).unwrap(),
            product: fields[4].to_owned(),
            topics: TOPICS
                .iter()
                .filter(|(topic, words)| mentions(words) && (*topic != "luggage" || mentions(&ASTRAY)))
                .map(|(topic, _)| *topic)
                .collect(),
        }
    };
    Some(
        text.lines()
            .skip(1)
            .filter(|line| !line.is_empty())
            .map(parse)
            .collect(),
    )
}

fn at(text: &str) -> DateTime<Utc> {
    format!("2015-02-{text}:00:00Z").parse().unwrap()
}

struct Replay {
    /// Findings and notices of every hourly run.
    runs: Vec<(DateTime<Utc>, Vec<HotCell>, Vec<Notice>)>,
}

impl Replay {
    fn of(posts: &[Post], settings: &Settings) -> Self {
        let mut runs = Vec::new();
        let mut now = at("20T08");
        while now <= at("24T20") {
            let mut history = hot::History::new(now).unwrap();
            for post in posts {
                history.add_total(&post.product, post.hour, 1);
                for topic in &post.topics {
                    history.add_mentions(topic, &post.product, post.hour, 1);
                }
            }
            let run = hot::detect(&history, settings);
            runs.push((now, hot::one_finding_per_topic(&run.hot), run.notices));
            now += TimeDelta::hours(2);
        }
        Self { runs }
    }

    /// The first run of each topic, with the finding.
    fn opened(&self) -> BTreeMap<&str, (DateTime<Utc>, &HotCell)> {
        let mut opened = BTreeMap::new();
        for (now, findings, _) in &self.runs {
            for finding in findings {
                opened.entry(finding.topic.as_str()).or_insert((*now, finding));
            }
        }
        opened
    }
}

#[test]
fn the_storm_is_found_and_quiet_topics_stay_quiet() {
    let Some(posts) = posts() else { return };
    let replay = Replay::of(&posts, &Settings::default());
    let opened = replay.opened();
    for topic in ["cancelled flight", "hold times", "late flight"] {
        let (when, _) = opened
            .get(topic)
            .unwrap_or_else(|| panic!("{topic} was not found"));
        assert!(
            (at("21T08")..at("23T08")).contains(when),
            "{topic} opened at {when}"
        );
    }
    // After the cancelled flights.
    let (when, luggage) = opened["luggage"];
    assert!(
        (at("22T08")..at("24T08")).contains(&when),
        "luggage opened at {when}"
    );
    assert!(luggage.q_value <= 0.01 && luggage.ratio > 2.0);
    for topic in opened.keys() {
        assert!(STORM.contains(topic), "{topic} was opened without a cause");
    }
    let (_, cancelled) = opened["cancelled flight"];
    assert!(cancelled.ratio > 2.0 && cancelled.q_value <= 0.01 && cancelled.baseline.windows >= 3);
    // What began in one airline's phone queue is that airline's issue.
    assert_eq!(
        opened["hold times"].1.level,
        Level::Product("Southwest".to_owned())
    );
}

#[test]
fn an_airline_whose_collection_starts_is_not_an_issue() {
    let Some(posts) = posts() else { return };
    let replay = Replay::of(&posts, &Settings::default());
    let (_, _, last) = replay.runs.last().unwrap();
    assert_eq!(
        last,
        &[Notice::VolumeStarted {
            product: "American".to_owned(),
            at: at("22T20")
        }]
    );
    let american = Level::Product("American".to_owned());
    assert!(
        replay
            .runs
            .iter()
            .all(|(_, findings, _)| findings.iter().all(|f| f.level != american))
    );
}

#[test]
fn a_storm_that_passes_is_no_success_of_whoever_acted_in_it() {
    let Some(posts) = posts() else { return };
    let mut hours = BTreeMap::<DateTime<Utc>, (u64, u64)>::new();
    for post in posts.iter().filter(|post| post.product != "American") {
        let (successes, n) = hours.entry(post.hour).or_default();
        *n += 1;
        *successes += u64::from(post.topics.contains(&"cancelled flight"));
    }
    let bucket = |(&start, &(successes, n)): (&DateTime<Utc>, &(u64, u64))| Bucket {
        start,
        end: start + TimeDelta::hours(1),
        successes,
        n,
    };
    let series: Vec<Bucket> = hours.iter().map(bucket).collect();
    let mut plan = Plan::new(SmallestEffect::DEFAULT, 1500, at("24T20"));
    plan.minimum_days_after = 1;
    let verdict = judge(&Evaluation {
        plan: &plan,
        series: &series,
        comparison: None,
        strata: &[],
        issue_window_start: at("20T16"),
        opened_at: at("21T16"),
        rolled_out_at: at("22T18"),
        now: at("24T20"),
    });
    assert_eq!(verdict.decision, Decision::Inconclusive);
    assert!(
        verdict.reason.contains("may have fallen anyway"),
        "{}",
        verdict.reason
    );
}
