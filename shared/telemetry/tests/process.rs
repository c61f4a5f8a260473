//! The telemetry of a whole process: its log lines and its admin listener.

use std::process::Command;

use attune_telemetry::{LogFormat, TelemetryConfig, init, meter};

/// Set in the process that [`a_log_line_is_one_json_object_with_the_ids_of_its_span`] starts.
const CHILD: &str = "ATTUNE_TELEMETRY_TEST_CHILD";

fn config() -> TelemetryConfig {
    TelemetryConfig {
        service: "attune-test".into(),
        log_format: LogFormat::Json,
        admin_listen: Some(([127, 0, 0, 1], 0).into()),
        ..TelemetryConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_listener_tells_life_readiness_and_metrics() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let guard = init(&config()).unwrap();
    let base = format!("http://{}", guard.admin_address().unwrap());
    meter().u64_counter("attune.test.events").build().add(3, &[]);

    assert_eq!(
        reqwest::get(format!("{base}/healthz")).await.unwrap().status(),
        200
    );
    assert_eq!(
        reqwest::get(format!("{base}/readyz")).await.unwrap().status(),
        503
    );
    guard.readiness().set(true);
    assert_eq!(
        reqwest::get(format!("{base}/readyz")).await.unwrap().status(),
        200
    );
    let text = reqwest::get(format!("{base}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("attune_test_events_total"))
        .unwrap();
    assert!(line.ends_with(" 3"), "{line}");
    assert!(text.contains("service_name=\"attune-test\""), "{text}");

    guard.shutdown().await;
    assert!(
        reqwest::get(format!("{base}/healthz")).await.is_err(),
        "the listener is gone"
    );
}

#[tokio::test]
async fn child_process_writes_one_event() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let guard = init(&TelemetryConfig {
        admin_listen: None,
        ..config()
    })
    .unwrap();
    tracing::info_span!("rpc", rpc.method = "S/M").in_scope(|| tracing::info!(answer = 42, "said"));
    tracing::info!("alone");
    guard.shutdown().await;
}

#[test]
fn a_log_line_is_one_json_object_with_the_ids_of_its_span() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process_writes_one_event", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<serde_json::Value> = stderr
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [said, alone] = lines.as_slice() else {
        panic!("two lines, not:\n{stderr}")
    };
    assert_eq!(said["message"], "said");
    assert_eq!(said["answer"], 42);
    assert_eq!(said["level"], "INFO");
    assert_eq!(said["span"]["rpc.method"], "S/M");
    assert_eq!(said["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(said["span_id"].as_str().unwrap().len(), 16);
    assert_ne!(said["span_id"], "0000000000000000");
    assert_eq!(alone["message"], "alone");
    assert!(alone.get("trace_id").is_none());
}

#[test]
fn a_filter_that_cannot_be_read_stops_the_start_with_a_sentence() {
    let config = TelemetryConfig {
        log_filter: "attune=loud".into(),
        ..TelemetryConfig::default()
    };
    let error = init(&config).unwrap_err().to_string();
    assert!(
        error.contains("attune=loud") && error.contains("write it like"),
        "{error}"
    );
}
