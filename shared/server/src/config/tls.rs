//! Certificates, for a process that is not behind a mesh.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

/// Transport security; without a certificate the process speaks plain HTTP/2.
#[derive(Args, Clone, Debug, Default)]
pub struct TlsConfig {
    /// This process's certificate chain, PEM
    #[arg(
        long,
        env = "ATTUNE_TLS_CERT_FILE",
        value_name = "FILE",
        requires = "tls_key_file"
    )]
    pub tls_cert_file: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(
        long,
        env = "ATTUNE_TLS_KEY_FILE",
        value_name = "FILE",
        requires = "tls_cert_file"
    )]
    pub tls_key_file: Option<PathBuf>,

    /// Authority whose client certificates are required of every caller (mutual TLS), PEM
    #[arg(
        long,
        env = "ATTUNE_TLS_CLIENT_CA_FILE",
        value_name = "FILE",
        requires = "tls_cert_file"
    )]
    pub tls_client_ca_file: Option<PathBuf>,

    /// Authority that signed the certificates of the other services, PEM
    #[arg(long, env = "ATTUNE_TLS_PEER_CA_FILE", value_name = "FILE")]
    pub tls_peer_ca_file: Option<PathBuf>,

    /// The name in the other services' certificates, where it is not the host of their address
    #[arg(long, env = "ATTUNE_TLS_PEER_NAME", value_name = "NAME")]
    pub tls_peer_name: Option<String>,
}

impl TlsConfig {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.tls_cert_file.is_some() != self.tls_key_file.is_some() {
            return Err("set both ATTUNE_TLS_CERT_FILE and ATTUNE_TLS_KEY_FILE, or neither".to_owned());
        }
        if self.tls_client_ca_file.is_some() && self.tls_cert_file.is_none() {
            return Err("ATTUNE_TLS_CLIENT_CA_FILE needs ATTUNE_TLS_CERT_FILE".to_owned());
        }
        Ok(())
    }

    /// How callers reach this process, `None` in the clear.
    pub(crate) fn server(&self) -> anyhow::Result<Option<ServerTlsConfig>> {
        let Some(identity) = self.identity()? else {
            return Ok(None);
        };
        let config = ServerTlsConfig::new().identity(identity);
        Ok(Some(match &self.tls_client_ca_file {
            Some(file) => config.client_ca_root(Certificate::from_pem(read(file)?)),
            None => config,
        }))
    }

    /// How this process reaches another at `host` over `https`.
    pub(crate) fn client(&self, host: &str) -> anyhow::Result<ClientTlsConfig> {
        let name = self.tls_peer_name.as_deref().unwrap_or(host);
        let mut config = ClientTlsConfig::new().domain_name(name.trim_matches(['[', ']']));
        if let Some(file) = &self.tls_peer_ca_file {
            config = config.ca_certificate(Certificate::from_pem(read(file)?));
        }
        if let Some(identity) = self.identity()? {
            config = config.identity(identity);
        }
        Ok(config)
    }

    /// `https` where the process has a certificate.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls_cert_file.is_some() {
            "https"
        } else {
            "http"
        }
    }

    fn identity(&self) -> anyhow::Result<Option<Identity>> {
        match (&self.tls_cert_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => Ok(Some(Identity::from_pem(read(certificate)?, read(key)?))),
            _ => Ok(None),
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
