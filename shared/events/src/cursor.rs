//! A place in a feed, as consumers hold it.

use attune_rpc::{Code, Error, Reason};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The epoch's 16 bytes, then the position's 8.
const LENGTH: usize = 24;
/// Longer texts are not ours.
const LONGEST: usize = 128;

/// A place in one feed: everything up to `position` has been seen.
///
/// The epoch is drawn when the feed is created, and anew when its database is restored from a backup that
/// lacks positions which consumers may have seen; a cursor of another epoch is refused instead of silently
/// skipping what is numbered alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The life of the feed that the position belongs to.
    pub epoch: Uuid,
    /// The last position seen; 0 before the first event.
    pub position: i64,
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor is not one that this service issued; pass `through` of an earlier response or leave it empty"
)]
pub struct InvalidCursor;

impl Cursor {
    /// The opaque text that travels as `after` and `through`.
    pub fn encode(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(self.epoch.as_bytes());
        bytes[16..].copy_from_slice(&self.position.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor in a request's `after`; none where it is empty. `INVALID_ARGUMENT` with reason `CURSOR_FOREIGN` for what
    /// [`decode`](Self::decode) refuses.
    pub fn after(text: &str) -> Result<Option<Self>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let cursor = if text.len() > LONGEST {
            Err(InvalidCursor)
        } else {
            Self::decode(text)
        };
        cursor
            .map(Some)
            .map_err(|error| Error::new(Code::InvalidArgument, Reason::CursorForeign, error.to_string()))
    }

    /// Reads what [`encode`](Self::encode) wrote; refuses everything else, negative positions included.
    pub fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let (epoch, position) = bytes.split_first_chunk::<16>().ok_or(InvalidCursor)?;
        let position = i64::from_be_bytes(position.try_into().map_err(|_| InvalidCursor)?);
        if position < 0 {
            return Err(InvalidCursor);
        }
        Ok(Self {
            epoch: Uuid::from_bytes(*epoch),
            position,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_journey_as_text() {
        let cursor = Cursor {
            epoch: Uuid::now_v7(),
            position: 123_456_789_012,
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
    }

    #[test]
    fn text_that_no_feed_issued_is_refused() {
        let negative = Cursor {
            epoch: Uuid::nil(),
            position: -1,
        }
        .encode();
        for text in ["", "42", "not a cursor", "AAAA", negative.as_str()] {
            assert_eq!(Cursor::decode(text), Err(InvalidCursor), "{text:?}");
        }
    }
}
