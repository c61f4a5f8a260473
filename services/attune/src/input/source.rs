//! The bytes of a file, one after the other, however large it is.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::{Format, InputError};

/// Bytes that are looked at to know a file's format.
const LOOK: usize = 64 << 10;

/// A file that is read from its beginning to its end, unpacked where its name ends in `.gz`.
pub(crate) struct Source {
    pub(crate) bytes: Box<dyn BufRead>,
    pub(crate) format: Format,
    /// How large the file is on disk.
    pub(crate) length: u64,
    /// How much of it has been read.
    pub(crate) read: Rc<Cell<u64>>,
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl Source {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let failed = |source| InputError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let read = Rc::new(Cell::new(0));
        let counted = Counted {
            inner: file,
            read: Rc::clone(&read),
        };
        let packed = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let mut bytes: Box<dyn BufRead> = if packed {
            let unpacked = MultiGzDecoder::new(BufReader::new(counted));
            Box::new(BufReader::with_capacity(LOOK, unpacked))
        } else {
            Box::new(BufReader::with_capacity(LOOK, counted))
        };
        let format = Format::of(path, bytes.fill_buf().map_err(failed)?);
        Ok(Self {
            bytes,
            format,
            length,
            read,
        })
    }
}
