//! The demo on a small file: five weeks, a lasting trouble, a change that does nothing and one that helps.
//!
//! The bundled sample tells the same story with more people; it takes minutes in a debug build.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use attune_database::embedded::shared_for_tests;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

const DAYS: i64 = 33;
const TROUBLE_BEGINS: i64 = 6;
const FIRST_CHANGE: i64 = 14;
const SECOND_CHANGE: i64 = 23;

fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// Feedback three times a day, so that few hours are enough; two of its lines are spoilt.
fn feedback() -> String {
    let mut text = "at,source_id,customer,channel,product,text,csat\n".to_owned();
    let mut number = 0;
    let mut line = |at: DateTime<Utc>, product: &str, said: &str, csat: &str| {
        number += 1;
        let (at, customer) = (at.to_rfc3339(), number % 60);
        writeln!(text, "{at},s{number},c{customer},chat,{product},{said},{csat}").unwrap();
    };
    for day in 0..DAYS {
        for hour in [9, 13, 18] {
            let at = start() + TimeDelta::days(day) + TimeDelta::hours(hour) + TimeDelta::minutes(20);
            for _ in 0..6 {
                line(at, "App", "The widget shows the balance of yesterday.", "3");
                line(at, "Card", "When does my card expire?", "");
            }
            let troubled = (TROUBLE_BEGINS..SECOND_CHANGE).contains(&day);
            for _ in 0..if troubled { 9 } else { 0 } {
                line(
                    at,
                    "App",
                    "Locked out again and the password is right. Terrible.",
                    "",
                );
            }
        }
        line(
            start() + TimeDelta::days(day) + TimeDelta::hours(18),
            "App",
            "I forgot my password.",
            "",
        );
    }
    text + "someday,s0,c1,chat,App,hello,\n2026-03-02T10:00:00Z,s00,c1,chat,App,out of range,9\n"
}

fn changes() -> String {
    let at = |day| (start() + TimeDelta::days(day) + TimeDelta::hours(8)).to_rfc3339();
    format!(
        "at,product,topic,change\n{},App,account_access,a new error text\n{},App,,the old sign-in is back\n",
        at(FIRST_CHANGE),
        at(SECOND_CHANGE)
    )
}

