//! Who holds a seat: one word that consumers race for, and a bell.
//!
//! A seat must never have two consumers, a consumer that ends must be able to give its seat back
//! without the producer, and a consumer that was believed dead must not free the seat of its
//! successor. So the claim is one word with the holder's pid and a number of its choice, changed
//! only by compare-and-exchange: from free to one's own claim, and from one's own claim to free.
//! Whether a holder is dead is not decided here; who knows it hands the claim in.
//!
//! The bell is how a consumer tells the producer that anything changed (claim, request): the
//! producer compares one word per seat and poll, and looks at the rest only if it moved.
//!
//! | word of the line | |
//! |--|--|
//! | 0 | claim: pid << 32 \| nonce; 0 = free |
//! | 1 | bell: counts changes |

use crate::lines::Lines;
use crate::order;
use crate::sync::Ordering;
use thiserror::Error;

const CLAIM: usize = 0;
const BELL: usize = 1;

/// A holder of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim(u64);

impl Claim {
    /// The claim of process `pid`; `nonce` tells this claim from others of the same pid, so take
    /// it from a counter or a random source. None if either is 0.
    pub const fn new(pid: u32, nonce: u32) -> Option<Claim> {
        if pid == 0 || nonce == 0 { None } else { Some(Claim((pid as u64) << 32 | nonce as u64)) }
    }

    /// The claim in a word as found in shared memory; None if it is free.
    pub const fn from_word(word: u64) -> Option<Claim> {
        if word == 0 { None } else { Some(Claim(word)) }
    }

    /// The word.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Process that claims to hold the seat.
    pub const fn pid(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// The seat is held by another consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("seat is held by process {pid}: choose another seat, or end that process")]
pub struct Taken {
    /// Process that holds it.
    pub pid: u32,
}

/// Claims the seat, or says who holds it.
///
/// # Errors
/// [`Taken`] by another claim.
pub fn take<L: Lines>(ctl: &L, line: usize, claim: Claim) -> Result<(), Taken> {
    let word = &ctl.line(line)[CLAIM];
    // Failure is relaxed: the pid found is only reported.
    word.compare_exchange(0, claim.0, order::CLAIM_TAKE.get(), Ordering::Relaxed)
        .map(|_| ())
        .map_err(|found| Taken { pid: Claim(found).pid() })
}

/// Gives the seat back; false if the claim is not (any more) the one in force.
pub fn give<L: Lines>(ctl: &L, line: usize, claim: Claim) -> bool {
    let word = &ctl.line(line)[CLAIM];
    // Failure is relaxed: nothing is done then.
    let given = word.compare_exchange(claim.0, 0, order::CLAIM_GIVE.get(), Ordering::Relaxed);
    ring_bell(ctl, line);
    given.is_ok()
}

/// Frees the seat of a holder that is known to be dead; false if that claim is not in force.
pub fn take_over<L: Lines>(ctl: &L, line: usize, dead: Claim) -> bool {
    let word = &ctl.line(line)[CLAIM];
    // Failure is relaxed: nothing is done then.
    word.compare_exchange(dead.0, 0, order::CLAIM_TAKE_OVER.get(), Ordering::Relaxed).is_ok()
}

/// Who holds the seat now, for whoever only wants to know.
#[inline]
pub fn holder<L: Lines>(ctl: &L, line: usize) -> Option<Claim> {
    // Only a number: what the holder wrote is read with the request's own ordering.
    Claim::from_word(ctl.line(line)[CLAIM].load(Ordering::Relaxed))
}

/// Tells the producer that something changed.
#[inline]
pub fn ring_bell<L: Lines>(ctl: &L, line: usize) {
    ctl.line(line)[BELL].fetch_add(1, order::BELL_RING.get());
}

/// The count of changes so far.
#[inline(always)]
pub fn hear_bell<L: Lines>(ctl: &L, line: usize) -> u64 {
    ctl.line(line)[BELL].load(order::BELL_HEAR.get())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::lines::HeapLines;

    #[test]
    fn only_the_holder_or_its_heir_frees_a_seat() {
        let ctl = HeapLines::new(1);
        let (a, b) = (Claim::new(10, 1).expect("a claim"), Claim::new(20, 1).expect("a claim"));
        assert!(Claim::new(0, 1).is_none() && Claim::new(1, 0).is_none());
        assert_eq!(holder(&ctl, 0), None);
        assert_eq!(take(&ctl, 0, a), Ok(()));
        assert_eq!(take(&ctl, 0, b), Err(Taken { pid: 10 }));
        assert_eq!(holder(&ctl, 0), Some(a));
        assert!(!give(&ctl, 0, b) && holder(&ctl, 0) == Some(a));
        assert!(!take_over(&ctl, 0, b) && take_over(&ctl, 0, a));
        assert_eq!(take(&ctl, 0, b), Ok(()));
        assert!(!give(&ctl, 0, a), "a dead consumer that wakes up frees nobody's seat");
        let before = hear_bell(&ctl, 0);
        assert!(give(&ctl, 0, b));
        assert_eq!(hear_bell(&ctl, 0), before + 1);
    }
}
