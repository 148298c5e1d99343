//! The two bytes that say how far a record can be trusted and where it came from.
//!
//! `quality` (offset 2)
//!
//! | bits | meaning |
//! |---|---|
//! | 0-2 | state of the instrument's book: 0 none, 1 building, 2 live, 3 stale, 4 gapped |
//! | 3-4 | nature: 0 live, 1 recorded, 2 simulated |
//! | 5 | last record of its class of a venue event |
//! | 6 | part of a snapshot or refresh |
//! | 7 | side: 0 bid or buy, 1 ask or sell |
//!
//! `origin` (offset 3)
//!
//! | bits | meaning |
//! |---|---|
//! | 0-3 | line: 0 none, 1 A, 2 B, ... |
//! | 4-5 | path: 0 live, 1 retransmission, 2 venue snapshot, 3 handler |
//! | 6-7 | `ts_receive` taken by: 0 poll, 1 kernel, 2 NIC, 3 recording |

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Declares a small enumeration with its numbers, names and the way back from a number.
macro_rules! small_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $value),+ }

        impl $name {
            /// Every value, in order of its number.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Name in tables and JSON.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The value with that number.
            #[inline]
            pub const fn from_bits(bits: u8) -> Option<$name> {
                match bits { $($value => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use small_enum;

small_enum! {
    /// State of an instrument's book, as a record or an image tells it.
    BookState {
        /// The record has no book, or the venue sends none.
        None = 0 "none",
        /// Being built; not yet proven complete.
        Building = 1 "building",
        /// Proven equal to the venue's book.
        Live = 2 "live",
        /// Complete once, but its source has gone quiet.
        Stale = 3 "stale",
        /// Something is missing from it.
        Gapped = 4 "gapped",
    }
}

small_enum! {
    /// Where the market data itself comes from.
    Nature {
        /// A production feed, received now.
        Live = 0 "live",
        /// A recording of a real feed.
        Recorded = 1 "recorded",
        /// Made by a simulator or generator.
        Simulated = 2 "simulated",
    }
}

small_enum! {
    /// Side of an order, a level or a trade's resting order.
    Side {
        /// Bid, buy.
        Bid = 0 "bid",
        /// Ask, sell.
        Ask = 1 "ask",
    }
}

small_enum! {
    /// By which path a record came.
    Path {
        /// The live line.
        Live = 0 "live",
        /// A retransmission asked for by recovery.
        Retransmission = 1 "retransmission",
        /// A snapshot of the venue.
        Snapshot = 2 "snapshot",
        /// The handler itself: states, gaps, refreshes.
        Handler = 3 "handler",
    }
}

small_enum! {
    /// Who took `ts_receive`.
    StampBy {
        /// Our poll loop, after the packet was in memory.
        Poll = 0 "poll",
        /// The kernel.
        Kernel = 1 "kernel",
        /// The network card.
        Nic = 2 "nic",
        /// The recording that is being replayed.
        Recording = 3 "recording",
    }
}

impl Side {
    /// The other side.
    #[inline(always)]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Bid => Side::Ask,
            Side::Ask => Side::Bid,
        }
    }
}

/// Byte 2 of a record. See the module's table.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Debug,
)]
#[repr(transparent)]
pub struct Quality(pub u8);

impl Quality {
    /// Bits of the nature, which two runs over the same data may differ in.
    pub const NATURE_MASK: u8 = 0b0001_1000;
    const END_OF_EVENT: u8 = 1 << 5;
    const SNAPSHOT: u8 = 1 << 6;
    const SIDE: u8 = 1 << 7;

    /// A book state and a nature; no other bit set.
    #[inline(always)]
    pub const fn new(state: BookState, nature: Nature) -> Quality {
        Quality(state as u8 | (nature as u8) << 3)
    }

    /// The same with the side set.
    #[inline(always)]
    #[must_use]
    pub const fn side(self, side: Side) -> Quality {
        Quality((self.0 & !Self::SIDE) | ((side as u8) << 7))
    }

    /// The same, marked last of its venue event.
    #[inline(always)]
    #[must_use]
    pub const fn end_of_event(self) -> Quality {
        Quality(self.0 | Self::END_OF_EVENT)
    }

