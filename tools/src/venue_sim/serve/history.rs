//! The messages of a session by number.
//!
//! A venue keeps what it sent so that it can send it again, all of it or the latest. Messages lie
//! one behind the other in chunks of some thousands; a chunk goes when all of it is older than the
//! window, so keeping a window costs nothing per message and any number is found in one step.

use std::collections::VecDeque;

use protocol::frame::moldudp64::Session;

/// Messages of a chunk.
const CHUNK: u64 = 4_096;

/// Some messages one behind the other.
#[derive(Clone, Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each message ends.
    ends: Vec<usize>,
}

impl Chunk {
    fn get(&self, index: usize) -> Option<&[u8]> {
        let begin = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(begin..*self.ends.get(index)?)
    }
}

/// What was sent in a session, by number.
#[derive(Clone, Debug)]
pub struct History {
    session: Session,
    window: u64,
    /// Number of the first message of the first chunk.
    base: u64,
    /// Number of the next message.
    next: u64,
    chunks: VecDeque<Chunk>,
}

impl History {
    /// Nothing was sent yet; everything will be kept. The first message has the number 1.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        Self { session, window: u64::MAX, base: 1, next: 1, chunks: VecDeque::new() }
    }

    /// The same, that gives only the latest so many messages.
    #[must_use]
    pub fn with_window(self, messages: u64) -> Self {
        Self { window: messages, ..self }
    }

    /// Name of the session.
    #[must_use]
    pub const fn session(&self) -> Session {
        self.session
    }

    /// Number of the next message.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Number of the oldest message that is still there; that of the next if there is none.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.base.max(self.next.saturating_sub(self.window))
    }

    /// Keeps the next message and gives its number.
    pub fn append(&mut self, message: &[u8]) -> u64 {
        let number = self.next;
        let index = number - self.base;
        if index / CHUNK >= self.chunks.len() as u64 {
            self.chunks.push_back(Chunk::default());
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.bytes.extend_from_slice(message);
            chunk.ends.push(chunk.bytes.len());
        }
        self.next += 1;
        while self.chunks.len() > 1 && self.base + CHUNK <= self.oldest() {
            self.chunks.pop_front();
            self.base += CHUNK;
        }
        number
    }

    /// Leaves out so many numbers, whose messages nobody has: a recording with a hole in it. What
    /// was kept before is gone with them.
    pub fn skip(&mut self, numbers: u64) {
        if numbers > 0 {
            self.chunks.clear();
            self.next = self.next.saturating_add(numbers);
            self.base = self.next;
        }
    }

    /// Another session begins, with number 1; the messages of the one before are gone.
    pub fn roll(&mut self, session: Session) {
        *self = Self { window: self.window, ..Self::new(session) };
    }

    /// The message of this number; `None` if it is not there any more, or not yet.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        if number < self.oldest() || number >= self.next {
            return None;
        }
        let index = number - self.base;
        let chunk = self.chunks.get(usize::try_from(index / CHUNK).ok()?)?;
        chunk.get((index % CHUNK) as usize)
    }

    /// What is there of the `count` messages from `first` on: an unbroken range, `[from, end)`.
    #[must_use]
    pub fn range(&self, first: u64, count: u64) -> std::ops::Range<u64> {
        let from = first.max(self.oldest());
        let end = first.saturating_add(count).min(self.next);
        from..end.max(from)
    }
}
