//! Starts that must not happen.

use attune_server::{App, Config, ConfigError, IdentityConfig, KeySource, exit_code};

use crate::fixture::Process;

/// The failure to build a process without services.
async fn refused(config: Config) -> anyhow::Error {
    App::build(config, Vec::new()).await.unwrap_err()
}

#[tokio::test]
async fn a_process_that_believes_nobody_does_not_start_and_the_code_is_that_of_wrong_usage() {
    let error = refused(Config::default()).await;
    assert!(error.is::<ConfigError>());
    assert!(error.to_string().contains("ATTUNE_AUTH_ISSUERS"), "{error}");
    assert_eq!(
        format!("{:?}", exit_code(&error)),
        format!("{:?}", std::process::ExitCode::from(64))
    );
}

#[tokio::test]
async fn a_key_file_that_is_missing_is_named() {
    let issuer = attune_server::IssuerSetting {
        name: "https://login.example.com".to_owned(),
        keys: KeySource::File("/nowhere/key.pem".into()),
    };
    let identity = IdentityConfig {
        auth_issuers: vec![issuer],
        ..IdentityConfig::default()
    };
    let error = refused(Config {
        identity,
        ..Config::default()
    })
    .await;
    assert!(error.to_string().contains("/nowhere/key.pem"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let process = Process::start(attune_server::Limits::default()).await;
    let keys = tempfile::tempdir().unwrap();
    let identity = IdentityConfig {
        dev_key_file: Some(keys.path().join("key.pem")),
        ..IdentityConfig::default()
    };
    let listen = process.running.address();
    let error = refused(Config {
        listen,
        identity,
        ..Config::default()
    })
    .await;
    assert!(error.to_string().contains(&listen.to_string()), "{error}");
}
