//! A set of instruments that hands its members out in turn.

/// Bitmap with a summary level, so that finding a member of a nearly empty set over a hundred
/// thousand instruments looks at some thirty words.
#[derive(Debug)]
pub(super) struct Bits {
    words: Box<[u64]>,
    summary: Box<[u64]>,
    count: u32,
    turn: u32,
}

impl Bits {
    /// An empty set over `words * 64` instruments.
    pub(super) fn new(words: usize) -> Self {
        Bits {
            words: vec![0; words].into_boxed_slice(),
            summary: vec![0; words.div_ceil(64)].into_boxed_slice(),
            count: 0,
            turn: 0,
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    #[inline(always)]
    pub(super) fn contains(&self, index: u32) -> bool {
        let word = self.words.get(index as usize / 64).copied().unwrap_or(0);
        word >> (index % 64) & 1 != 0
    }

    /// Word `index` of the bitmap.
    #[inline(always)]
    pub(super) fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    /// Replaces word `index` of the bitmap.
    pub(super) fn set_word(&mut self, index: usize, word: u64) {
        if let Some(slot) = self.words.get_mut(index) {
            self.count = self.count - slot.count_ones() + word.count_ones();
            *slot = word;
            let bit = 1 << (index % 64);
            if let Some(summary) = self.summary.get_mut(index / 64) {
                *summary = if word == 0 { *summary & !bit } else { *summary | bit };
            }
        }
    }

    /// Adds a member; true if it is new.
    pub(super) fn insert(&mut self, index: u32) -> bool {
        let (at, bit) = (index as usize / 64, 1 << (index % 64));
        let word = self.word(at);
        if at >= self.words.len() || word & bit != 0 {
            return false;
        }
        self.set_word(at, word | bit);
        true
    }

    /// Takes a member out; true if it was one.
    pub(super) fn remove(&mut self, index: u32) -> bool {
        let (at, bit) = (index as usize / 64, 1 << (index % 64));
        let word = self.word(at);
        if word & bit == 0 {
            return false;
        }
        self.set_word(at, word & !bit);
        true
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
        self.summary.fill(0);
        self.count = 0;
    }

    /// The next member in turn; it stays a member. Each is met once before any is met again.
    pub(super) fn next_in_turn(&mut self) -> Option<u32> {
        let found = self.peek()?;
        self.turn = found.wrapping_add(1);
        Some(found)
    }

    /// The member that [`Bits::next_in_turn`] would give.
    pub(super) fn peek(&self) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        self.at_or_after(self.turn).or_else(|| self.at_or_after(0))
    }

    fn at_or_after(&self, from: u32) -> Option<u32> {
        let at = from as usize / 64;
        let here = self.word(at) & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(at as u32 * 64 + here.trailing_zeros());
        }
        let next = at + 1;
        let mut group = next / 64;
        let mut summary = self.summary.get(group)? & (u64::MAX << (next % 64));
        while summary == 0 {
            group += 1;
            summary = *self.summary.get(group)?;
        }
        let at = group * 64 + summary.trailing_zeros() as usize;
        Some(at as u32 * 64 + self.word(at).trailing_zeros())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn like_a_set_of_numbers(
            steps in prop::collection::vec((0_u32..9_000, 0_u8..8), 1..400),
        ) {
            let mut bits = Bits::new(9_000_usize.div_ceil(64));
            let mut twin = BTreeSet::new();
            let mut turn = 0;
            for (index, what) in steps {
                match what {
                    0..=3 => prop_assert_eq!(bits.insert(index), twin.insert(index)),
                    4 | 5 => prop_assert_eq!(bits.remove(index), twin.remove(&index)),
                    _ => {
                        let next = twin.range(turn..).next().or_else(|| twin.iter().next());
                        prop_assert_eq!(bits.peek(), next.copied());
                        prop_assert_eq!(bits.next_in_turn(), next.copied());
                        turn = next.map_or(turn, |found| found + 1);
                    }
                }
                prop_assert_eq!(bits.count() as usize, twin.len());
                prop_assert_eq!(bits.contains(index), twin.contains(&index));
            }
        }
    }

    #[test]
    fn what_is_outside_is_no_member() {
        let mut bits = Bits::new(2);
        assert!(!bits.insert(128) && !bits.contains(128) && !bits.remove(128));
        assert!(bits.insert(127) && bits.next_in_turn() == Some(127));
        assert_eq!(bits.next_in_turn(), Some(127));
        bits.clear();
        assert_eq!((bits.count(), bits.next_in_turn()), (0, None));
    }
}