async fn account(folder: &Path) -> (Value, String) {
    let server = shared_for_tests().await.unwrap();
    let file = |name: &str, content: String| {
        std::fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    };
    let output = Command::new(env!("CARGO_BIN_EXE_attune"))
        .args(["demo", "--exit", "--listen", "127.0.0.1:0", "--input"])
        .arg(file("feedback.csv", feedback()))
        .arg("--changes")
        .arg(file("changes.csv", changes()))
        .arg("--report")
        .arg(folder.join("report.json"))
        .arg("--html")
        .arg(folder.join("account.html"))
        .env("DATABASE_URL", server.url())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let (printed, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{printed}\n{said}");
    let report = std::fs::read_to_string(folder.join("report.json")).unwrap();
    (serde_json::from_str(&report).unwrap(), printed.into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_says_that_the_first_change_did_nothing_and_the_second_helped() {
    let folder = tempfile::tempdir().unwrap();
    let (account, printed) = account(folder.path()).await;

    assert_eq!(account["feedback"]["rejected"], 2, "{account:#}");
    assert_eq!(account["feedback"]["accepted"], feedback().lines().count() - 3);
    let issues = account["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 1, "{printed}");
    assert_eq!(
        (&issues[0]["topic"], &issues[0]["product"]),
        (&"account_access".into(), &"App".into())
    );
    assert!(
        issues[0]["opened_at"].as_str().unwrap().starts_with("2026-03-08"),
        "{}",
        issues[0]["opened_at"]
    );
    assert!(issues[0]["p_value"].as_f64().unwrap() < 0.001);
    assert!(!issues[0]["closed_at"].is_null(), "{printed}");

    let iterations = account["initiatives"][0]["iterations"].as_array().unwrap();
    let verdicts: Vec<_> = iterations
        .iter()
        .map(|iteration| iteration["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["ineffective", "effective"], "{printed}");
    assert!(
        iterations[1]["interval"][1].as_f64().unwrap() < -0.2,
        "{}",
        iterations[1]
    );
    assert!(iterations[1]["n"].as_i64().unwrap() > 100);

    everyone_was_told_or_is_known_why_not(&account);
    assert_eq!(account["trace_complete"], true, "{:#}", account["traces"]);
    in_peoples_words(&account);
    drawn(folder.path());
    for words in [
        "INEFFECTIVE",
        "What people talked about",
        ": EFFECTIVE",
        "Locked out again",
        "day by day: ▁",
        "line 1",
    ] {
        assert!(printed.contains(words), "{words} is missing in:\n{printed}");
    }
}

/// Each of the cohort, about each of the two rollouts.
fn everyone_was_told_or_is_known_why_not(account: &Value) {
    let told = &account["told"];
    let blocked: i64 = told["blocked"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_i64)
        .sum();
    let cohort = account["issues"][0]["cohort"].as_i64().unwrap();
    assert!(told["sent"].as_i64().unwrap() > 0 && blocked > 0, "{told}");
    assert_eq!(told["sent"].as_i64().unwrap() + blocked, 2 * cohort);
    assert_eq!((&told["pending"], &told["failed"]), (&0.into(), &0.into()));
    assert_eq!(
        (&account["mails"]["to_customers"], &account["mails"]["as_told"]),
        (&told["sent"], &true.into())
    );
}

/// What was talked about, and what an issue is about, as those who were there would call it.
fn in_peoples_words(account: &Value) {
    let themes = account["themes"].as_array().unwrap();
    let labels: Vec<_> = themes
        .iter()
        .filter_map(|theme| theme["label"].as_str())
        .collect();
    assert!(labels.iter().any(|label| label.contains("widget")), "{labels:?}");
    assert!(themes.iter().all(|theme| theme["texts"].as_i64().unwrap() > 0));
    let keywords = account["issues"][0]["keywords"].to_string();
    assert!(keywords.contains("locked"), "{keywords}");
}

/// The same account with pictures, which a browser shows in light, in dark, and on a phone.
fn drawn(folder: &Path) {
    let page = folder.join("account.html");
    let html = std::fs::read_to_string(&page).unwrap();
    // What was found, both tries, both tellings; each picture for two widths.
    assert_eq!(html.matches("<svg ").count(), 6);
    for words in [
        "Try 1: did not help enough",
        "Try 2: it helped",
        "became an issue",
        "Closed on 2026-",
        "the old sign-in is back",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
    let Some(chromium) = chromium() else {
        skipped("no chromium was found on PATH; `apt-get install chromium` brings one");
        return;
    };
    let pictures = [
        ("light", "1040,1900", false),
        ("dark", "1040,1900", true),
        ("phone", "500,2400", false),
    ]
    .map(|(name, size, dark)| {
        let picture = pictures_folder().join(format!("board-{name}.png"));
        shoot(chromium, &page, &picture, size, dark);
        std::fs::read(picture).unwrap()
    });
    for picture in &pictures {
        assert!(
            picture.starts_with(b"\x89PNG") && picture.len() > 20_000,
            "{} bytes",
            picture.len()
        );
    }
    assert_ne!(pictures[0], pictures[1], "dark looks like light");
}

#[allow(clippy::print_stderr)] // says why it is skipped
fn skipped(reason: &str) {
    eprintln!("skipped: {reason}");
}

fn chromium() -> Option<&'static str> {
    let runs = |name: &&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(runs)
}

/// Where pictures are kept, should somebody want to look at them.
fn pictures_folder() -> PathBuf {
    std::env::var_os("ATTUNE_PICTURES").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), Into::into)
}

fn shoot(chromium: &str, page: &Path, picture: &Path, size: &str, dark: bool) {
    let mut browser = Command::new(chromium);
    browser.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
    ]);
    browser.arg(format!("--window-size={size}"));
    browser.arg(format!("--screenshot={}", picture.display()));
    if dark {
        browser.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = browser
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
