//! What a stranger with a tool finds at the door: the services there are, whether they are well, and answers that
//! make sense before any token is shown.

use std::collections::BTreeSet;
use std::time::Duration;

use attune_testkit::{Failure, SCHEMAS, TestPlatform, reason, reflect};
use attune_tests::matrix::scope;
use prost::Message as _;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

fn services() -> Result<BTreeSet<String>, Failure> {
    let methods = reflect::methods()?;
    Ok(methods
        .iter()
        .map(|method| method.parent_service().full_name().to_owned())
        .collect())
}

#[test]
fn every_method_names_its_scope() -> Result<(), Failure> {
    let known: BTreeSet<_> = SCHEMAS
        .iter()
        .map(|schema| schema.name())
        .chain(["events"])
        .collect();
    let methods = reflect::methods()?;
    assert!(methods.len() >= 35, "{} methods", methods.len());
    for method in methods {
        let (path, scope) = (reflect::path(&method), scope(&method));
        let (service, right) = scope
            .split_once('.')
            .ok_or_else(|| format!("{path} names no scope"))?;
        // What employees report is not for everybody who reads what customers say.
        let home = if service == "employees" {
            "feedback"
        } else {
            service
        };
        assert!(
            known.contains(home) && path.contains(&format!(".{home}.")),
            "{path} names the scope {scope}"
        );
        assert!(
            ["read", "write", "configure", "operate"].contains(&right),
            "{path} names the scope {scope}"
        );
    }
    Ok(())
}

macro_rules! listed_services {
    ($platform:expr, $version:ident) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;
        let request = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let stream = futures::stream::iter([request]);
        let mut answers = ServerReflectionClient::new($platform.channel())
            .server_reflection_info(stream)
            .await?
            .into_inner();
        match answers
            .message()
            .await?
            .and_then(|answer| answer.message_response)
        {
            Some(MessageResponse::ListServicesResponse(list)) => list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect::<BTreeSet<_>>(),
            other => return Err(format!("{other:?}").into()),
        }
    }};
}

#[tokio::test]
async fn reflection_lists_every_service_without_a_token_in_both_versions() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    for listed in [
        listed_services!(platform, v1),
        listed_services!(platform, v1alpha),
    ] {
        let missing: Vec<_> = services()?
            .into_iter()
            .filter(|service| !listed.contains(service))
            .collect();
        assert_eq!(missing, Vec::<String>::new(), "listed are {listed:?}");
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn each_service_and_the_whole_say_that_they_are_well_without_a_token() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let mut health = HealthClient::new(platform.channel());
    for service in services()?.into_iter().chain([String::new()]) {
        let mut status = health
            .check(HealthCheckRequest {
                service: service.clone(),
            })
            .await?
            .into_inner()
            .status();
        let mut changes = health
            .watch(HealthCheckRequest {
                service: service.clone(),
            })
            .await?
            .into_inner();
        while status != ServingStatus::Serving {
            let change = tokio::time::timeout(Duration::from_secs(20), changes.message()).await??;
            status = change
                .ok_or_else(|| format!("{service} ended its watch"))?
                .status();
        }
    }
    let unknown = health
        .check(HealthCheckRequest {
            service: "attune.nothing".to_owned(),
        })
        .await;
    assert_eq!(
        unknown.map_err(|status| status.code()).map(|_| ()),
        Err(Code::NotFound)
    );
    platform.stop().await;
    Ok(())
}

