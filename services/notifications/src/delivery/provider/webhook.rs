//! Handing mail to an endpoint over HTTP, as a JSON document signed as Standard Webhooks ask
//! (<https://www.standardwebhooks.com>).

use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use attune_server::ConfigError;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use lettre::Address;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Serialize;
use uuid::Uuid;

use super::{Mail, Refusal};
use crate::config::Config;

/// What a secret begins with, and how long it may be.
const SECRET_PREFIX: &str = "whsec_";
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Of an answer no more is read, so that its connection serves again; what it says is not looked at.
const ANSWER_BYTES: usize = 64 << 10;

/// The endpoint.
#[derive(Clone, Debug)]
pub(in crate::delivery) struct Webhook {
    client: Client,
    url: Url,
    signer: Signer,
    from: String,
    timeout: Duration,
}

/// What the endpoint is given.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    /// When the mail was handed over.
    timestamp: String,
    data: Letter<'a>,
}

#[derive(Serialize)]
struct Letter<'a> {
    message_id: Uuid,
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    body: &'a str,
}

impl Webhook {
    pub(super) fn new(url: &str, config: &Config) -> anyhow::Result<Self> {
        let secrets = config.mail_webhook_secret.as_ref().ok_or_else(|| {
            ConfigError(
                "ATTUNE_MAIL_WEBHOOK_SECRET is missing: what is handed over is signed with it".to_owned(),
            )
        })?;
        let signer = Signer::new(secrets.expose())
            .map_err(|error| ConfigError(format!("ATTUNE_MAIL_WEBHOOK_SECRET: {error}")))?;
        let wrong = || ConfigError("ATTUNE_MAIL_WEBHOOK_URL must be like https://host/path".to_owned());
        let url = Url::parse(url).map_err(|_| wrong())?;
        ensure!(matches!(url.scheme(), "http" | "https"), wrong());
        let timeout = Duration::from_secs(config.mail_timeout_seconds);
        let client = Client::builder()
            .timeout(timeout)
            .pool_max_idle_per_host(config.mail_concurrency.into())
            // Mail goes to the address that was configured and not to where it points.
            .redirect(Policy::none())
            .build()
            .context("no HTTP client can be made")?;
        Ok(Self {
            client,
            url,
            signer,
            from: config.mail_from.clone(),
            timeout,
        })
    }

    /// How long [`send`](Self::send) takes at most.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Hands a mail over. The document's id is the message's, whichever attempt it is.
    pub(super) async fn send(
        &self,
        message_id: Uuid,
        to: Address,
        mail: Mail,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let document = Document {
            r#type: "mail.send",
            timestamp: now.to_rfc3339_opts(SecondsFormat::Millis, true),
            data: Letter {
                message_id,
                from: &self.from,
                to: to.as_ref(),
                subject: &mail.subject,
                body: &mail.body,
            },
        };
        let body = serde_json::to_vec(&document).map_err(|_| Refusal::Unfit("invalid_message"))?;
        let id = message_id.to_string();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", self.signer.sign(&id, now, &body))
            .body(body);
        match request.send().await {
            Ok(answer) => outcome(answer, now).await,
            Err(error) if error.is_timeout() => Err(Refusal::for_now("timeout")),
            Err(_) => Err(Refusal::for_now("unreachable")),
        }
    }
}

/// What an answer means. Refused for good is what says of this very document that it will never do; everything else,
/// such as a wrong path or credentials, may be mended while the mail waits.
async fn outcome(mut answer: Response, now: DateTime<Utc>) -> Result<(), Refusal> {
    let status = answer.status();
    let rest = asked_for(answer.headers(), now);
    let mut read = 0;
    while let Ok(Some(part)) = answer.chunk().await {
        read += part.len();
        if read > ANSWER_BYTES {
            break;
        }
    }
    let reason = format!("refused_{}", status.as_u16());
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::BAD_REQUEST
        | StatusCode::GONE
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(Refusal::ForGood(reason)),
        _ => Err(Refusal::ForNow { reason, rest }),
    }
}

/// The rest that an answer asks for: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3).
fn asked_for(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u32>() {
        Ok(seconds) => Some(TimeDelta::seconds(seconds.into())),
        Err(_) => DateTime::parse_from_rfc2822(text)
            .ok()
            .map(|date| date.to_utc() - now),
    }
}

/// Signs documents, with every secret that is in use.
#[derive(Clone, Debug)]
struct Signer(Vec<hmac::Key>);

impl Signer {
    fn new(secrets: &str) -> anyhow::Result<Self> {
        secrets
            .split(',')
            .map(key)
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    /// The value of `webhook-signature`.
    fn sign(&self, id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
        let mut signed = format!("{id}.{}.", at.timestamp()).into_bytes();
        signed.extend_from_slice(body);
        let signatures = self.0.iter();
        let signatures = signatures.map(|key| format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed))));
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// Says of what is wrong no more than what it should be.
fn key(secret: &str) -> anyhow::Result<hmac::Key> {
    let wrong = || {
        let (least, most) = (SECRET_BYTES.start(), SECRET_BYTES.end());
        anyhow!("write it as {SECRET_PREFIX} and {least} to {most} random bytes in base64")
    };
    let text = secret.trim().strip_prefix(SECRET_PREFIX).ok_or_else(wrong)?;
    let bytes = STANDARD.decode(text).map_err(|_| wrong())?;
    ensure!(SECRET_BYTES.contains(&bytes.len()), wrong());
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_example_of_the_standard_gets_its_signature_and_one_more_for_each_further_secret() {
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap_or_default();
        let sign = |secrets: &str| {
            let signer = Signer::new(secrets).ok()?;
            Some(signer.sign(ID, at, br#"{"test": 2432232314}"#))
        };
        assert_eq!(sign(SECRET).as_deref(), Some(SIGNATURE));
        let other = format!("{SECRET_PREFIX}{}", STANDARD.encode([7; 32]));
        let both = sign(&format!("{other},{SECRET}")).unwrap_or_default();
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.ends_with(SIGNATURE));
    }

    #[test]
    fn a_secret_that_is_none_is_refused_without_being_repeated() {
        for secret in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            "whsec_?",
        ] {
            let error = Signer::new(secret).err().map(|error| error.to_string());
            assert_eq!(
                error.as_deref(),
                Some("write it as whsec_ and 24 to 64 random bytes in base64")
            );
        }
    }

    #[test]
    fn a_rest_is_read_in_seconds_and_as_a_date() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap_or_default();
        let rest = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().ok()?)]);
            asked_for(&headers, now)
        };
        assert_eq!(rest("120"), Some(TimeDelta::minutes(2)));
        assert_eq!(rest("Sun, 06 Nov 1994 09:49:37 GMT"), Some(TimeDelta::hours(1)));
        assert_eq!(rest("soon"), None);
        assert_eq!(rest("-5"), None);
    }
}
