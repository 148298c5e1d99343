//! Datagrams that are sent later, in the order in which they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A datagram, when it is sent and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delayed<A> {
    /// When it is due, ns, on the clock of whoever asked for it.
    pub at: u64,
    /// To whom.
    pub to: A,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}

/// A datagram behind its place in the order.
#[derive(Clone, Debug)]
struct Entry<A> {
    number: u64,
    datagram: Delayed<A>,
}

impl<A> Entry<A> {
    const fn place(&self) -> (u64, u64) {
        (self.datagram.at, self.number)
    }
}

impl<A> PartialEq for Entry<A> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<A> Eq for Entry<A> {}

impl<A> PartialOrd for Entry<A> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<A> Ord for Entry<A> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

/// What is still to be sent. Of two that are due at the same time the first added goes first.
#[derive(Clone, Debug)]
pub struct Outbox<A> {
    waiting: BinaryHeap<Reverse<Entry<A>>>,
    added: u64,
}

impl<A> Default for Outbox<A> {
    fn default() -> Self {
        Self { waiting: BinaryHeap::new(), added: 0 }
    }
}

impl<A> Outbox<A> {
    /// When the next one is due; `u64::MAX` if nothing waits.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.waiting.peek().map_or(u64::MAX, |Reverse(entry)| entry.datagram.at)
    }

    /// Takes the next datagram that is due at `now`.
    pub fn due(&mut self, now: u64) -> Option<Delayed<A>> {
        if self.deadline() > now {
            return None;
        }
        self.waiting.pop().map(|Reverse(entry)| entry.datagram)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl<A> Extend<Delayed<A>> for Outbox<A> {
    fn extend<I: IntoIterator<Item = Delayed<A>>>(&mut self, datagrams: I) {
        for datagram in datagrams {
            self.waiting.push(Reverse(Entry { number: self.added, datagram }));
            self.added += 1;
        }
    }
}
