//! Instruments whose book a seat was told is gapped while a gap was open.
//!
//! A consumer that gets a book by refresh takes its state from there. Where that state was gapped
//! only because the channel was, nothing else tells that consumer that the gap is healed: it may
//! have joined in the middle, and its book may never change again. So the lane remembers whom it
//! told, and refreshes these books once more.

use std::cell::Cell;

/// A bit for each instrument, set while books are only read.
#[derive(Debug)]
pub struct Told {
    words: Box<[Cell<u64>]>,
    /// Bits that are set.
    count: Cell<u32>,
    /// Word that is looked at next.
    at: usize,
}

impl Told {
    /// For instruments below `slots`.
    pub fn new(slots: u32) -> Told {
        let words = vec![Cell::new(0); slots as usize / 64 + 1].into_boxed_slice();
        Told { words, count: Cell::new(0), at: 0 }
    }

    /// A seat was told.
    pub fn mark(&self, instrument: u32) {
        let Some(word) = self.words.get(instrument as usize / 64) else { return };
        let bit = 1 << (instrument % 64);
        if word.get() & bit == 0 {
            word.set(word.get() | bit);
            self.count.set(self.count.get() + 1);
        }
    }

    /// Whether none is marked.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    /// Takes one that is marked.
    pub fn take(&mut self) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        for _ in 0..=self.words.len() {
            let Some(word) = self.words.get(self.at) else {
                self.at = 0;
                continue;
            };
            let marked = word.get();
            if marked != 0 {
                word.set(marked & (marked - 1));
                self.count.set(self.count.get() - 1);
                return Some(self.at as u32 * 64 + marked.trailing_zeros());
            }
            self.at += 1;
        }
        None
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.words.iter().for_each(|word| word.set(0));
        self.count.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_wherever_it_is() {
        let mut told = Told::new(200);
        assert_eq!(told.take(), None);
        for round in 0..3 {
            let marked = [0, 63, 64, 130, 199];
            marked.iter().chain(&marked).for_each(|&instrument| told.mark(instrument));
            told.mark(300);
            let mut taken: Vec<u32> = std::iter::from_fn(|| told.take()).collect();
            taken.sort_unstable();
            assert_eq!(taken, marked, "round {round}");
            assert!(told.is_empty());
        }
        told.mark(7);
        told.clear();
        assert_eq!(told.take(), None);
    }
}
