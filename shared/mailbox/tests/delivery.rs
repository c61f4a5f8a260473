//! Mails sent with the client that production uses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use attune_mailbox::{Behaviour, Limits, Mailbox};
use futures::future::join_all;
use lettre::message::{MultiPart, SinglePart, header};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

const SOON: Duration = Duration::from_secs(10);
/// How long the client waits for an answer where the test is that none comes.
const IMPATIENT: Duration = Duration::from_millis(300);

type Client = AsyncSmtpTransport<Tokio1Executor>;

fn client_with(mailbox: &Mailbox, timeout: Duration, connections: u32) -> Client {
    Client::builder_dangerous(mailbox.address().ip().to_string())
        .port(mailbox.address().port())
        .timeout(Some(timeout))
        .pool_config(PoolConfig::new().max_size(connections))
        .build()
}

fn client(mailbox: &Mailbox) -> Client {
    client_with(mailbox, SOON, 1)
}

fn letter(to: &str, subject: &str, body: &str) -> Message {
    Message::builder()
        .from("Attune <care@attune.example>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject(subject)
        .body(body.to_owned())
        .unwrap()
}

#[tokio::test]
async fn a_sent_mail_arrives_with_its_envelope_subject_and_decoded_body() {
    let mailbox = Mailbox::start().await.unwrap();
    let body = "Grüße aus Köln — so long a line that the client has to encode it, with = and é in it.\r\n.\r\n..two dots\r\n";
    let message = Message::builder()
        .from("care@attune.example".parse().unwrap())
        .to("Ana <ana@customer.example>".parse().unwrap())
        .message_id(Some("<one@attune.example>".to_owned()))
        .subject("Wie war's? ☀")
        .body(body.to_owned())
        .unwrap();
    client(&mailbox).send(message).await.unwrap();

    let mails = mailbox.wait_for(1, SOON).await.unwrap();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.from, "care@attune.example");
    assert_eq!(mail.to, ["ana@customer.example"]);
    assert_eq!(mail.subject, "Wie war's? ☀");
    assert_eq!(
        mail.text.replace("\r\n", "\n").trim_end(),
        body.replace("\r\n", "\n").trim_end()
    );
    assert_eq!(mail.html, None);
    assert_eq!(mail.message_id.as_deref(), Some("one@attune.example"));
    assert_eq!(mail.header("TO"), Some("Ana <ana@customer.example>"));
}

#[tokio::test]
async fn text_and_html_of_a_multipart_mail_are_both_decoded() {
    let mailbox = Mailbox::start().await.unwrap();
    let base64 = SinglePart::builder()
        .header(header::ContentType::TEXT_HTML)
        .header(header::ContentTransferEncoding::Base64)
        .body("<p>¿Qué tal?</p>".to_owned());
    let quoted = SinglePart::builder()
        .header(header::ContentType::TEXT_PLAIN)
        .header(header::ContentTransferEncoding::QuotedPrintable)
        .body("¿Qué tal?".to_owned());
    let message = Message::builder()
        .from("care@attune.example".parse().unwrap())
        .to("ana@customer.example".parse().unwrap())
        .subject("Survey")
        .multipart(MultiPart::alternative().singlepart(quoted).singlepart(base64))
        .unwrap();
    client(&mailbox).send(message).await.unwrap();

    let mails = mailbox.wait_for(1, SOON).await.unwrap();
    assert_eq!(mails[0].text.trim_end(), "¿Qué tal?");
    assert_eq!(
        mails[0].html.as_deref().map(str::trim_end),
        Some("<p>¿Qué tal?</p>")
    );
}

