//! The sequence numbers of one group: holes, late and repeated datagrams, restarts.
//!
//! A publisher's life is known by its numbers, not by its address: a restarted publisher has
//! another port or the same one, and either way another start second. Several lives are kept, so
//! that two publishers on one group show as such and not as thousands of restarts.

use std::net::SocketAddrV4;

use wire::datagram::{SequenceStep, start_of};

/// Numbers behind the greatest one that a late datagram can be told from a repeated one in.
const WINDOW: u64 = 1_024;
const WORDS: usize = (WINDOW / 64) as usize;

/// Lives that are remembered.
const LIVES: usize = 8;

/// What a datagram was in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The first of the group; true if it is the first that its publisher sent.
    First(bool),
    /// The expected one.
    Next,
    /// So many are missing before it.
    Hole(u64),
    /// It was missing, or never expected, and comes out of order.
    Late,
    /// It was received before.
    Repeat,
    /// So far behind that nothing can be said.
    Old,
    /// The first of another life.
    Restart(bool),
}

impl Seen {
    /// Name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Seen::First(_) => "first",
            Seen::Next => "next",
            Seen::Hole(_) => "hole",
            Seen::Late => "late",
            Seen::Repeat => "repeat",
            Seen::Old => "old",
            Seen::Restart(_) => "restart",
        }
    }

    /// Datagrams missing before it.
    #[must_use]
    pub const fn missing(self) -> u64 {
        match self {
            Seen::Hole(count) => count,
            _ => 0,
        }
    }

    /// Whether what it says is newer than everything before.
    #[must_use]
    pub const fn is_new(self) -> bool {
        !matches!(self, Seen::Late | Seen::Repeat | Seen::Old)
    }
}

/// Counts of a group since the monitor's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Holes in the numbers.
    pub holes: u64,
    /// Numbers missing now.
    pub missing: u64,
    /// Datagrams that came out of order.
    pub late: u64,
    /// Datagrams that came again.
    pub repeats: u64,
    /// Datagrams too far behind to say which of the two.
    pub old: u64,
    /// Times that another life of the publisher began.
    pub restarts: u64,
    /// Times that a life spoke again after another one had: two publishers on one group.
    pub interleaved: u64,
}

/// One life of a publisher.
#[derive(Clone, Debug)]
struct Life {
    source: SocketAddrV4,
    first: u64,
    last: u64,
    /// Bit `number % WINDOW` of the numbers received, for those from `last - WINDOW + 1`.
    received: [u64; WORDS],
}

fn place(number: u64) -> (usize, u64) {
    let bit = number % WINDOW;
    ((bit / 64) as usize, 1 << (bit % 64))
}

impl Life {
    fn new(source: SocketAddrV4, number: u64) -> Life {
        let mut life = Life { source, first: number, last: number, received: [0; WORDS] };
        life.mark(number);
        life
    }

    fn mark(&mut self, number: u64) {
        let (word, bit) = place(number);
        self.received[word] |= bit;
    }

    fn has(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.received[word] & bit != 0
    }

    /// The greatest number moves; what falls out of the window is forgotten.
    fn advance(&mut self, number: u64) {
        if number.wrapping_sub(self.last) >= WINDOW {
            self.received = [0; WORDS];
        } else {
            let mut at = self.last;
            while at != number {
                at = at.wrapping_add(1);
                let (word, bit) = place(at);
                self.received[word] &= !bit;
            }
        }
        self.last = number;
        self.mark(number);
    }
}

/// The numbers of a group.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The life that spoke last stands last.
    lives: Vec<Life>,
    counts: StreamCounts,
}

impl Stream {
    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> StreamCounts {
        self.counts
    }

    /// Greatest number of the life that spoke last, its start in Unix s and its sender.
    #[must_use]
    pub fn current(&self) -> Option<(u64, u32, SocketAddrV4)> {
        self.lives.last().map(|life| (life.last, start_of(life.last), life.source))
    }