/// One frame of gRPC-Web: a flag, four bytes of length, the content.
fn frames(mut body: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, Failure> {
    let mut frames = Vec::new();
    while let Some(([flag, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let length = usize::try_from(u32::from_be_bytes(*length))?;
        let (content, rest) = rest.split_at_checked(length).ok_or("a frame ends too soon")?;
        frames.push((*flag, content.to_vec()));
        body = rest;
    }
    Ok(frames)
}

async fn over_the_web(
    platform: &TestPlatform,
    path: &str,
    token: &str,
) -> Result<reqwest::Response, Failure> {
    let web = reqwest::Client::builder().http1_only().build()?;
    let call = web
        .post(format!("{}{path}", platform.url()))
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header("authorization", format!("Bearer {token}"))
        .body(vec![0, 0, 0, 0, 0]);
    Ok(call.send().await?)
}

#[tokio::test]
async fn a_browser_calls_over_http_1_and_reads_answer_and_trailers() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let path = "/attune.feedback.v1.MetricService/ListMetricDefinitions";
    let response = over_the_web(&platform, path, platform.tenant("acme").token()).await?;
    assert_eq!(response.version(), reqwest::Version::HTTP_11);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc-web+proto");
    let body = response.bytes().await?;
    let frames = frames(&body)?;
    let [(0, message), (0x80, trailers)] = frames.as_slice() else {
        return Err(format!("not one message and its trailers: {frames:?}").into());
    };
    let metrics = attune_api::feedback::v1::ListMetricDefinitionsResponse::decode(message.as_slice())?;
    assert!(
        metrics
            .definitions
            .iter()
            .any(|definition| definition.metric == "nps")
    );
    let trailers = String::from_utf8(trailers.clone())?;
    assert!(
        trailers
            .lines()
            .any(|line| line.replace(' ', "") == "grpc-status:0"),
        "{trailers}"
    );
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_browser_is_refused_in_its_own_framing() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let response = over_the_web(
        &platform,
        "/attune.profiles.v1.ProfileService/ListProfiles",
        "nobody",
    )
    .await?;
    assert_eq!(response.status(), 200);
    let header = response
        .headers()
        .get("grpc-status")
        .map(|value| value.as_bytes().to_vec());
    let body = response.bytes().await?;
    let told = header == Some(b"16".to_vec())
        || String::from_utf8_lossy(&body)
            .replace(' ', "")
            .contains("grpc-status:16");
    assert!(told, "{header:?} {body:?}");
    platform.stop().await;
    Ok(())
}

async fn call_unknown(platform: &TestPlatform, path: &'static str, token: &str) -> Result<Status, Failure> {
    let mut client = Grpc::new(platform.channel());
    client.ready().await?;
    let mut request = Request::new(());
    if !token.is_empty() {
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {token}").parse()?);
    }
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    match client
        .unary(request, PathAndQuery::from_static(path), codec)
        .await
    {
        Ok(_) => Err(format!("{path} answered").into()),
        Err(status) => Ok(status),
    }
}

#[tokio::test]
async fn a_method_that_there_is_none_of_is_refused_in_a_sentence() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    for path in [
        "/attune.profiles.v1.ProfileService/DropEverything",
        "/attune.magic.v1.MagicService/Wave",
        "/",
    ] {
        let status = call_unknown(&platform, path, acme.token()).await?;
        // Without a scope nobody may call it, and which methods there are is the reflection's to say.
        assert!(
            matches!(status.code(), Code::Unimplemented | Code::PermissionDenied),
            "{path}: {status:?}"
        );
        assert!(
            status.message().split(' ').count() > 4 && !reason(&status).is_empty(),
            "{path}: {status:?}"
        );
        let stranger = call_unknown(&platform, path, "").await?;
        assert_eq!(stranger.code(), Code::Unauthenticated, "{path}: {stranger:?}");
    }
    platform.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_call_whose_deadline_is_over_is_told_so_and_not_that_it_was_cancelled() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    // Not with tonic's client: it gives up by itself, and says CANCELLED.
    let response = reqwest::Client::builder()
        .http1_only()
        .build()?
        .post(format!(
            "{}/attune.profiles.v1.ProfileService/ListProfiles",
            platform.url()
        ))
        .header("content-type", "application/grpc-web+proto")
        .header("grpc-timeout", "1n")
        .header(
            "authorization",
            format!("Bearer {}", platform.tenant("acme").token()),
        )
        .body(vec![0, 0, 0, 0, 0])
        .send()
        .await?;
    let header = response
        .headers()
        .get("grpc-status")
        .map(|value| value.as_bytes().to_vec());
    let body = response.bytes().await?;
    let body = String::from_utf8_lossy(&body).replace(' ', "");
    assert!(
        header == Some(b"4".to_vec()) || body.contains("grpc-status:4"),
        "{header:?} {body}"
    );
    platform.stop().await;
    Ok(())
}
