//! Which providers the service writes through.

use attune_server::Secret;
use clap::Args;

/// The mail provider.
#[derive(Args, Clone)]
// By its own name this group would be the server's, which has a `Config` too.
#[group(id = "providers")]
pub struct Config {
    /// Where mail is handed over: `smtp://host:port`, or `smtps://user:password@host` with TLS
    #[arg(long, env = "ATTUNE_SMTP_URL", hide_env_values = true, default_value = Config::SMTP_URL)]
    pub smtp_url: String,

    /// Where mail is handed over instead, as a signed JSON document: an address of yours, `https://host/path`, that
    /// passes it on (docs/adr/0038-mail-by-webhook.md has its form)
    #[arg(long, env = "ATTUNE_MAIL_WEBHOOK_URL", requires = "mail_webhook_secret")]
    pub mail_webhook_url: Option<String>,

    /// What such documents are signed with as Standard Webhooks ask: `whsec_` and 24 to 64 random bytes in base64.
    /// Several, separated by commas: each signs, so that the receiver may change from one to the next
    #[arg(long, env = "ATTUNE_MAIL_WEBHOOK_SECRET", hide_env_values = true)]
    pub mail_webhook_secret: Option<Secret>,

    /// Whom mail comes from
    #[arg(long, env = "ATTUNE_MAIL_FROM", default_value = Config::MAIL_FROM)]
    pub mail_from: String,

    /// How many mails are handed over at the same time
    #[arg(long, env = "ATTUNE_MAIL_CONCURRENCY", default_value_t = Config::MAIL_CONCURRENCY,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub mail_concurrency: u16,

    /// How long the provider may take for one mail, in seconds
    #[arg(long, env = "ATTUNE_MAIL_TIMEOUT_SECONDS", default_value_t = Config::MAIL_TIMEOUT,
          value_parser = clap::value_parser!(u64).range(1..=50))]
    pub mail_timeout_seconds: u64,
}

impl Config {
    const SMTP_URL: &'static str = "smtp://127.0.0.1:25";
    const MAIL_FROM: &'static str = "Customer care <care@localhost.localdomain>";
    const MAIL_CONCURRENCY: u16 = 16;
    const MAIL_TIMEOUT: u64 = 20;
}

impl Default for Config {
    fn default() -> Self {
        Self {
            smtp_url: Self::SMTP_URL.to_owned(),
            mail_webhook_url: None,
            mail_webhook_secret: None,
            mail_from: Self::MAIL_FROM.to_owned(),
            mail_concurrency: Self::MAIL_CONCURRENCY,
            mail_timeout_seconds: Self::MAIL_TIMEOUT,
        }
    }
}

/// Without the URLs, which may hold a password.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("mail_from", &self.mail_from)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn its_flags_stand_beside_those_of_every_service() {
        let arguments = [
            "notifications",
            "--dev-key-file",
            "key.pem",
            "--mail-timeout-seconds",
            "7",
        ];
        let parsed = attune_server::Config::from_args_with::<Config, _>(arguments);
        let (_, own) = parsed.expect("the names of both are different");
        assert_eq!(own.mail_timeout_seconds, 7);
    }
}
