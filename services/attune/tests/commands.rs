//! The small commands, as a person runs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

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