    /// The same, not marked last of its venue event.
    #[inline(always)]
    #[must_use]
    pub const fn within_event(self) -> Quality {
        Quality(self.0 & !Self::END_OF_EVENT)
    }

    /// The same, marked part of a snapshot or refresh.
    #[inline(always)]
    #[must_use]
    pub const fn snapshot(self) -> Quality {
        Quality(self.0 | Self::SNAPSHOT)
    }

    /// State of the book; `None` for the three numbers that mean nothing.
    #[inline]
    pub const fn state(self) -> Option<BookState> {
        BookState::from_bits(self.0 & 0b111)
    }

    /// Nature; `None` for the number that means nothing.
    #[inline]
    pub const fn nature(self) -> Option<Nature> {
        Nature::from_bits((self.0 & Self::NATURE_MASK) >> 3)
    }

    /// Side.
    #[inline(always)]
    pub const fn get_side(self) -> Side {
        if self.0 & Self::SIDE == 0 { Side::Bid } else { Side::Ask }
    }

    /// Whether this is the last record of its venue event.
    #[inline(always)]
    pub const fn is_end_of_event(self) -> bool {
        self.0 & Self::END_OF_EVENT != 0
    }

    /// Whether this belongs to a snapshot or refresh.
    #[inline(always)]
    pub const fn is_snapshot(self) -> bool {
        self.0 & Self::SNAPSHOT != 0
    }
}

/// Byte 3 of a record. See the module's table.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Debug,
)]
#[repr(transparent)]
pub struct Origin(pub u8);

impl Origin {
    /// Line 0 (none) to 15, a path and the taker of the receive stamp. A line above 15 is cut.
    #[inline(always)]
    pub const fn new(line: u8, path: Path, stamp: StampBy) -> Origin {
        Origin((line & 0x0f) | (path as u8) << 4 | (stamp as u8) << 6)
    }

    /// Line: 0 none, 1 A, 2 B, ...
    #[inline(always)]
    pub const fn line(self) -> u8 {
        self.0 & 0x0f
    }

    /// Path.
    #[inline]
    pub const fn path(self) -> Path {
        match (self.0 >> 4) & 0b11 {
            0 => Path::Live,
            1 => Path::Retransmission,
            2 => Path::Snapshot,
            _ => Path::Handler,
        }
    }

    /// Who took `ts_receive`.
    #[inline]
    pub const fn stamp(self) -> StampBy {
        match self.0 >> 6 {
            0 => StampBy::Poll,
            1 => StampBy::Kernel,
            2 => StampBy::Nic,
            _ => StampBy::Recording,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bit positions of design.md, written out by hand.
    #[test]
    fn quality_bits_are_those_of_the_design() {
        let q = Quality::new(BookState::Gapped, Nature::Simulated);
        assert_eq!(q.0, 0b0001_0100);
        assert_eq!(q.side(Side::Ask).end_of_event().snapshot().0, 0b1111_0100);
        assert_eq!(Quality(0b0000_0111).state(), None);
        assert_eq!(Quality(0b0001_1000).nature(), None);
        assert_eq!(q.side(Side::Ask).side(Side::Bid).get_side(), Side::Bid);
    }

    #[test]
    fn origin_bits_are_those_of_the_design() {
        let o = Origin::new(2, Path::Handler, StampBy::Recording);
        assert_eq!(o.0, 0b1111_0010);
        assert_eq!((o.line(), o.path(), o.stamp()), (2, Path::Handler, StampBy::Recording));
    }

    #[test]
    fn every_combination_survives_a_round_trip() {
        for &state in BookState::ALL {
            for &nature in Nature::ALL {
                for &side in Side::ALL {
                    let q = Quality::new(state, nature).side(side);
                    assert_eq!(
                        (q.state(), q.nature(), q.get_side()),
                        (Some(state), Some(nature), side)
                    );
                    assert!(!q.is_end_of_event() && !q.is_snapshot());
                    assert!(q.end_of_event().is_end_of_event() && q.snapshot().is_snapshot());
                }
            }
        }
        for line in 0..16 {
            for &path in Path::ALL {
                for &stamp in StampBy::ALL {
                    let o = Origin::new(line, path, stamp);
                    assert_eq!((o.line(), o.path(), o.stamp()), (line, path, stamp));
                }
            }
        }
    }
}
