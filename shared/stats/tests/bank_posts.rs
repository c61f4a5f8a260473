//! The verdict on posts about eight Russian banks from 2013 to 2015, collected in periods with gaps between them. Nobody
//! improved anything there that these posts would show, so whatever is rolled out on paper, nothing helped.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says so, and a skipped one why"
)]

use std::collections::BTreeMap;

use attune_stats::verdict::{Bucket, Decision, Evaluation, Plan, SmallestEffect, judge};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/ru_bank_mentions.tsv"
);

/// What posts are about, by the stems of its words: cards, cash machines, loans, mortgages, deposits, sanctions, money.
const TOPICS: [&str; 7] = ["карт", "банкомат", "кредит", "ипотек", "вклад", "санкц", "деньг"];
/// Days between the first sight of an issue and the change that is made up.
const RESPONSES: [i64; 3] = [4, 7, 10];
/// Days after which the last look is taken.
const DEADLINE: i64 = 14;

struct Post {
    hour: DateTime<Utc>,
    bank: String,
    text: String,
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
        Post {
            hour: at - TimeDelta::seconds(at.timestamp().rem_euclid(3600)),
            bank: fields[4].to_owned(),
            text: fields[5].to_lowercase(),
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

/// How much of what is said of a bank, or of all where it is empty, is about a topic.
fn series(posts: &[Post], bank: &str, topic: &str) -> Vec<Bucket> {
    let mut hours = BTreeMap::<DateTime<Utc>, (u64, u64)>::new();
    for post in posts.iter().filter(|post| bank.is_empty() || post.bank == bank) {
        let (successes, n) = hours.entry(post.hour).or_default();
        *n += 1;
        *successes += u64::from(post.text.contains(topic));
    }
    let bucket = |(start, (successes, n)): (DateTime<Utc>, (u64, u64))| Bucket {
        start,
        end: start + TimeDelta::hours(1),
        successes,
        n,
    };
    hours.into_iter().map(bucket).collect()
}

/// Every rollout that could have been made up: an issue seen on each day of the collection, answered after some days.
fn rollouts() -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let periods = [
        ("2013-12-06", "2014-01-20"),
        ("2014-07-24", "2014-08-13"),
        ("2015-06-30", "2015-08-01"),
    ];
    let noon = |day: &str| {
        let day: NaiveDate = day.parse().unwrap();
        day.and_hms_opt(12, 0, 0).unwrap().and_utc()
    };
    let mut rollouts = Vec::new();
    for (first, last) in periods {
        let mut opened = noon(first) + TimeDelta::days(1);
        while opened + TimeDelta::days(RESPONSES[0]) < noon(last) {
            rollouts.extend(RESPONSES.map(|days| (opened, opened + TimeDelta::days(days))));
            opened += TimeDelta::days(1);
        }
    }
    rollouts
}

#[test]
fn where_nobody_improved_anything_nothing_is_called_effective() {
    let Some(posts) = posts() else { return };
    let mut decisions = BTreeMap::<String, u32>::new();
    let (mut measured, mut fallen) = (0, 0);
    for bank in ["", "sberbank", "vtb", "alfabank", "rshb"] {
        for topic in TOPICS {
            let series = series(&posts, bank, topic);
            for (opened_at, rolled_out_at) in rollouts() {
                let deadline = rolled_out_at + TimeDelta::days(DEADLINE);
                let verdict = judge(&Evaluation {
                    plan: &Plan::new(SmallestEffect::DEFAULT, 400, deadline),
                    series: &series,
                    comparison: None,
                    strata: &[],
                    issue_window_start: opened_at - TimeDelta::days(1),
                    opened_at,
                    rolled_out_at,
                    now: deadline,
                });
                measured += u32::from(verdict.effect.is_some());
                // What a comparison of before and after would have taken for a success.
                fallen += u32::from(verdict.relative_interval.is_some_and(|range| range.high < 0.0));
                *decisions.entry(format!("{:?}", verdict.decision)).or_default() += 1;
                assert_ne!(
                    verdict.decision,
                    Decision::Effective,
                    "{bank} {topic}, {opened_at} to {rolled_out_at}: {}",
                    verdict.reason
                );
            }
        }
    }
    println!("{decisions:?}; {measured} with a number, {fallen} of them a fall that is not chance alone");
    assert!(measured > 500, "{measured} were measured");
}
