//! A mail as it was received.

use std::fmt;
use std::sync::Arc;

use mail_parser::MessageParser;

/// A mail as it was received: the envelope, the message as sent, and the parts of it people read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The envelope sender (`MAIL FROM`); empty for a bounce.
    pub from: String,
    /// The envelope recipients (`RCPT TO`) that were accepted, in the client's order.
    pub to: Vec<String>,
    /// The decoded `Subject`; empty when there is none.
    pub subject: String,
    /// Every header field in order, unfolded but otherwise as sent.
    pub headers: Vec<(String, String)>,
    /// The first text part (or the HTML one as text), with quoted-printable, base64 and charset undone.
    pub text: String,
    /// The first HTML part, decoded; `None` when the message has none.
    pub html: Option<String>,
    /// The `Message-ID` without its angle brackets.
    pub message_id: Option<String>,
    /// The message as sent, dots unstuffed, lines ended as the client ended them.
    pub raw: Arc<[u8]>,
}

impl Mail {
    /// Reads what a client sent between `DATA` and the final dot. Never fails: what cannot be parsed is still
    /// there in `raw`.
    pub(crate) fn parse(from: String, to: Vec<String>, raw: &[u8]) -> Self {
        let parsed = MessageParser::default().parse(raw);
        let message = parsed.as_ref();
        let body = |part: Option<std::borrow::Cow<'_, str>>| part.map(std::borrow::Cow::into_owned);
        let html_parts = message.map(|m| m.html_body.as_slice()).unwrap_or_default();
        // mail-parser offers a text part as HTML too; only a part that is HTML counts here.
        let has_html = html_parts
            .iter()
            .filter_map(|id| message?.parts.get(*id as usize))
            .any(mail_parser::MessagePart::is_text_html);
        Self {
            from,
            to,
            subject: message.and_then(|m| m.subject()).unwrap_or_default().to_owned(),
            headers: message.map(headers).unwrap_or_default(),
            text: body(message.and_then(|m| m.body_text(0))).unwrap_or_default(),
            html: body(message.filter(|_| has_html).and_then(|m| m.body_html(0))),
            message_id: message.and_then(|m| m.message_id()).map(str::to_owned),
            raw: raw.into(),
        }
    }

    /// The first header field of that name (compared without regard to case), unfolded but otherwise as sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Mail {
    /// Leaves out everything a person wrote or is reached by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("message_id", &self.message_id)
            .field("recipients", &self.to.len())
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

fn headers(message: &mail_parser::Message<'_>) -> Vec<(String, String)> {
    message
        .headers_raw()
        .map(|(name, value)| (name.to_owned(), value.replace("\r\n", "").trim().to_owned()))
        .collect()
}
