//! Where in a file its records begin, and how long one may be.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// The longest record. One quote that is left open would make the rest of a file one record.
const LONGEST: usize = 8 << 20;

/// The bytes that were read and belong to no finished record.
#[derive(Debug, Default)]
struct Window {
    ahead: VecDeque<u8>,
    passed: u64,
    line: u64,
    /// Whether the last byte that passed was a CR, whose LF belongs to it.
    returned: bool,
}

/// Counts lines for who reads records through [`Watched`]. The record reader's own count is one too low where lines end
/// in CR LF, because it leaves the LF to the next record, and knows no lines that end in CR alone.
#[derive(Debug)]
pub(super) struct Lines {
    window: Rc<RefCell<Window>>,
}

/// A reader that keeps what passes through it until [`Lines`] has counted it, and fails rather than keep too much.
#[derive(Debug)]
pub(super) struct Watched<R> {
    inner: R,
    window: Rc<RefCell<Window>>,
}

/// Watches `inner`, whose first line is number 1.
pub(super) fn watch<R: Read>(inner: R) -> (Watched<R>, Lines) {
    let window = Rc::new(RefCell::new(Window {
        line: 1,
        ..Window::default()
    }));
    let lines = Lines {
        window: Rc::clone(&window),
    };
    (Watched { inner, window }, lines)
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut window = self.window.borrow_mut();
        if window.ahead.len() > LONGEST {
            let problem = "a row is longer than 8 MiB; is a quote left open?";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let count = self.inner.read(buffer)?;
        window.ahead.extend(buffer.iter().take(count));
        Ok(count)
    }
}

impl Lines {
    /// The number of the line on which the record that begins at or after byte `start` begins; the record has been read.
    pub(super) fn at(&mut self, start: u64) -> u64 {
        let mut window = self.window.borrow_mut();
        while let Some(byte) = window.ahead.front().copied()
            && (window.passed < start || matches!(byte, b'\r' | b'\n'))
        {
            window.ahead.pop_front();
            let ends = byte == b'\r' || byte == b'\n' && !window.returned;
            window.line += u64::from(ends);
            window.returned = byte == b'\r';
            window.passed += 1;
        }
        window.line
    }
}
