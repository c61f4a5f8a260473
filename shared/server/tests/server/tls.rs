//! The listener with certificates, and callers with and without theirs.

use std::path::{Path, PathBuf};

use attune_api::feedback::v1::topic_service_client::TopicServiceClient;
use attune_api::improvement::v1::trace_service_client::TraceServiceClient;
use attune_server::{Config, TlsConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use crate::fixture::{Process, order, soon};

/// An authority of the test's own, and what it signed.
struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    /// Certificate and key for `name`, PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What a process that is `localhost` is told.
    fn server(&self, client_ca: Option<&Path>) -> TlsConfig {
        let (certificate, key) = self.sign("localhost");
        TlsConfig {
            tls_cert_file: Some(self.file("cert.pem", &certificate)),
            tls_key_file: Some(self.file("key.pem", &key)),
            tls_client_ca_file: client_ca.map(Path::to_owned),
            tls_peer_ca_file: Some(self.ca()),
            tls_peer_name: Some("localhost".to_owned()),
        }
    }

    /// What a caller that believes this authority is told.
    fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .domain_name("localhost")
            .ca_certificate(Certificate::from_pem(self.issuer.pem()))
    }
}

async fn start(tls: TlsConfig) -> Process {
    Process::start_with(Config {
        tls,
        ..Config::default()
    })
    .await
}

async fn call(process: &Process, scheme: &str, tls: Option<ClientTlsConfig>) -> Result<String, Status> {
    let endpoint = Channel::from_shared(format!("{scheme}://{}", process.running.address())).unwrap();
    let endpoint = match tls {
        Some(tls) => endpoint.tls_config(tls).unwrap(),
        None => endpoint,
    };
    let request = process.signed("acme", order("echo"));
    let answer = soon(TraceServiceClient::new(endpoint.connect_lazy()).get_trace(request)).await?;
    Ok(answer.into_inner().next_page_token)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_believes_the_authority_is_served_and_others_turn_away() {
    let authority = Authority::new();
    let process = start(authority.server(None)).await;
    call(&process, "https", Some(authority.client())).await.unwrap();

    let stranger = Authority::new();
    call(&process, "https", Some(stranger.client()))
        .await
        .unwrap_err();
    let elsewhere = authority.client().domain_name("elsewhere.example");
    call(&process, "https", Some(elsewhere)).await.unwrap_err();
    call(&process, "http", None).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_authority_for_callers_only_those_with_its_certificate_are_served() {
    let (authority, callers) = (Authority::new(), Authority::new());
    let process = start(authority.server(Some(&callers.ca()))).await;
    let with = |(certificate, key): (String, String)| {
        authority.client().identity(Identity::from_pem(certificate, key))
    };
    call(&process, "https", Some(with(callers.sign("ada"))))
        .await
        .unwrap();
    call(&process, "https", Some(with(authority.sign("ada"))))
        .await
        .unwrap_err();
    call(&process, "https", Some(authority.client()))
        .await
        .unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn services_reach_each_other_with_certificates_on_both_sides() {
    let authority = Authority::new();
    let process = start(authority.server(Some(&authority.ca()))).await;
    let (certificate, key) = authority.sign("ada");
    let tls = authority.client().identity(Identity::from_pem(certificate, key));
    let endpoint = Channel::from_shared(format!("https://{}", process.running.address())).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect_lazy();
    let request = process.signed(
        "acme",
        attune_api::feedback::v1::ListTopicsRequest {
            page_token: "echo".to_owned(),
            ..Default::default()
        },
    );
    // Feedback asks improvement over the network of peers.
    soon(TopicServiceClient::new(channel).list_topics(request))
        .await
        .unwrap();
}
