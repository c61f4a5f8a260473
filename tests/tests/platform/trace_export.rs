//! One trace from a call in one process, over the event feed, into another: as the collector gets it over OTLP.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_api::feedback::v1::ListFeedbackRequest;
use attune_api::interactions::v1::{Direction, Interaction, RecordInteractionRequest};
use attune_testkit::{Failure, ProcessPlatform, Tenant};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The trace that the caller is in.
const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

/// How long an effect may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A span as it arrived: whose it is, and its name.
type Arrived = (String, String);

/// A collector that keeps the spans of [`TRACE`].
#[derive(Clone, Debug, Default)]
struct Collector {
    arrived: Arc<Mutex<BTreeSet<Arrived>>>,
}

impl Collector {
    /// Listens, and answers where.
    async fn start(&self) -> Result<String, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = Server::builder().add_service(TraceServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Ok(format!("http://{address}"))
    }

    fn arrived(&self) -> BTreeSet<Arrived> {
        self.arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_process in request.into_inner().resource_spans {
            let process = name(of_process.resource.as_ref());
            let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let ours = spans.filter(|span| span.trace_id == TRACE.to_be_bytes());
            let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
            arrived.extend(ours.map(|span| (process.clone(), span.name)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn name(resource: Option<&Resource>) -> String {
    let attributes = resource
        .map(|resource| resource.attributes.as_slice())
        .unwrap_or_default();
    let name = attributes
        .iter()
        .find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value.clone()?.value) {
        Some(Value::StringValue(name)) => name,
        _ => "nobody".to_owned(),
    }
}

/// Until the feedback service has made feedback of what was said. Its subscription may begin only now, so nothing that
/// is counted by subscriptions tells.
async fn heard_by_feedback(tenant: &Tenant) -> Result<(), Failure> {
    let mut client = tenant.feedback();
    while client
        .list_feedback(ListFeedbackRequest::default())
        .await?
        .into_inner()
        .feedback
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_one_trace_from_a_call_through_the_feed_to_the_effect_elsewhere()
-> Result<(), Failure> {
    let collector = Collector::default();
    let endpoint = collector.start().await?;
    let start: chrono::DateTime<chrono::Utc> = "2026-03-02T08:00:00Z".parse()?;
    let program = Path::new(env!("CARGO_BIN_EXE_service"));
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let platform = ProcessPlatform::start_with(program, start, &settings).await?;

    let acme = platform.user("acme", "*")?;
    let interaction = Interaction {
        channel: "chat".to_owned(),
        direction: Direction::Inbound.into(),
        touchpoint: "chat.window".to_owned(),
        text: "my flight was cancelled and nobody told me".to_owned(),
        occurred_at: Some(Timestamp {
            seconds: start.timestamp(),
            nanos: 0,
        }),
        ..Interaction::default()
    };
    let mut request = Request::new(RecordInteractionRequest {
        interaction: Some(interaction),
        ..RecordInteractionRequest::default()
    });
    let parent = format!("00-{TRACE:032x}-b7ad6b7169203331-01");
    request.metadata_mut().insert("traceparent", parent.parse()?);
    acme.interactions().record_interaction(request).await?;
    tokio::time::timeout(PATIENCE, heard_by_feedback(&acme)).await??;
    // What is left to send is sent before a process ends.
    platform.stop().await?;

    let arrived = collector.arrived();
    let called =
        |(process, span): &Arrived| process.contains("interactions") && span.contains("RecordInteraction");
    assert!(arrived.iter().any(called), "the call: {arrived:?}");
    let heard = |(process, span): &Arrived| process.contains("feedback") && span.contains("event");
    assert!(
        arrived.iter().any(heard),
        "its effect in another process: {arrived:?}"
    );
    Ok(())
}