#[tokio::test]
async fn one_connection_carries_many_mails_in_order() {
    let mailbox = Mailbox::start().await.unwrap();
    let client = client(&mailbox);
    for n in 0..50 {
        client
            .send(letter("ana@customer.example", &format!("mail {n}"), "hello"))
            .await
            .unwrap();
    }
    let subjects: Vec<_> = mailbox.received().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, (0..50).map(|n| format!("mail {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_recipient_hears_a_temporary_error_and_a_rejected_one_a_permanent_error() {
    let mailbox = Mailbox::start().await.unwrap();
    mailbox.behave_for("Busy@customer.example", Behaviour::Refuse);
    mailbox.behave_for("gone@customer.example", Behaviour::Reject);
    let client = client(&mailbox);

    let busy = client
        .send(letter("busy@customer.example", "s", "b"))
        .await
        .unwrap_err();
    assert!(busy.is_transient(), "{busy}");
    assert_eq!(busy.status().unwrap().to_string(), "450");
    let gone = client
        .send(letter("gone@customer.example", "s", "b"))
        .await
        .unwrap_err();
    assert!(gone.is_permanent(), "{gone}");
    assert_eq!(gone.status().unwrap().to_string(), "550");
    client
        .send(letter("ana@customer.example", "s", "b"))
        .await
        .unwrap();
    assert_eq!((mailbox.count(), mailbox.attempts()), (1, 3));

    mailbox.behave_for("busy@customer.example", Behaviour::Accept);
    client
        .send(letter("busy@customer.example", "s", "b"))
        .await
        .unwrap();
    assert_eq!(mailbox.count(), 2);
}

#[tokio::test]
async fn a_hanging_server_leaves_the_client_to_its_own_deadline() {
    let mailbox = Mailbox::start().await.unwrap();
    mailbox.behave(Behaviour::Hang);
    // The client's own time-out covers the connecting only.
    let client = client(&mailbox);
    let sending = client.send(letter("ana@customer.example", "s", "b"));
    tokio::time::timeout(IMPATIENT, sending).await.unwrap_err();
    assert_eq!((mailbox.count(), mailbox.attempts()), (0, 1));
}

#[tokio::test]
async fn a_mail_accepted_without_a_reply_is_kept_though_the_client_sees_an_error() {
    let mailbox = Mailbox::start().await.unwrap();
    mailbox.behave(Behaviour::AcceptThenDropBeforeReply);
    let error = client(&mailbox)
        .send(letter("ana@customer.example", "s", "b"))
        .await
        .unwrap_err();
    assert!(error.status().is_none(), "no reply code can have come: {error}");
    assert_eq!(mailbox.wait_for(1, SOON).await.unwrap()[0].subject, "s");
}

#[tokio::test]
async fn a_connection_dropped_while_the_message_is_sent_keeps_nothing() {
    let mailbox = Mailbox::start().await.unwrap();
    mailbox.behave(Behaviour::DropMidData);
    let client = client(&mailbox);
    let error = client
        .send(letter("ana@customer.example", "s", &"x".repeat(100_000)))
        .await
        .unwrap_err();
    assert!(error.status().is_none(), "no reply code can have come: {error}");
    assert_eq!(mailbox.count(), 0);

    mailbox.behave(Behaviour::Accept);
    client
        .send(letter("ana@customer.example", "again", "b"))
        .await
        .unwrap();
    assert_eq!(mailbox.count(), 1);
}

#[tokio::test]
async fn it_keeps_the_newest_mails_and_counts_all() {
    let limits = Limits {
        mails: 3,
        ..Limits::default()
    };
    let mailbox = Mailbox::listen(([127, 0, 0, 1], 0).into(), limits).await.unwrap();
    let client = client(&mailbox);
    for n in 0..5 {
        client
            .send(letter("ana@customer.example", &format!("{n}"), "b"))
            .await
            .unwrap();
    }
    let subjects: Vec<_> = mailbox.received().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["2", "3", "4"]);
    assert_eq!(mailbox.count(), 5);
    mailbox.clear();
    assert_eq!((mailbox.count(), mailbox.received().len()), (0, 0));
}

#[tokio::test]
async fn it_keeps_no_more_bytes_than_allowed() {
    let limits = Limits {
        bytes: 10_000,
        ..Limits::default()
    };
    let mailbox = Mailbox::listen(([127, 0, 0, 1], 0).into(), limits).await.unwrap();
    let client = client(&mailbox);
    for _ in 0..5 {
        client
            .send(letter("ana@customer.example", "s", &"word ".repeat(800)))
            .await
            .unwrap();
    }
    assert_eq!((mailbox.count(), mailbox.received().len()), (5, 2));
}

#[tokio::test]
async fn waiting_in_vain_says_how_many_came() {
    let mailbox = Mailbox::start().await.unwrap();
    client(&mailbox)
        .send(letter("ana@customer.example", "s", "b"))
        .await
        .unwrap();
    let error = mailbox.wait_for(2, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(error.to_string(), "1 of 2 mails arrived within 20ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_connections_deliver_at_the_same_time_without_loss() {
    const MAILS: usize = 4000;
    const CONNECTIONS: usize = 8;
    let mailbox = Mailbox::start().await.unwrap();
    let client = client_with(&mailbox, SOON, 8);
    let message = letter(
        "ana@customer.example",
        "many",
        &"A line of ordinary text.\r\n".repeat(40),
    );
    let (envelope, raw) = (message.envelope().clone(), message.formatted());
    let start = std::time::Instant::now();
    join_all((0..CONNECTIONS).map(|_| async {
        for _ in 0..MAILS / CONNECTIONS {
            client.send_raw(&envelope, &raw).await.unwrap();
        }
    }))
    .await;
    println!(
        "{:.0} mails/s, client included",
        MAILS as f64 / start.elapsed().as_secs_f64()
    );
    let mails = mailbox.received();
    assert_eq!(mails.len(), MAILS);
    // The client ends every message with a line end of its own.
    let sent = [raw.as_slice(), b"\r\n"].concat();
    assert!(mails.iter().all(|mail| *mail.raw == *sent));
}
