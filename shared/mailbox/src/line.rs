//! Reading lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Appends bytes to `piece` up to and including the next line feed, or until `piece` holds `limit` bytes.
/// Returns whether a whole line was read; an end of the stream before that is an error.
pub(crate) async fn read_piece<R>(reader: &mut R, piece: &mut Vec<u8>, limit: usize) -> io::Result<bool>
where
    R: AsyncBufRead + Unpin,
{
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let room = limit.saturating_sub(piece.len()).min(available.len());
        let line_end = available[..room].iter().position(|byte| *byte == b'\n');
        let taken = line_end.map_or(room, |at| at + 1);
        piece.extend_from_slice(&available[..taken]);
        reader.consume(taken);
        if line_end.is_some() {
            return Ok(true);
        }
        if piece.len() >= limit {
            return Ok(false);
        }
    }
}
