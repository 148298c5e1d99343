//! What a consumer asks for, and its row in the ctl memory.

use super::layout::{CTL_REQUEST, REQUEST_WORDS, bitmap_words};
use crate::claim::Claim;
use crate::lines::Lines;
use crate::seqlock;

/// What happens to a seat whose ring is full. The lane waits for nobody, with one exception.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    /// Silent until a quarter of the ring is free, then a `lost` record, then refreshes.
    #[default]
    Lose = 0,
    /// As `Lose`, but book records are not declared lost: they come back as refreshes.
    Conflate = 1,
    /// The seat is closed and says so.
    Detach = 2,
    /// The producer waits. Only where every source is a recording.
    Wait = 3,
}

impl Policy {
    /// All policies, in the order of their codes.
    pub const ALL: [Policy; 4] = [Policy::Lose, Policy::Conflate, Policy::Detach, Policy::Wait];

    /// The policy of a code found in shared memory.
    pub fn from_code(code: u8) -> Option<Policy> {
        Policy::ALL.get(usize::from(code)).copied()
    }

    /// A short name.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::Lose => "lose",
            Policy::Conflate => "conflate",
            Policy::Detach => "detach",
            Policy::Wait => "wait",
        }
    }
}

/// What a consumer wants from a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Bit c: records of class c.
    pub classes: u8,
    /// Levels a side in a refresh, 0 = all; the producer's callback gives it its meaning.
    pub depth: u16,
    /// What to do when the ring is full.
    pub policy: Policy,
    /// Every instrument, also those that come later; `bits` is then not looked at.
    pub all: bool,
    bits: Vec<u64>,
}

impl Filter {
    /// Every instrument.
    pub fn all(classes: u8) -> Filter {
        Filter { classes, all: true, ..Filter::default() }
    }

    /// These instruments, by index.
    pub fn of(classes: u8, instruments: impl IntoIterator<Item = u32>) -> Filter {
        let mut filter = Filter { classes, ..Filter::default() };
        for instrument in instruments {
            filter.insert(instrument);
        }
        filter
    }

    /// The same with another policy.
    pub fn policy(mut self, policy: Policy) -> Filter {
        self.policy = policy;
        self
    }

    /// The same with another depth.
    pub fn depth(mut self, depth: u16) -> Filter {
        self.depth = depth;
        self
    }

    /// Adds an instrument. One that the producer does not have is asked for in vain.
    pub fn insert(&mut self, instrument: u32) {
        let word = instrument as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (instrument % 64);
    }

    /// Takes an instrument out.
    pub fn remove(&mut self, instrument: u32) {
        if let Some(word) = self.bits.get_mut(instrument as usize / 64) {
            *word &= !(1 << (instrument % 64));
        }
    }

    /// Whether an instrument is wanted.
    pub fn contains(&self, instrument: u32) -> bool {
        let word = self.bits.get(instrument as usize / 64).copied().unwrap_or(0);
        self.all || word >> (instrument % 64) & 1 != 0
    }
}

/// A request without its bitmap, as read from shared memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub classes: u8,
    pub depth: u16,
    pub policy: u8,
    pub all: bool,
    pub resyncs: u64,
    pub number: u64,
}

impl Terms {
    /// Classes, policy and depth in one word, as in the status.
    pub(crate) const fn word(&self) -> u64 {
        self.classes as u64
            | (self.policy as u64) << 8
            | (self.all as u64) << 16
            | (self.depth as u64) << 32
    }
}

/// A buffer for the request row, allocated once.
#[derive(Debug)]
pub(crate) struct RequestRow {
    payload: Box<[u64]>,
    instruments: usize,
}

impl RequestRow {
    pub(crate) fn new(instruments: usize) -> Self {
        let words = REQUEST_WORDS + bitmap_words(instruments);
        RequestRow { payload: vec![0; words].into_boxed_slice(), instruments }
    }

