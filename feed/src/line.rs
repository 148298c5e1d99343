//! Sequence numbers of a channel: what is new, what is a copy, what is missing.
//!
//! The rule for a packet `(first, count)` when `expected` comes next:
//!
//! | | verdict |
//! |---|---|
//! | `first == expected` | all of it is new |
//! | `first + count <= expected` | a copy |
//! | `first < expected < first + count` | the first `expected - first` messages are copies |
//! | `first > expected` | `[expected, first)` is missing |
//!
//! A heartbeat is a packet of no messages, so it shows the loss of the last packets of a burst.

/// Verdict on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take the messages behind the first `skip`; nothing is missing before them.
    InOrder {
        /// Messages of the packet that are copies.
        skip: u16,
    },
    /// `[missing_from, first)` is missing; then all of the packet is new.
    Ahead {
        /// First missing number.
        missing_from: u64,
    },
    /// A copy of what has been taken already.
    Copy,
}

/// Sequence numbers of one channel.
#[derive(Clone, Copy, Debug)]
pub struct Sequencer {
    expected: u64,
}

impl Sequencer {
    /// A channel of which `first` comes next.
    pub const fn new(first: u64) -> Sequencer {
        Sequencer { expected: first }
    }

    /// The number that comes next.
    #[inline(always)]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// Takes a packet into account: after this, its last number has been seen.
    #[inline]
    pub fn take(&mut self, first: u64, count: u16) -> Verdict {
        let expected = self.expected;
        let next = first.saturating_add(u64::from(count));
        if first == expected {
            self.expected = next;
            return Verdict::InOrder { skip: 0 };
        }
        if first > expected {
            self.expected = next;
            return Verdict::Ahead { missing_from: expected };
        }
        if next <= expected {
            return Verdict::Copy;
        }
        self.expected = next;
        // next > expected > first and next - first is a u16, so the difference is one too.
        Verdict::InOrder { skip: (expected - first) as u16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_four_cases() {
        let mut s = Sequencer::new(1);
        assert_eq!(s.take(1, 3), Verdict::InOrder { skip: 0 });
        assert_eq!(s.take(1, 3), Verdict::Copy);
        assert_eq!(s.take(2, 4), Verdict::InOrder { skip: 2 });
        assert_eq!(s.take(10, 1), Verdict::Ahead { missing_from: 6 });
        assert_eq!(s.expected(), 11);
    }

    #[test]
    fn a_heartbeat_shows_tail_loss_and_repeats_nothing() {
        let mut s = Sequencer::new(5);
        assert_eq!(s.take(5, 0), Verdict::InOrder { skip: 0 });
        assert_eq!(s.take(9, 0), Verdict::Ahead { missing_from: 5 });
        assert_eq!(s.take(9, 0), Verdict::InOrder { skip: 0 });
        assert_eq!(s.take(3, 0), Verdict::Copy);
    }

    #[test]
    fn the_last_number_there_is_does_not_wrap() {
        let mut s = Sequencer::new(1);
        assert_eq!(s.take(u64::MAX - 1, 1), Verdict::Ahead { missing_from: 1 });
        assert_eq!(s.expected(), u64::MAX);
        assert_eq!(s.take(u64::MAX, 7), Verdict::InOrder { skip: 0 });
        assert_eq!(s.expected(), u64::MAX);
    }

    proptest::proptest! {
        /// Against a set of numbers: taken, declared missing, nothing twice, nothing forgotten.
        #[test]
        fn every_number_is_taken_once_or_declared_missing(
            packets in proptest::collection::vec((1u64..60, 0u16..8), 1..60)
        ) {
            let mut s = Sequencer::new(1);
            let (mut taken, mut missing) = (BTreeSet::new(), BTreeSet::new());
            for (first, count) in packets {
                let end = first + u64::from(count);
                match s.take(first, count) {
                    Verdict::InOrder { skip } => {
                        for n in first + u64::from(skip)..end {
                            proptest::prop_assert!(taken.insert(n));
                        }
                    }
                    Verdict::Ahead { missing_from } => {
                        missing.extend(missing_from..first);
                        for n in first..end {
                            proptest::prop_assert!(taken.insert(n));
                        }
                    }
                    Verdict::Copy => {
                        for n in first..end {
                            proptest::prop_assert!(taken.contains(&n) || missing.contains(&n));
                        }
                    }
                }
                proptest::prop_assert!(taken.is_disjoint(&missing));
                proptest::prop_assert_eq!(taken.len() + missing.len(), s.expected() as usize - 1);
            }
        }
    }
}
