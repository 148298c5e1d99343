//! What a sequence number says about the one before it.
//!
//! The upper half is the second in which the publisher started, the lower half counts the
//! datagrams of the group from 1. It is one number that grows by one: a counter that runs over
//! carries into the upper half, and is long past any second in which a publisher could have been
//! started anew. So a restart is a jump of more than half a counter, and everything less is loss
//! or disorder.

/// Number of datagram `counter` (from 1) of a group, of a publisher that started at `start_s`
/// (Unix s).
#[inline]
#[must_use]
pub const fn sequence(start_s: u32, counter: u64) -> u64 {
    ((start_s as u64) << 32).wrapping_add(counter)
}

/// Unix second in which the publisher of that number started.
#[inline]
#[must_use]
pub const fn start_of(sequence: u64) -> u32 {
    (sequence >> 32) as u32
}

/// Numbers nearer than this belong to the same publisher.
const SAME_PUBLISHER: u64 = 1 << 31;

/// What a number says, given the greatest one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceStep {
    /// The one that was expected.
    Next,
    /// So many before it are missing, or come later.
    Hole(u64),
    /// Seen before, or late: so far behind the greatest; 0 is the greatest itself.
    Behind(u64),
    /// Another start: nothing can be said about what was between.
    Restart,
}

impl SequenceStep {
    /// What `now` says after `last`, the greatest number so far.
    #[inline]
    #[must_use]
    pub const fn between(last: u64, now: u64) -> SequenceStep {
        let ahead = now.wrapping_sub(last);
        if ahead == 1 {
            SequenceStep::Next
        } else if ahead != 0 && ahead < SAME_PUBLISHER {
            SequenceStep::Hole(ahead - 1)
        } else if last.wrapping_sub(now) < SAME_PUBLISHER {
            SequenceStep::Behind(last.wrapping_sub(now))
        } else {
            SequenceStep::Restart
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_and_counter_have_their_halves() {
        assert_eq!(sequence(0x5e33_8a00, 7), 0x5e33_8a00_0000_0007);
        assert_eq!(start_of(sequence(1_700_000_000, 5)), 1_700_000_000);
    }

    #[test]
    fn steps_of_one_publisher() {
        let at = |counter| sequence(1_700_000_000, counter);
        assert_eq!(SequenceStep::between(at(5), at(6)), SequenceStep::Next);
        assert_eq!(SequenceStep::between(at(5), at(9)), SequenceStep::Hole(3));
        assert_eq!(SequenceStep::between(at(5), at(5)), SequenceStep::Behind(0));
        assert_eq!(SequenceStep::between(at(5), at(2)), SequenceStep::Behind(3));
    }

    #[test]
    fn a_counter_that_runs_over_is_no_restart() {
        let last = sequence(1_700_000_000, u64::from(u32::MAX));
        let next = sequence(1_700_000_000, 1 << 32);
        assert_eq!(SequenceStep::between(last, next), SequenceStep::Next);
        assert_eq!(SequenceStep::between(last, next + 2), SequenceStep::Hole(2));
    }

    #[test]
    fn another_start_is_a_restart_in_either_direction() {
        let (old, new) = (sequence(1_700_000_000, 1_000), sequence(1_700_000_001, 1));
        assert_eq!(SequenceStep::between(old, new), SequenceStep::Restart);
        assert_eq!(SequenceStep::between(new, old), SequenceStep::Restart);
    }
}