    /// Writes a request. Returns nothing: the producer answers in the status.
    pub(crate) fn write<L: Lines>(
        &mut self,
        ctl: &L,
        claim: Claim,
        filter: &Filter,
        resyncs: u64,
        number: u64,
    ) {
        let terms = Terms {
            classes: filter.classes,
            depth: filter.depth,
            policy: filter.policy as u8,
            all: filter.all,
            resyncs,
            number,
        };
        let (head, bitmap) = self.payload.split_at_mut(REQUEST_WORDS);
        head.copy_from_slice(&[claim.word(), terms.word(), resyncs, number, 0]);
        for (index, word) in bitmap.iter_mut().enumerate() {
            *word = filter.bits.get(index).copied().unwrap_or(0);
        }
        self.payload[4] = checksum(&self.payload);
        seqlock::write(ctl, CTL_REQUEST, &self.payload);
    }

    /// Copies the row as it is. False if it is being written; not tried again here, because the
    /// lane has no time for a writer that may have died half-way.
    pub(crate) fn read<L: Lines>(&mut self, ctl: &L) -> bool {
        seqlock::try_read(ctl, CTL_REQUEST, &mut self.payload).is_some()
    }

    /// Claim word of the copy's writer.
    pub(crate) fn claim(&self) -> u64 {
        self.payload[0]
    }

    /// Number of the copy.
    pub(crate) fn number(&self) -> u64 {
        self.payload[3]
    }

    /// The terms of the copy; None if its checksum is wrong.
    pub(crate) fn terms(&self) -> Option<Terms> {
        if checksum(&self.payload) != self.payload[4] {
            return None;
        }
        let terms = self.payload[1];
        Some(Terms {
            classes: terms as u8,
            policy: (terms >> 8) as u8,
            all: (terms >> 16) as u8 != 0,
            depth: (terms >> 32) as u16,
            resyncs: self.payload[2],
            number: self.payload[3],
        })
    }

    /// Word `index` of the wanted instruments, `all` applied, bits beyond the last instrument and
    /// of index 0, which is the producer itself, cleared.
    pub(crate) fn wanted(&self, index: usize, all: bool) -> u64 {
        let asked = self.payload.get(REQUEST_WORDS + index).copied().unwrap_or(0);
        let word = if all { u64::MAX } else { asked };
        let rest = self.instruments.saturating_sub(index * 64);
        let inside = if rest >= 64 { u64::MAX } else { (1 << rest) - 1 };
        let outside = if index == 0 { !1 } else { u64::MAX };
        word & inside & outside
    }
}

/// Fold of all words but the checksum's own: not against malice, but against a mix of two rows.
fn checksum(payload: &[u64]) -> u64 {
    let mut sum = 0x9e37_79b9_7f4a_7c15_u64;
    for (index, word) in payload.iter().enumerate() {
        if index != 4 {
            sum = (sum ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29);
        }
    }
    sum
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::lines::HeapLines;
    use crate::seat::layout::ctl_lines;
    use crate::sync::Ordering;

    #[test]
    fn a_request_comes_back_and_a_changed_one_does_not() {
        let ctl = HeapLines::new(ctl_lines(130));
        let claim = Claim::new(5, 9).expect("a claim");
        let filter = Filter::of(0b101, [0, 1, 64, 129, 130, 500]).policy(Policy::Detach).depth(20);
        let (mut mine, mut theirs) = (RequestRow::new(130), RequestRow::new(130));
        mine.write(&ctl, claim, &filter, 3, 4);
        assert!(theirs.read(&ctl));
        let terms = theirs.terms().expect("a whole request");
        let (classes, depth) = (0b101, 20);
        let expected = Terms { classes, depth, policy: 2, all: false, resyncs: 3, number: 4 };
        assert_eq!((terms, theirs.claim(), theirs.number()), (expected, claim.word(), 4));
        let wanted: Vec<u64> = (0..4).map(|word| theirs.wanted(word, false)).collect();
        assert_eq!(wanted, [0b10, 0b1, 0b10, 0]);
        let all: Vec<u64> = (0..4).map(|word| theirs.wanted(word, true)).collect();
        assert_eq!(all, [u64::MAX - 1, u64::MAX, 0b11, 0]);
        for word in 1..8 {
            let at = &ctl.line(CTL_REQUEST)[word];
            let right = at.load(Ordering::Relaxed);
            at.store(right ^ 1 << 40, Ordering::Relaxed);
            assert!(theirs.read(&ctl));
            assert_eq!(theirs.terms(), None, "word {word}");
            at.store(right, Ordering::Relaxed);
        }
    }
}
