//! `attune token`: a token of the development issuer.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use attune_auth::{DevIssuer, TokenSpec};
use attune_rpc::TenantId;
use clap::Args;

use crate::state;

/// What the token of a person who tries things out may do.
const EVERYTHING: &str = "profiles.* interactions.* feedback.* improvement.* notifications.* events.read";

/// Print a token of the development issuer
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  attune token --tenant acme
  attune token --tenant acme --scope 'feedback.write interactions.write' --subject importer --ttl 1h
  grpcurl -plaintext -H \"authorization: Bearer $(attune token --tenant acme)\" \\
    127.0.0.1:7443 attune.improvement.v1.IssueService/ListIssues

The token is believed by processes started with the same key file (`attune serve` by default). Not for production:
there, tokens come from your own issuer (see `attune serve --help`, ATTUNE_AUTH_ISSUERS).")]
pub(crate) struct Token {
    /// The tenant it is good for: lower-case letters, digits and '-', at most 63 characters
    #[arg(long, value_parser = tenant)]
    tenant: TenantId,

    /// What it allows, separated by spaces; `feedback.*` allows all of feedback
    #[arg(long, default_value = EVERYTHING)]
    scope: String,

    /// Whom it is for
    #[arg(long, default_value = "developer")]
    subject: String,

    /// How long it is good for, such as 30m, 12h or 7d
    #[arg(long, default_value = "12h", value_parser = duration)]
    ttl: Duration,

    /// The issuer's private key, made when missing; default: dev-key.pem in the user's state directory
    #[arg(long, env = "ATTUNE_DEV_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Token {
    /// Prints the token.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let key_file = match self.key_file {
            Some(file) => file,
            None => state::dev_key_file()?,
        };
        let issuer = DevIssuer::load_or_create(&key_file)?;
        let spec = TokenSpec {
            subject: self.subject,
            tenant: Some(self.tenant),
            scopes: self.scope,
            ttl: self.ttl,
        };
        let token = issuer.token(&spec)?;
        writeln!(std::io::stdout(), "{token}").context("cannot print the token")
    }
}

/// Reads a tenant's id.
pub(crate) fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

/// Reads `30m`, `12h` or `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write it like 30m, 12h or 7d");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .filter(|all| *all > 0)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_has_a_number_and_a_unit() {
        assert_eq!(duration("12h"), Ok(Duration::from_hours(12)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "12", "h", "0h", "1w", "-1h", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
