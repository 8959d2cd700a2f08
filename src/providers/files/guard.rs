//! A reader that counts, and that stops what would grow without end: a zip bomb, a row that never closes.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The longest row or document that is read.
pub(super) const LONGEST_ROW: u64 = 4 << 20;
/// The most a member of a zip may unpack to.
const LARGEST_MEMBER: u64 = 4 << 30;
/// Beyond this size a member may not unpack to more than `MOST_RATIO` times its packed size.
const FREE_RATIO_BYTES: u64 = 10 << 20;
const MOST_RATIO: u64 = 200;

/// What is counted while reading, shared with who reads.
#[derive(Clone, Default)]
pub(super) struct Counts {
    /// Bytes read.
    pub(super) bytes: Rc<Cell<u64>>,
    /// Quotation marks read: an odd number at the end means that one was never closed.
    pub(super) quotes: Rc<Cell<u64>>,
    /// Where the present row began.
    pub(super) row_start: Rc<Cell<u64>>,
}

/// The counting reader.
pub(super) struct Guard<R> {
    inner: R,
    counts: Counts,
    packed: Option<u64>,
}

impl<R: Read> Guard<R> {
    /// `packed` is the packed size of a zip's member.
    pub(super) fn new(inner: R, packed: Option<u64>, counts: Counts) -> Self {
        Self { inner, counts, packed }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = self.counts.bytes.get() + read as u64;
        self.counts.bytes.set(bytes);
        let quotes = buffer[..read].iter().filter(|byte| **byte == b'"').count() as u64;
        self.counts.quotes.set(self.counts.quotes.get() + quotes);
        if let Some(packed) = self.packed
            && (bytes > LARGEST_MEMBER || bytes > FREE_RATIO_BYTES && bytes / MOST_RATIO > packed.max(1))
        {
            return Err(io::Error::other("it unpacks to far more than an export does; it is not read further"));
        }
        if bytes.saturating_sub(self.counts.row_start.get()) > LONGEST_ROW + (1 << 20) {
            return Err(io::Error::other("a row is longer than 4 MB; is a quotation mark left open?"));
        }
        Ok(read)
    }
}
