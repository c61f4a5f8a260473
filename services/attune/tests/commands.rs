//! The small commands, as a person runs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use attune_api::feedback::v1::QueryMetricRequest;
use attune_testkit::{Failure, Tenant, TestPlatform};

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

/// A file of a survey tool, to be imported into a platform.
struct Export<'p> {
    platform: &'p TestPlatform,
    acme: Tenant,
    folder: tempfile::TempDir,
}

impl<'p> Export<'p> {
    /// 1500 answers, then two lines that hold none.
    fn new(platform: &'p TestPlatform) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let row = |number: usize| {
            let (minute, score, customer) = (number % 60, number % 11, number % 70);
            format!("2026-03-01 10:{minute:02},,{score},c{customer}\n")
        };
        let mut text = "Created At,Comment,Likelihood,Respondent\n".to_owned();
        text.extend((0..1_500).map(row));
        text.push_str("yesterday,late,9,c1\n2026-03-01 10:00,\"a, \"\"quoted\"\" word\",12,c2\n");
        std::fs::write(folder.path().join("survey.csv"), text)?;
        Ok(Self {
            platform,
            acme: platform.tenant("acme"),
            folder,
        })
    }

    /// Imports it; answers what was said.
    async fn import(&self, further: &[&str]) -> Result<String, Failure> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (file, rejects, url) = (path("survey.csv"), path("bad.csv"), self.platform.url());
        let map = "Created At=at,Comment=text,Likelihood=nps,Respondent=customer";
        let arguments = ["import", &file, "--url", &url, "--token", self.acme.token()];
        let arguments = arguments
            .into_iter()
            .chain(["--map", map, "--rejects", &rejects])
            .chain(further.iter().copied());
        let arguments: Vec<String> = arguments.map(str::to_owned).collect();
        let run = move || attune(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let output = tokio::task::spawn_blocking(run).await?;
        assert!(output.status.success(), "{}", err(&output));
        Ok(err(&output))
    }

    /// How many answers the platform counts.
    async fn answers(&self) -> Result<i64, Failure> {
        let request = QueryMetricRequest {
            metric: "nps".to_owned(),
            slice: None,
            start: Some("2026-03-01T00:00:00Z".parse()?),
            end: Some("2026-03-02T00:00:00Z".parse()?),
            step: 0,
            ..QueryMetricRequest::default()
        };
        let answer = self.acme.metrics().query_metric(request).await?.into_inner();
        Ok(answer.values.iter().map(|value| value.n).sum())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_columns_of_its_own_goes_in_once_however_often_it_is_sent() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let export = Export::new(&platform)?;
    // As if it had been interrupted: some lines are in.
    let some = export.import(&["--from-line", "1001"]).await?;
    assert!(
        some.contains("501 rows imported, 0 known before, 2 rejected"),
        "{some}"
    );
    let all = export.import(&[]).await?;
    assert!(
        all.contains("999 rows imported, 501 known before, 2 rejected"),
        "{all}"
    );
    assert!(all.contains("line 1502: at is \"yesterday\""), "{all}");
    assert_eq!(export.answers().await?, 1_500);
    let again = export.import(&[]).await?;
    assert!(
        again.contains("0 rows imported, 1500 known before, 2 rejected"),
        "{again}"
    );
    assert_eq!(export.answers().await?, 1_500);
    let listed = std::fs::read_to_string(export.folder.path().join("bad.csv"))?;
    let [header, first, second] = listed.lines().collect::<Vec<_>>()[..] else {
        return Err(listed.into());
    };
    assert!(
        header == "line,reason" && first.starts_with("1502,") && second.contains("nps is"),
        "{listed}"
    );
    platform.stop().await;
    Ok(())
}
