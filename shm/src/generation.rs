//! Which life of a producer wrote a region, and whether its contents may be believed.
//!
//! A consumer that maps a region may come before the producer has filled it, after it closed it,
//! or may still hold it while a new producer begins again. One word tells them apart, state and
//! number together so that no reader sees the state of one generation with the number of another.
//! It works like a seqlock whose version is the generation: observe `Ready(g)`, read, and what was
//! read belongs to `g` if [`still`] says so. Whether the owner of a `Ready` generation lives is
//! not decided here but by its lock.
//!
//! | word of the line | |
//! |--|--|
//! | 0 | generation << 8 \| state: 0 absent, 1 initialising, 2 ready, 3 closed |
//! | 1 | pid of the owner |
//! | 2..7 | not used here |

use crate::lines::Lines;
use crate::order;
use crate::sync::Ordering;

const ABSENT: u64 = 0;
const INITIALISING: u64 = 1;
const READY: u64 = 2;
const CLOSED: u64 = 3;

const WORD: usize = 0;
const PID: usize = 1;

/// Largest generation number: it shares its word with the state.
pub const MAX_GENERATION: u64 = u64::MAX >> 8;

/// What a reader sees of a region's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Nobody has begun yet.
    Absent,
    /// The producer of this generation is filling the region.
    Initialising(u64),
    /// The region is complete. The owner may have died since: ask its lock.
    Ready(u64),
    /// The producer ended in order.
    Closed(u64),
    /// No state of this version: the word as found.
    Invalid(u64),
}

const fn pack(generation: u64, state: u64) -> u64 {
    generation << 8 | state
}

/// Begins generation `generation` in the line `line`, before the first byte of the body is
/// written. The number must differ from the one found there; [`next_after`] gives it.
///
/// # Panics
/// If `generation` is 0 or above [`MAX_GENERATION`], or `line` is outside of the region.
pub fn begin<L: Lines>(lines: &L, line: usize, generation: u64, pid: u32) {
    assert!(generation != 0 && generation <= MAX_GENERATION, "generation {generation}");
    let words = lines.line(line);
    // Partner: the load of `still`, through the fence.
    words[WORD].store(pack(generation, INITIALISING), Ordering::Relaxed);
    order::GENERATION_BEGIN.fence();
    // Partner: the load of `owner`; published by `ready`.
    words[PID].store(u64::from(pid), Ordering::Relaxed);
}

/// Declares the region complete.
///
/// # Panics
/// If `line` is outside of the region.
pub fn ready<L: Lines>(lines: &L, line: usize, generation: u64) {
    lines.line(line)[WORD].store(pack(generation, READY), order::GENERATION_READY.get());
}

/// Declares that the producer ended in order. What the region holds stays readable.
///
/// # Panics
/// If `line` is outside of the region.
pub fn close<L: Lines>(lines: &L, line: usize, generation: u64) {
    // As `ready`: a reader that comes late may read the last state of the body.
    lines.line(line)[WORD].store(pack(generation, CLOSED), order::GENERATION_READY.get());
}

/// What the region is now. Acquires the body on `Ready` and `Closed`.
///
/// # Panics
/// If `line` is outside of the region.
#[inline]
pub fn observe<L: Lines>(lines: &L, line: usize) -> Observed {
    let word = lines.line(line)[WORD].load(order::GENERATION_OBSERVE.get());
    let generation = word >> 8;
    match word & 0xff {
        ABSENT if word == 0 => Observed::Absent,
        INITIALISING => Observed::Initialising(generation),
        READY => Observed::Ready(generation),
        CLOSED => Observed::Closed(generation),
        _ => Observed::Invalid(word),
    }
}

/// Whether everything read before this call belongs to generation `generation`: it is still the
/// ready or closed one.
///
/// # Panics
/// If `line` is outside of the region.
#[inline]
pub fn still<L: Lines>(lines: &L, line: usize, generation: u64) -> bool {
    order::GENERATION_STILL.fence();
    // Partner: the store of `begin`, through the fences.
    let word = lines.line(line)[WORD].load(Ordering::Relaxed);
    word == pack(generation, READY) || word == pack(generation, CLOSED)
}

/// Pid of the owner, after `observe` has said `Ready` or `Closed`.
///
/// # Panics
/// If `line` is outside of the region.
pub fn owner<L: Lines>(lines: &L, line: usize) -> u32 {
    // Partner: the store of `begin`; ordered by `observe`. The low half is the pid.
    lines.line(line)[PID].load(Ordering::Relaxed) as u32
}

/// The number for the generation that follows what was observed.
pub const fn next_after(observed: Observed) -> u64 {
    match observed {
        Observed::Absent | Observed::Invalid(_) => 1,
        Observed::Initialising(g) | Observed::Ready(g) | Observed::Closed(g) => {
            if g >= MAX_GENERATION { 1 } else { g + 1 }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::lines::HeapLines;

    #[test]
    fn a_life_in_order_and_the_next() {
        let lines = HeapLines::new(2);
        assert_eq!(observe(&lines, 1), Observed::Absent);
        let first = next_after(observe(&lines, 1));
        begin(&lines, 1, first, 77);
        assert_eq!(observe(&lines, 1), Observed::Initialising(1));
        assert!(!still(&lines, 1, 1));
        ready(&lines, 1, first);
        assert_eq!(observe(&lines, 1), Observed::Ready(1));
        assert!(still(&lines, 1, 1) && owner(&lines, 1) == 77);
        close(&lines, 1, first);
        assert_eq!(observe(&lines, 1), Observed::Closed(1));
        assert!(still(&lines, 1, 1));
        let second = next_after(observe(&lines, 1));
        begin(&lines, 1, second, 78);
        assert!(!still(&lines, 1, 1));
        ready(&lines, 1, second);
        assert_eq!(observe(&lines, 1), Observed::Ready(2));
    }

    #[test]
    fn rubbish_is_named() {
        let lines = HeapLines::new(1);
        for word in [4, 0xff, 1 << 8, u64::MAX] {
            lines.line(0)[0].store(word, Ordering::Relaxed);
            assert_eq!(observe(&lines, 0), Observed::Invalid(word));
        }
        assert_eq!(next_after(Observed::Ready(MAX_GENERATION)), 1);
    }
}
