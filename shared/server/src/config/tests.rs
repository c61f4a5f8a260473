use clap::CommandFactory;

use super::*;

/// Every flag given, so that the machine's environment does not matter for it.
fn parse(arguments: &[&str]) -> Result<Config, String> {
    let all = ["attune"].iter().chain(arguments);
    let config = Config::from_args(all).map_err(|error| error.to_string())?;
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn the_flags_are_consistent() {
    Command::<Nothing>::command().debug_assert();
}

#[test]
fn every_flag_has_an_environment_variable_and_a_sentence() {
    for argument in Command::<Nothing>::command().get_arguments() {
        let id = argument.get_id().as_str();
        if matches!(id, "help" | "version") {
            continue;
        }
        assert!(argument.get_env().is_some(), "--{id} has no environment variable");
        assert!(argument.get_help().is_some(), "--{id} has no help");
    }
}

#[test]
fn defaults_in_code_are_the_defaults_of_the_flags() {
    let flags = parse(&["--dev-key-file", "/tmp/key"]).unwrap();
    assert_eq!(format!("{:?}", flags.limits), format!("{:?}", Limits::default()));
    assert_eq!(flags.listen, Config::default().listen);
    assert_eq!(
        flags.identity.auth_audience,
        IdentityConfig::default().auth_audience
    );
}

#[test]
fn secrets_are_not_shown() {
    let config = parse(&[
        "--dev-key-file",
        "k",
        "--database-url",
        "postgres://u:hunter2@db/x",
    ])
    .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

#[test]
fn a_wrong_value_is_answered_with_what_to_write() {
    for (arguments, hint) in [
        (&["--grace", "soon"][..], "write it like 250ms"),
        (
            &["--profiles-url", "profiles:7443"],
            "write it like http://host:7443",
        ),
        (&["--max-message-bytes", "10"], "1024"),
        (&["--auth-issuers", "https://login.example.com"], "NAME=file:"),
        (&["--auth-issuers", "x=ftp://y"], "write file:"),
        (
            &["--dev-key-file", "k", "--default-deadline", "90s"],
            "ATTUNE_MAX_DEADLINE",
        ),
        (
            &["--dev-key-file", "k", "--clock-file", "c"],
            "ATTUNE_ALLOW_VIRTUAL_CLOCK=true",
        ),
        (&["--dev-key-file", "k", "--tls-cert-file", "c"], "--tls-key-file"),
        (&[], "ATTUNE_AUTH_ISSUERS"),
    ] {
        let error = parse(arguments).expect_err("refused");
        assert!(error.contains(hint), "{arguments:?} was answered with {error:?}");
    }
}

#[test]
fn an_issuer_is_a_name_with_a_file_or_a_key_set() {
    let config = parse(&[
        "--auth-issuers",
        "dev=file:/k.pem,https://a.b=https://a.b/jwks?v=1",
    ])
    .unwrap();
    let keys: Vec<_> = config
        .identity
        .auth_issuers
        .into_iter()
        .map(|issuer| issuer.keys)
        .collect();
    assert_eq!(
        keys,
        [
            KeySource::File("/k.pem".into()),
            KeySource::Jwks("https://a.b/jwks?v=1".to_owned())
        ]
    );
}

#[test]
fn a_service_has_its_own_database_or_the_one_for_all() {
    let arguments = [
        "--dev-key-file",
        "k",
        "--database-url",
        "all",
        "--feedback-database-url",
        "own",
    ];
    let database = parse(&arguments).unwrap().database;
    assert_eq!(database.url_of("feedback").map(Secret::expose), Some("own"));
    assert_eq!(database.url_of("profiles").map(Secret::expose), Some("all"));
}
