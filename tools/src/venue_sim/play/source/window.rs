//! The bytes of a file that are being looked at.

use std::io::{self, Read};

/// How much is read at a time.
const CHUNK: usize = 1 << 18;

/// A stretch of a file: bytes are dropped at its front and read at its back.
pub(super) struct Window {
    from: Box<dyn Read>,
    bytes: Vec<u8>,
    start: usize,
    at_end: bool,
}

impl Window {
    /// An empty window at the beginning of `from`.
    pub(super) fn new(from: Box<dyn Read>) -> Self {
        Self { from, bytes: Vec::with_capacity(2 * CHUNK), start: 0, at_end: false }
    }

    /// What is in the window.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Whether the file has nothing after it.
    pub(super) const fn at_end(&self) -> bool {
        self.at_end
    }

    /// Drops bytes at the front.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
    }

    /// Reads until at least `wanted` bytes are in the window, or the file ends.
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<()> {
        self.bytes.drain(..self.start);
        self.start = 0;
        while self.bytes.len() < wanted && !self.at_end {
            let chunk = CHUNK as u64;
            let read = self.from.by_ref().take(chunk).read_to_end(&mut self.bytes)?;
            self.at_end = read == 0;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = self.bytes().len();
        f.debug_struct("Window").field("held", &held).field("at_end", &self.at_end).finish()
    }
}
