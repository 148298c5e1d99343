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
}

impl Told {
    /// For instruments below `slots`.
    pub fn new(slots: u32) -> Told {
        Told { words: vec![Cell::new(0); slots as usize / 64 + 1].into_boxed_slice() }
    }

    /// A seat was told.
    pub fn mark(&self, instrument: u32) {
        if let Some(word) = self.words.get(instrument as usize / 64) {
            word.set(word.get() | 1 << (instrument % 64));
        }
    }

    /// Takes all that are marked, in order.
    pub fn take(&mut self, mut each: impl FnMut(u32)) {
        for (at, word) in (0u32..).zip(&*self.words) {
            let mut marked = word.take();
            while marked != 0 {
                each(at * 64 + marked.trailing_zeros());
                marked &= marked - 1;
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.words.iter().for_each(|word| word.set(0));
    }
}
