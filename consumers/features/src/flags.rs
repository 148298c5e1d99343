//! Bits that say how far an output can be believed: the `flags` word of a `feature` record.
//!
//! A value that is not defined is NaN (an integer: 0) *and* has the bit that says why. Consumers
//! test bits, not NaN.

/// Not enough has been seen yet: no snapshot, no quote at the lagged time.
pub const WARMUP: u32 = 1;
/// The source has gone quiet or is not connected.
pub const STALE: u32 = 2;
/// Something is missing from what the value is made of.
pub const GAP: u32 = 4;
/// The best bid is above the best ask.
pub const CROSSED: u32 = 8;
/// The best bid is the best ask: valid, with a spread of 0.
pub const LOCKED: u32 = 16;
/// A side of the book has no level.
pub const ONE_SIDED: u32 = 32;
/// A window had more entries than room: its far edge is coarser than it should be.
pub const TRUNCATED: u32 = 64;
/// The venue sends no time where one was needed.
pub const CLOCK: u32 = 128;
/// The window is not covered whole.
pub const PARTIAL: u32 = 256;
/// Inferred, not observed.
pub const ESTIMATED: u32 = 512;
/// A denominator is zero, or a number that the formula needs is not known.
pub const UNDEF: u32 = 1024;
/// The message came later than one of a later receive time.
pub const LATE: u32 = 2048;
/// The venue has since taken back something that is in the window.
pub const REVISED: u32 = 4096;
/// The input deviates so far that it is doubted.
pub const OUTLIER: u32 = 8192;
/// The session is not in continuous trading.
pub const AUCTION: u32 = 16384;

/// Every bit with its name, in order.
pub const NAMES: [(u32, &str); 15] = [
    (WARMUP, "WARMUP"),
    (STALE, "STALE"),
    (GAP, "GAP"),
    (CROSSED, "CROSSED"),
    (LOCKED, "LOCKED"),
    (ONE_SIDED, "ONE_SIDED"),
    (TRUNCATED, "TRUNCATED"),
    (CLOCK, "CLOCK"),
    (PARTIAL, "PARTIAL"),
    (ESTIMATED, "ESTIMATED"),
    (UNDEF, "UNDEF"),
    (LATE, "LATE"),
    (REVISED, "REVISED"),
    (OUTLIER, "OUTLIER"),
    (AUCTION, "AUCTION"),
];

/// Names of the bits that are set, joined by `|`.
pub fn names(flags: u32) -> String {
    let set = NAMES.iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the specification, written out by hand.
    #[test]
    fn bits_are_those_of_the_specification() {
        for (at, (bit, _)) in NAMES.iter().enumerate() {
            assert_eq!(*bit, 1 << at);
        }
        assert_eq!((PARTIAL, ESTIMATED, AUCTION), (256, 512, 16_384));
        assert_eq!(names(GAP | UNDEF), "GAP|UNDEF");
    }
}
