//! What a browser sees: gRPC-Web over HTTP/1.1.

use attune_server::{Config, Limits};
use reqwest::{Client, Method, Response};

use crate::fixture::{GET_TRACE, Process, order};

const ORIGIN: &str = "https://app.example.com";

/// One message in its frame.
fn framed(message: &impl prost::Message) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    bytes.extend(message.encode_to_vec());
    bytes
}

async fn post(process: &Process, headers: &[(&str, &str)], what: &str) -> Response {
    let mut request = Client::new()
        .post(format!("{}/{GET_TRACE}", process.url()))
        .header("content-type", "application/grpc-web+proto")
        .header("origin", ORIGIN)
        .body(framed(&order(what)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn process() -> Process {
    Process::start_with(Config {
        cors_origins: vec![ORIGIN.to_owned()],
        limits: Limits::default(),
        ..Config::default()
    })
    .await
}

#[tokio::test]
async fn a_browser_asks_leave_and_gets_its_answer_with_the_status_in_the_body() {
    let process = process().await;
    let leave = Client::new()
        .request(Method::OPTIONS, format!("{}/{GET_TRACE}", process.url()))
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,x-grpc-web",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(leave.status(), 200);
    assert_eq!(leave.headers()["access-control-allow-origin"], ORIGIN);

    let answer = post(&process, &[("authorization", &process.token("acme"))], "anything").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], ORIGIN);
    let body = answer.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&body);
    assert!(
        text.contains("done") && text.contains("grpc-status:0"),
        "{text:?}"
    );
}

#[tokio::test]
async fn a_refusal_reaches_a_browser_in_a_form_it_can_read() {
    let process = process().await;
    let answer = post(&process, &[], "anything").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["grpc-status"], "16");
    let exposed = answer.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    assert!(exposed.contains("grpc-status"), "{exposed}");
}

#[tokio::test]
async fn the_callers_own_deadline_is_kept_and_named() {
    let process = process().await;
    let headers = [
        ("authorization", process.token("acme")),
        ("grpc-timeout", "100m".to_owned()),
    ];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = post(&process, &headers, "hang").await;
    assert_eq!(answer.headers()["grpc-status"], "4", "{:?}", answer.headers());
}

#[tokio::test]
async fn a_stranger_origin_gets_no_leave() {
    let process = process().await;
    let answer = Client::new()
        .request(Method::OPTIONS, format!("{}/{GET_TRACE}", process.url()))
        .header("origin", "https://evil.example.com")
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}
