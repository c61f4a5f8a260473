//! The same over HTTP: mails as the JSON documents that a webhook provider hands over.

use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::{Behaviour, Mail, Shared};

#[derive(Deserialize)]
struct Document {
    data: Letter,
}

#[derive(Deserialize)]
struct Letter {
    message_id: String,
    from: String,
    to: String,
    subject: String,
    body: String,
}

/// Serves one connection.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let service = service_fn(|request| answer(request, &shared));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    connection.await.map_err(io::Error::other)
}

/// An error closes the connection without an answer.
async fn answer(request: Request<Incoming>, shared: &Shared) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, shared.limits.message_bytes).collect().await else {
        return Ok(status(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let raw = body.to_bytes();
    let Ok(Document { data: letter }) = serde_json::from_slice(&raw) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let behaviour = shared.rules.judge(&letter.to);
    let dropped = || io::Error::other("dropped without an answer");
    match behaviour {
        Behaviour::Accept => {
            shared.kept.add(mail(letter, &head.headers, &raw));
            Ok(status(StatusCode::ACCEPTED))
        }
        Behaviour::Refuse => Ok(status(StatusCode::SERVICE_UNAVAILABLE)),
        Behaviour::SlowDown { seconds } => {
            let mut answer = status(StatusCode::TOO_MANY_REQUESTS);
            answer
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
            Ok(answer)
        }
        Behaviour::Reject => Ok(status(StatusCode::UNPROCESSABLE_ENTITY)),
        Behaviour::AcceptThenDropBeforeReply => {
            shared.kept.add(mail(letter, &head.headers, &raw));
            Err(dropped())
        }
        Behaviour::DropMidData => Err(dropped()),
        Behaviour::Hang => std::future::pending().await,
    }
}

fn mail(letter: Letter, headers: &HeaderMap, raw: &[u8]) -> Mail {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Mail {
        from: letter.from,
        to: vec![letter.to],
        subject: letter.subject,
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        text: letter.body,
        html: None,
        message_id: Some(letter.message_id),
        raw: raw.into(),
    }
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = code;
    answer
}
