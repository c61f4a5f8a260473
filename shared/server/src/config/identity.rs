//! Whom the process believes, and who it is to others.

use std::path::PathBuf;
use std::str::FromStr;

use attune_auth::{DevIssuer, Issuer, ServiceRule, VerifierConfig};
use clap::Args;

/// Issuers of tokens, and this process's own token.
#[derive(Args, Clone, Debug)]
pub struct IdentityConfig {
    /// Issuers whose users' tokens are believed, separated by commas: `NAME=file:/path/key.pem` for one public key,
    /// `NAME=https://…/jwks.json` for a rotating set; NAME is the token's `iss`
    #[arg(
        long,
        env = "ATTUNE_AUTH_ISSUERS",
        value_delimiter = ',',
        value_name = "NAME=KEYS"
    )]
    pub auth_issuers: Vec<IssuerSetting>,

    /// Issuers of the services' own tokens, in the same form; apart from the users' issuers, because who may
    /// choose a subject there must not become a service here
    #[arg(
        long,
        env = "ATTUNE_SERVICE_ISSUERS",
        value_delimiter = ',',
        value_name = "NAME=KEYS"
    )]
    pub service_issuers: Vec<IssuerSetting>,

    /// Subjects that are services, such as `system:serviceaccount:attune:feedback=feedback`, separated by
    /// commas; when empty, a subject `service:NAME` of a service issuer is one, its scopes in the token
    #[arg(
        long,
        env = "ATTUNE_SERVICE_ACCOUNTS",
        value_delimiter = ',',
        value_name = "SUBJECT=SERVICE"
    )]
    pub service_accounts: Vec<AccountSetting>,

    /// The scopes of the subjects in `ATTUNE_SERVICE_ACCOUNTS`, whose tokens carry none, separated by spaces
    #[arg(long, env = "ATTUNE_SERVICE_SCOPES", default_value = "*")]
    pub service_scopes: String,

    /// The `aud` a token must have
    #[arg(long, env = "ATTUNE_AUTH_AUDIENCE", default_value = "attune")]
    pub auth_audience: String,

    /// Private key of the development issuer, made when absent; its tokens are believed, and services
    /// identify themselves with it. Not for production
    #[arg(long, env = "ATTUNE_DEV_KEY_FILE", value_name = "FILE")]
    pub dev_key_file: Option<PathBuf>,

    /// File with the token this process calls other services with; read again when it changes
    #[arg(long, env = "ATTUNE_SERVICE_TOKEN_FILE", value_name = "FILE")]
    pub service_token_file: Option<PathBuf>,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            auth_issuers: Vec::new(),
            service_issuers: Vec::new(),
            service_accounts: Vec::new(),
            service_scopes: "*".to_owned(),
            auth_audience: "attune".to_owned(),
            dev_key_file: None,
            service_token_file: None,
        }
    }
}

impl IdentityConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.auth_issuers.is_empty() && self.dev_key_file.is_none() {
            return Err(
                "nobody could call this process: set ATTUNE_AUTH_ISSUERS, or ATTUNE_DEV_KEY_FILE for \
                        development"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// What tokens are accepted, `dev` among their issuers.
    pub(crate) fn verifier(&self, dev: Option<&DevIssuer>) -> VerifierConfig {
        let users = self
            .auth_issuers
            .iter()
            .map(|setting| Issuer::of_users(&setting.name, setting.keys()));
        let services = self.service_issuers.iter().map(|setting| Issuer {
            name: setting.name.clone(),
            keys: setting.keys(),
            services: self.service_rule(),
        });
        let issuers = users.chain(services).chain(dev.map(DevIssuer::trusted)).collect();
        VerifierConfig {
            audience: self.auth_audience.clone(),
            ..VerifierConfig::new(issuers)
        }
    }

    fn service_rule(&self) -> ServiceRule {
        if self.service_accounts.is_empty() {
            return ServiceRule::BySubject;
        }
        let accounts = self
            .service_accounts
            .iter()
            .map(|account| (account.subject.clone(), account.service.clone()));
        ServiceRule::ByAccount {
            accounts: accounts.collect(),
            scopes: self.service_scopes.clone(),
        }
    }
}

/// One subject that is a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetting {
    /// The token's `sub`.
    pub subject: String,
    /// The service it is.
    pub service: String,
}

impl FromStr for AccountSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((subject, service)) if !subject.is_empty() && !service.is_empty() => Ok(Self {
                subject: subject.to_owned(),
                service: service.to_owned(),
            }),
            _ => Err(format!("{text:?} names no service; write SUBJECT=SERVICE")),
        }
    }
}

/// One believed issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSetting {
    /// The `iss` of its tokens.
    pub name: String,
    /// Where its public keys are.
    pub keys: KeySource,
}

/// Where public keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// One public key in a PEM file.
    File(PathBuf),
    /// A JSON Web Key Set, fetched again as keys rotate.
    Jwks(String),
}

impl IssuerSetting {
    fn keys(&self) -> attune_auth::KeySource {
        match &self.keys {
            KeySource::File(path) => attune_auth::KeySource::PemFile(path.clone()),
            KeySource::Jwks(url) => attune_auth::KeySource::Jwks(url.clone()),
        }
    }
}

impl FromStr for IssuerSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, keys) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| {
                format!(
                    "{text:?} names no keys; write NAME=file:/path/key.pem or NAME=https://host/jwks.json"
                )
            })?;
        let keys = if let Some(path) = keys.strip_prefix("file:") {
            KeySource::File(path.into())
        } else if keys.starts_with("https://") || keys.starts_with("http://") {
            KeySource::Jwks(keys.to_owned())
        } else {
            return Err(format!(
                "{keys:?} is no source of keys; write file:/path/key.pem or an http(s) URL"
            ));
        };
        Ok(Self {
            name: name.to_owned(),
            keys,
        })
    }
}
