//! The verdict on posts about eight Russian banks from 2013 to 2015, collected in periods with gaps between them. Nobody
//! improved anything there that these posts would show, so whatever is rolled out on paper, nothing helped.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says so, and a skipped one why"
)]

use std::collections::BTreeMap;

use attune_stats::verdict::{Bucket, Comparison, Decision, Evaluation, Plan, SmallestEffect, judge};
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

/// How much of what is said of the banks that are `of` is about a topic.
fn series(posts: &[Post], topic: &str, of: impl Fn(&str) -> bool) -> Vec<Bucket> {
    let mut hours = BTreeMap::<DateTime<Utc>, (u64, u64)>::new();
    for post in posts.iter().filter(|post| of(&post.bank)) {
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

/// Every rollout that could have been made up: an issue seen on every other day of the collection, answered after some days.
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
            opened += TimeDelta::days(2);
        }
    }
    rollouts
}

/// What came of all made-up rollouts.
#[derive(Debug, Default)]
struct Account {
    rollouts: u32,
    /// Of those, with a number.
    measured: u32,
    /// Of those, with a fall that a comparison of before and after would have taken for a success.
    fallen: u32,
    /// Of those, called effective.
    effective: u32,
}

/// Makes up every rollout for every bank and topic; the other banks are the comparable group where they are asked.
fn made_up(posts: &[Post], with_comparison: bool) -> Account {
    let mut account = Account::default();
    for bank in ["sberbank", "vtb", "alfabank", "rshb"] {
        for topic in TOPICS {
            let own = series(posts, topic, |other| other == bank);
            let others = series(posts, topic, |other| other != bank);
            let comparison = with_comparison.then_some(Comparison {
                name: "the other banks",
                series: &others,
            });
            for (opened_at, rolled_out_at) in rollouts() {
                let deadline = rolled_out_at + TimeDelta::days(DEADLINE);
                let verdict = judge(&Evaluation {
                    plan: &Plan::new(SmallestEffect::DEFAULT, 400, deadline),
                    series: &own,
                    comparison,
                    strata: &[],
                    issue_window_start: opened_at - TimeDelta::days(1),
                    opened_at,
                    rolled_out_at,
                    now: deadline,
                });
                account.rollouts += 1;
                account.measured += u32::from(verdict.effect.is_some());
                account.fallen += u32::from(verdict.relative_interval.is_some_and(|range| range.high < 0.0));
                account.effective += u32::from(verdict.decision == Decision::Effective);
            }
        }
    }
    account
}

/// What was said faded by itself, and now and then on the very day of a rollout that was made up: then the posts cannot
/// tell. That may happen as often as the plan allows: half of its two-sided error rate, the other half being harm.
fn assert_rare(account: &Account) {
    assert!(account.measured > 250, "{account:?}");
    assert!(
        f64::from(account.effective) <= 0.025 * f64::from(account.measured),
        "{account:?}"
    );
    assert!(account.effective < account.fallen, "{account:?}");
}

#[test]
fn what_nobody_did_is_called_effective_less_often_than_the_plan_allows() {
    let Some(posts) = posts() else { return };
    let account = made_up(&posts, false);
    println!("with nothing beside it: {account:?}");
    assert_rare(&account);
}

#[test]
fn nor_is_it_called_so_more_often_beside_the_other_banks() {
    let Some(posts) = posts() else { return };
    let account = made_up(&posts, true);
    println!("with the other banks beside it: {account:?}");
    assert_rare(&account);
}
