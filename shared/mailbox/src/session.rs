//! One connection: the command loop of RFC 5321.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::line::read_piece;
use crate::{Behaviour, Mail, Shared};

/// A command line may have 512 bytes (RFC 5321 section 4.5.3.1.4); extensions and UTF-8 need some more.
const COMMAND_BYTES: usize = 4096;
/// The message is read in pieces of at most this many bytes; a line may be longer.
const PIECE_BYTES: usize = 64 << 10;
/// RFC 5321 section 4.5.3.1.8: at least 100 recipients.
const RECIPIENTS: usize = 100;
/// RFC 5321 section 4.5.3.2.7: a server waits five minutes for the next command.
const IDLE: Duration = Duration::from_mins(5);

pub(crate) struct Session<'a> {
    shared: &'a Shared,
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    envelope: Option<Envelope>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    /// The most disturbing behaviour among the recipients.
    behaviour: Behaviour,
}

enum Next {
    Command,
    Close,
}

impl<'a> Session<'a> {
    pub(crate) fn new(stream: TcpStream, shared: &'a Shared) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            shared,
            reader: BufReader::with_capacity(PIECE_BYTES, reader),
            writer: BufWriter::new(writer),
            envelope: None,
        }
    }

    /// Serves the connection until the client quits, leaves, or has been silent for too long.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        self.reply("220 attune-mailbox ESMTP").await?;
        let mut line = Vec::with_capacity(256);
        loop {
            // With pipelining the client waits only when everything it sent was read (RFC 2920 section 3.2).
            if self.reader.buffer().is_empty() {
                self.writer.flush().await?;
            }
            line.clear();
            let whole = within(IDLE, read_piece(&mut self.reader, &mut line, COMMAND_BYTES)).await;
            match whole {
                Ok(true) => {}
                Ok(false) => {
                    self.reply("500 5.5.2 command line too long").await?;
                    return self.writer.flush().await;
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && line.is_empty() => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            let Ok(text) = std::str::from_utf8(&line) else {
                self.reply("500 5.5.2 the command is not UTF-8").await?;
                continue;
            };
            if let Next::Close = self.command(text.trim_end()).await? {
                return self.writer.flush().await;
            }
        }
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.ehlo().await?,
            "HELO" => {
                self.envelope = None;
                self.reply("250 attune-mailbox").await?;
            }
            "MAIL" => self.mail(argument).await?,
            "RCPT" => return self.rcpt(argument).await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.envelope = None;
                self.reply("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.reply("250 2.0.0 ok").await?,
            "VRFY" => self.reply("252 2.5.0 send and see").await?,
            "QUIT" => {
                self.reply("221 2.0.0 bye").await?;
                return Ok(Next::Close);
            }
            _ => self.reply("502 5.5.1 command not implemented").await?,
        }
        Ok(Next::Command)
    }

    async fn ehlo(&mut self) -> io::Result<()> {
        self.envelope = None;
        let size = self.shared.limits.message_bytes;
        let extensions = format!(
            "250-attune-mailbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-ENHANCEDSTATUSCODES\r\n250 SIZE {size}"
        );
        self.reply(&extensions).await
    }

    async fn mail(&mut self, argument: &str) -> io::Result<()> {
        if self.envelope.is_some() {
            return self
                .reply("503 5.5.1 a sender was named already; send RSET first")
                .await;
        }
        let Some((from, parameters)) = path(argument, "FROM:") else {
            return self.reply("501 5.5.4 write MAIL FROM:<address>").await;
        };
        if announced_size(parameters).is_some_and(|size| size > self.shared.limits.message_bytes) {
            return self.reply("552 5.3.4 message too large").await;
        }
        self.envelope = Some(Envelope {
            from: from.to_owned(),
            ..Envelope::default()
        });
        self.reply("250 2.1.0 ok").await
    }

    async fn rcpt(&mut self, argument: &str) -> io::Result<Next> {
        let reply = match (&mut self.envelope, path(argument, "TO:")) {
            (None, _) => "503 5.5.1 name the sender first",
            (_, None | Some(("", _))) => "501 5.5.4 write RCPT TO:<address>",
            (Some(envelope), _) if envelope.to.len() >= RECIPIENTS => "452 4.5.3 too many recipients",
            (Some(envelope), Some((to, _))) => match self.shared.rules.judge(to) {
                Behaviour::Refuse | Behaviour::SlowDown { .. } => "450 4.2.1 mailbox busy, try again later",
                Behaviour::Reject => "550 5.1.1 no such mailbox",
                Behaviour::Hang => return self.hang().await,
                behaviour => {
                    envelope.behaviour = envelope.behaviour.max(behaviour);
                    envelope.to.push(to.to_owned());
                    "250 2.1.5 ok"
                }
            },
        };
        self.reply(reply).await?;
        Ok(Next::Command)
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(envelope) = self.envelope.take_if(|envelope| !envelope.to.is_empty()) else {
            self.reply("503 5.5.1 name the sender and a recipient first")
                .await?;
            return Ok(Next::Command);
        };
        self.reply("354 end with a dot on a line of its own").await?;
        self.writer.flush().await?;
        if envelope.behaviour == Behaviour::DropMidData {
            within(IDLE, read_piece(&mut self.reader, &mut Vec::new(), PIECE_BYTES)).await?;
            return Ok(Next::Close);
        }
        let Some(raw) = self.message().await? else {
            self.reply("552 5.3.4 message too large").await?;
            return Ok(Next::Command);
        };
        self.shared
            .kept
            .add(Mail::parse(envelope.from, envelope.to, &raw));
        if envelope.behaviour == Behaviour::AcceptThenDropBeforeReply {
            return Ok(Next::Close);
        }
        self.reply("250 2.0.0 kept").await?;
        Ok(Next::Command)
    }

    /// Reads up to the final dot and undoes the dot stuffing (RFC 5321 section 4.5.2). `None` when the message
    /// is larger than allowed; the rest of it is read all the same, or the client would never hear of it.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let limit = self.shared.limits.message_bytes;
        let mut raw = Vec::new();
        let mut piece = Vec::with_capacity(1024);
        let mut too_large = false;
        // Only CR LF ends a line here: a server that also takes a bare LF lets mail be smuggled in a body.
        let mut after_line_end = true;
        loop {
            piece.clear();
            self.acknowledge_at_once()?;
            within(IDLE, read_piece(&mut self.reader, &mut piece, PIECE_BYTES)).await?;
            if after_line_end && piece == b".\r\n" {
                return Ok((!too_large).then_some(raw));
            }
            let content = if after_line_end {
                piece.strip_prefix(b".").unwrap_or(&piece)
            } else {
                &piece
            };
            too_large |= raw.len() + content.len() > limit;
            if too_large {
                raw = Vec::new();
            } else {
                raw.extend_from_slice(content);
            }
            after_line_end = piece.ends_with(b"\r\n");
        }
    }

    /// Many clients send the message and its final dot apart. Where they leave Nagle's algorithm on, the dot
    /// waits for the acknowledgement of the message, which the system would put off by 40 ms.
    fn acknowledge_at_once(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.reader.buffer().is_empty() {
            self.reader.get_ref().as_ref().set_quickack(true)?;
        }
        Ok(())
    }

    /// Leaves the client without an answer until it goes away.
    async fn hang(&mut self) -> io::Result<Next> {
        self.writer.flush().await?;
        let mut ignored = Vec::new();
        while read_piece(&mut self.reader, &mut ignored, COMMAND_BYTES)
            .await
            .is_ok()
        {
            ignored.clear();
        }
        Ok(Next::Close)
    }

    async fn reply(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Splits `FROM:<address> parameters` into the address and the parameters.
fn path<'l>(argument: &'l str, keyword: &str) -> Option<(&'l str, &'l str)> {
    let head = argument.get(..keyword.len())?;
    let rest = argument.get(keyword.len()..)?.trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    head.eq_ignore_ascii_case(keyword)
        .then_some((address, parameters))
}

/// The `SIZE=` parameter of `MAIL FROM` (RFC 1870).
fn announced_size(parameters: &str) -> Option<usize> {
    parameters.split_ascii_whitespace().find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        if name.eq_ignore_ascii_case("SIZE") {
            value.parse().ok()
        } else {
            None
        }
    })
}
