//! What a well-behaved client never sends, spoken over a plain socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use attune_mailbox::{Limits, Mailbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends everything at once, closes the sending side, and returns the replies without the greeting.
async fn say(mailbox: &Mailbox, script: &[u8]) -> Vec<String> {
    let mut stream = TcpStream::connect(mailbox.address()).await.unwrap();
    stream.write_all(script).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    replies.lines().skip(1).map(str::to_owned).collect()
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|reply| &reply[..3]).collect()
}

async fn small() -> Mailbox {
    let limits = Limits {
        message_bytes: 1000,
        ..Limits::default()
    };
    Mailbox::listen(([127, 0, 0, 1], 0).into(), limits).await.unwrap()
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let mailbox = Mailbox::start().await.unwrap();
    let script = b"HELO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\nhi\r\n.\r\n\
        MAIL FROM:<> BODY=8BITMIME\r\nrcpt to:<d@x>\r\nDATA\r\n..\r\n.\r\nNOOP\r\nQUIT\r\nNOOP\r\n";
    let replies = say(&mailbox, script).await;
    assert_eq!(
        codes(&replies),
        [
            "250", "250", "250", "250", "354", "250", "250", "250", "354", "250", "250", "221"
        ]
    );
    let mails = mailbox.received();
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("a@x", &["b@x".to_owned(), "c@x".to_owned()][..])
    );
    assert_eq!((mails[1].from.as_str(), &*mails[1].raw), ("", &b".\r\n"[..]));
}

#[tokio::test]
async fn ehlo_announces_the_extensions_and_the_size_limit() {
    let replies = say(&small().await, b"EHLO me\r\n").await;
    assert_eq!(
        replies,
        [
            "250-attune-mailbox",
            "250-PIPELINING",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250-ENHANCEDSTATUSCODES",
            "250 SIZE 1000"
        ]
    );
}

#[tokio::test]
async fn commands_out_of_order_or_unknown_are_refused_and_the_connection_lives() {
    let mailbox = Mailbox::start().await.unwrap();
    let script = b"RCPT TO:<b@x>\r\nDATA\r\nMAIL FROM:<a@x>\r\nMAIL FROM:<a@x>\r\nDATA\r\nRCPT TO:b@x\r\n\
        RCPT TO:<>\r\nMAIL\r\nRSET\r\nRCPT TO:<b@x>\r\nMAIL TO:<a@x>\r\nTURN\r\n\xff\xff\r\nVRFY a\r\nNOOP\r\n";
    assert_eq!(
        codes(&say(&mailbox, script).await),
        [
            "503", "503", "250", "503", "503", "501", "501", "503", "250", "503", "501", "502", "500", "252",
            "250"
        ]
    );
    assert_eq!(mailbox.count(), 0);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_next_one_is_taken() {
    let mailbox = small().await;
    let mut script = b"MAIL FROM:<a@x> SIZE=1001\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n".to_vec();
    // One line, longer than any buffer of the server.
    script.extend(std::iter::repeat_n(b'x', 300_000));
    script.extend_from_slice(b"\r\n.\r\nMAIL FROM:<a@x> SIZE=4\r\nRCPT TO:<b@x>\r\nDATA\r\nok\r\n.\r\n");
    assert_eq!(
        codes(&say(&mailbox, &script).await),
        ["552", "250", "250", "354", "552", "250", "250", "354", "250"]
    );
    assert_eq!(
        mailbox
            .received()
            .iter()
            .map(|mail| mail.raw.to_vec())
            .collect::<Vec<_>>(),
        [b"ok\r\n"]
    );
}

#[tokio::test]
async fn a_dot_after_a_bare_line_feed_does_not_end_the_message() {
    let mailbox = Mailbox::start().await.unwrap();
    let script =
        b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\none\n.\nMAIL FROM:<evil@x>\r\n.\n\r\n.\r\nNOOP\r\n";
    assert_eq!(
        codes(&say(&mailbox, script).await),
        ["250", "250", "354", "250", "250"]
    );
    let mails = mailbox.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(&*mails[0].raw, b"one\n.\nMAIL FROM:<evil@x>\r\n\n\r\n");
}

#[tokio::test]
async fn an_endless_command_line_ends_the_connection() {
    let mailbox = Mailbox::start().await.unwrap();
    let mut stream = TcpStream::connect(mailbox.address()).await.unwrap();
    let line = vec![b'x'; 4096];
    stream.write_all(&line).await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert_eq!(replies.lines().nth(1).map(|reply| &reply[..3]), Some("500"));
}

#[tokio::test]
async fn recipients_beyond_a_hundred_are_put_off() {
    let mailbox = Mailbox::start().await.unwrap();
    let recipients: Vec<_> = (0..101).map(|n| format!("RCPT TO:<{n}@x>\r\n")).collect();
    let script = format!("MAIL FROM:<a@x>\r\n{}", recipients.concat());
    let replies = say(&mailbox, script.as_bytes()).await;
    assert_eq!(codes(&replies)[100..], ["250", "452"]);
}

#[tokio::test]
async fn dropping_the_mailbox_closes_its_connections() {
    let mailbox = Mailbox::start().await.unwrap();
    let mut stream = TcpStream::connect(mailbox.address()).await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    drop(mailbox);
    let mut rest = Vec::new();
    // Closed, or reset: either way it ends.
    let _ = stream.read_to_end(&mut rest).await;
}
