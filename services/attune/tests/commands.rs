//! The small commands, as a person runs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use attune_api::feedback::v1::QueryMetricRequest;
use attune_testkit::{Failure, TestPlatform};

fn attune(arguments: &[&str]) -> Output {
    let state = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_attune"))
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("RUST_LOG")
        .env("ATTUNE_DEV_KEY_FILE", state.path().join("key.pem"))
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_token_is_printed_alone() {
    let output = attune(&["token", "--tenant", "acme", "--ttl", "5m"]);
    assert!(output.status.success(), "{}", err(&output));
    let token = out(&output);
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    assert_eq!(token.lines().count(), 1);
}

#[test]
fn a_tenant_that_cannot_be_one_is_refused() {
    let output = attune(&["token", "--tenant", "Acme Ltd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("--tenant"), "{}", err(&output));
}

#[test]
fn the_help_of_serve_names_every_setting() {
    let help = out(&attune(&["serve", "--help"]));
    for setting in [
        "DATABASE_URL",
        "ATTUNE_LISTEN",
        "ATTUNE_AUTH_ISSUERS",
        "ATTUNE_SMTP_URL",
        "ATTUNE_GRACE",
        "Examples:",
    ] {
        assert!(help.contains(setting), "{setting} is missing");
    }
}

#[test]
fn the_help_of_demo_names_every_column() {
    let help = out(&attune(&["demo", "--help"]));
    for column in [
        "at ",
        "text ",
        "csat",
        "nps",
        "ces",
        "source_id",
        "customer",
        "channel",
        "touchpoint",
        "product",
        "language",
        "email",
    ] {
        assert!(help.contains(column), "{column} is missing");
    }
}

#[test]
fn a_single_service_without_a_database_says_what_to_give() {
    let output = attune(&["serve", "profiles"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(
        err(&output).contains("profiles has no database: give --database-url"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_board_of_a_platform_that_does_not_run_says_so() {
    let output = attune(&["board", "--url", "http://127.0.0.1:1", "--token", "t"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("is the platform running there?"),
        "{}",
        err(&output)
    );
    assert!(out(&output).is_empty());
}

#[test]
fn a_file_that_cannot_be_replayed_says_why_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feedback.csv");
    let path = file.to_str().unwrap();
    for (content, wanted) in [
        (None, "give an existing file"),
        (Some("when,what\n1,2\n"), "there is no column at"),
        (
            Some("at,text\nnever,hello\n"),
            "holds no usable row; line 2: at is \"never\"",
        ),
    ] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let output = attune(&["demo", "--exit", "--input", path]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(wanted), "{}", err(&output));
        assert!(!err(&output).contains("Postgres"), "{}", err(&output));
    }
}

#[test]
fn a_mapping_that_cannot_be_used_stops_an_import_before_it_asks_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("survey.csv");
    std::fs::write(&file, "When,Comment\n2026-03-01,hello\n").unwrap();
    let path = file.to_str().unwrap();
    let map_file = folder.path().join("map.json");
    std::fs::write(&map_file, r#"{"When": "at", "Comment": ["text"]}"#).unwrap();
    let map_path = map_file.to_str().unwrap();
    for (arguments, wanted) in [
        (["--map", "When"], "write it like Comment=text"),
        (
            ["--map", "When=moment"],
            "\"moment\" is no field; there are at, text",
        ),
        (["--map", "When=at,Note=text"], "there is no column \"note\""),
        (["--map", "When=at"], "there is no column text"),
        (["--map-file", map_path], "map.json cannot be used"),
        (["--map-file", "nowhere.json"], "nowhere.json"),
    ] {
        let mut all = vec!["import", path, "--url", "http://127.0.0.1:1", "--token", "t"];
        all.extend(arguments);
        let output = attune(&all);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(wanted), "{arguments:?}: {}", err(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_columns_of_its_own_goes_in_once_however_often_it_is_sent() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let folder = tempfile::tempdir()?;
    let (file, rejects) = (folder.path().join("survey.csv"), folder.path().join("bad.csv"));
    let mut text = "Created At,Comment,Likelihood,Respondent\n".to_owned();
    let row = |number: usize| {
        let (minute, score, customer) = (number % 60, number % 11, number % 70);
        format!("2026-03-01 10:{minute:02},,{score},c{customer}\n")
    };
    text.extend((0..1_500).map(row));
    text.push_str("yesterday,late,9,c1\n2026-03-01 10:00,\"a, \"\"quoted\"\" word\",12,c2\n");
    std::fs::write(&file, text)?;
    let import = async |extra: &[&str]| {
        let map = "Created At=at,Comment=text,Likelihood=nps,Respondent=customer";
        let (url, token) = (platform.url(), acme.token().to_owned());
        let (file, rejects) = (
            file.to_str().unwrap().to_owned(),
            rejects.to_str().unwrap().to_owned(),
        );
        let extra: Vec<String> = extra.iter().map(|&argument| argument.to_owned()).collect();
        let run = tokio::task::spawn_blocking(move || {
            let mut arguments = vec!["import", &file, "--url", &url, "--token", &token];
            arguments.extend(["--map", map, "--rejects", &rejects]);
            arguments.extend(extra.iter().map(String::as_str));
            attune(&arguments)
        });
        run.await.unwrap()
    };
    let answers = async || -> Result<i64, Failure> {
        let request = QueryMetricRequest {
            metric: "nps".to_owned(),
            slice: None,
            start: Some("2026-03-01T00:00:00Z".parse()?),
            end: Some("2026-03-02T00:00:00Z".parse()?),
            step: 0,
            ..QueryMetricRequest::default()
        };
        let values = acme.metrics().query_metric(request).await?.into_inner().values;
        Ok(values.iter().map(|value| value.n).sum())
    };

    // As if it had been interrupted: the first lines are in.
    let resumed = import(&["--from-line", "1001"]).await;
    assert!(
        err(&resumed).contains("501 rows imported, 0 known before, 2 rejected"),
        "{}",
        err(&resumed)
    );
    let all = import(&[]).await;
    assert!(
        err(&all).contains("999 rows imported, 501 known before, 2 rejected"),
        "{}",
        err(&all)
    );
    assert!(
        err(&all).contains("line 1502: at is \"yesterday\""),
        "{}",
        err(&all)
    );
    assert_eq!(answers().await?, 1_500);
    let again = import(&[]).await;
    assert!(again.status.success());
    assert!(
        err(&again).contains("0 rows imported, 1500 known before, 2 rejected"),
        "{}",
        err(&again)
    );
    assert_eq!(answers().await?, 1_500);
    let listed = std::fs::read_to_string(&rejects)?;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(
        lines[0] == "line,reason" && lines[1].starts_with("1502,") && lines[2].contains("nps is"),
        "{listed}"
    );
    platform.stop().await;
    Ok(())
}