    /// Takes the number of a datagram.
    pub fn observe(&mut self, source: SocketAddrV4, number: u64) -> Seen {
        let known = self.lives.iter().rposition(|life| {
            !matches!(SequenceStep::between(life.last, number), SequenceStep::Restart)
        });
        let Some(at) = known else { return self.begin(source, number) };
        if at + 1 != self.lives.len() {
            self.counts.interleaved += 1;
            let life = self.lives.remove(at);
            self.lives.push(life);
        }
        let Some(life) = self.lives.last_mut() else { return Seen::Old };
        life.source = source;
        match SequenceStep::between(life.last, number) {
            SequenceStep::Next => {
                life.advance(number);
                Seen::Next
            }
            SequenceStep::Hole(count) => {
                life.advance(number);
                self.counts.holes += 1;
                self.counts.missing += count;
                Seen::Hole(count)
            }
            SequenceStep::Behind(distance) if distance >= WINDOW => {
                self.counts.old += 1;
                Seen::Old
            }
            _ if life.has(number) => {
                self.counts.repeats += 1;
                Seen::Repeat
            }
            _ => {
                life.mark(number);
                // What was sent before the monitor listened was never counted missing.
                if number > life.first {
                    self.counts.missing = self.counts.missing.saturating_sub(1);
                }
                self.counts.late += 1;
                Seen::Late
            }
        }
    }

    fn begin(&mut self, source: SocketAddrV4, number: u64) -> Seen {
        let is_again = !self.lives.is_empty();
        if self.lives.len() == LIVES {
            self.lives.remove(0);
        }
        self.lives.push(Life::new(source, number));
        let from_start = number as u32 == 1;
        if is_again {
            self.counts.restarts += 1;
            return Seen::Restart(from_start);
        }
        Seen::First(from_start)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::Ipv4Addr;

    use proptest::prelude::*;
    use wire::datagram::sequence;

    use super::*;

    const SOURCE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 40_000);
    const START: u32 = 1_700_000_000;

    fn seen(stream: &mut Stream, counter: u64) -> Seen {
        stream.observe(SOURCE, sequence(START, counter))
    }

    #[test]
    fn holes_are_filled_by_what_is_late() {
        let mut stream = Stream::default();
        assert_eq!(seen(&mut stream, 1), Seen::First(true));
        assert_eq!(seen(&mut stream, 2), Seen::Next);
        assert_eq!(seen(&mut stream, 6), Seen::Hole(3));
        assert_eq!(seen(&mut stream, 4), Seen::Late);
        assert_eq!(seen(&mut stream, 4), Seen::Repeat);
        assert_eq!(seen(&mut stream, 6), Seen::Repeat);
        let counts = stream.counts();
        assert_eq!((counts.holes, counts.missing, counts.late, counts.repeats), (1, 2, 1, 2));
    }

    #[test]
    fn what_was_before_the_first_is_not_missing() {
        let mut stream = Stream::default();
        assert_eq!(seen(&mut stream, 100), Seen::First(false));
        assert_eq!(seen(&mut stream, 102), Seen::Hole(1));
        assert_eq!(seen(&mut stream, 99), Seen::Late);
        assert_eq!(stream.counts().missing, 1);
    }

    #[test]
    fn a_restart_is_one_and_two_publishers_are_named() {
        let mut stream = Stream::default();
        let mut at = |start, counter| stream.observe(SOURCE, sequence(start, counter));
        at(START, 5_000);
        assert_eq!(at(START + 60, 1), Seen::Restart(true));
        assert_eq!(at(START + 60, 2), Seen::Next);
        assert_eq!(at(START, 5_001), Seen::Next);
        assert_eq!(at(START + 60, 3), Seen::Next);
        let counts = stream.counts();
        assert_eq!((counts.restarts, counts.interleaved, counts.missing), (1, 2, 0));
    }

    #[test]
    fn lives_are_bounded() {
        let mut stream = Stream::default();
        for n in 0..1_000 {
            stream.observe(SOURCE, sequence(START + 2 * n, 1));
        }
        assert_eq!((stream.lives.len(), stream.counts().restarts), (LIVES, 999));
    }

    proptest! {
        /// Against a set of all numbers that were seen.
        #[test]
        fn counts_are_those_of_a_naive_twin(
            steps in prop::collection::vec(prop_oneof![4 => Just(1_i64), 1 => -30_i64..30], 1..400),
        ) {
            let mut stream = Stream::default();
            let (mut all, mut greatest) = (BTreeSet::new(), 1_000_u64);
            let (mut late, mut repeats) = (0, 0);
            all.insert(greatest);
            seen(&mut stream, greatest);
            for step in steps {
                let number = greatest.saturating_add_signed(step).max(1);
                if !all.insert(number) {
                    repeats += 1;
                } else if number < greatest {
                    late += 1;
                }
                greatest = greatest.max(number);
                seen(&mut stream, number);
            }
            let missing = (1_000..greatest).filter(|number| !all.contains(number)).count() as u64;
            let counts = stream.counts();
            prop_assert_eq!((counts.missing, counts.late, counts.repeats, counts.old),
                (missing, late, repeats, 0));
        }
    }
}
