//! Byte 25 of the header: what the items are and how many there are.
//!
//! | bits | field | |
//! |--|--|--|
//! | 7 | is_last | last of what belongs together: of one side of a book, of one venue event |
//! | 6-4 | type | [`PacketType`]; 0 is none |
//! | 3 | is_bid | of a book: the bid side; of everything else 0 |
//! | 2-0 | count | items, at most 7 |
//!
//! A book with count 0 says that the side is empty; every other type has at least one item, and
//! a definition or heartbeat has exactly one.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::quality::{Side, small_enum};

/// Greatest number of items in a datagram.
pub const MAX_ITEMS: usize = 7;

small_enum! {
    /// What the items of a datagram are: bits 6-4.
    PacketType {
        /// Trades, every one, in order.
        Trade = 1 "trade",
        /// The whole top N of one side of a book.
        Book = 2 "book",
        /// State of a book or of trading.
        Status = 3 "status",
        /// What an instrument is.
        Definition = 4 "definition",
        /// The publisher is alive.
        Heartbeat = 5 "heartbeat",
        /// Single orders.
        OrderEvent = 6 "order_event",
        /// Records as they are in shared memory.
        Record = 7 "record",
    }
}

small_enum! {
    /// Side of a trade or an order in an item: the numbers that `is_bid` has, not those of
    /// [`Side`], because the readers of this header know only these.
    TradeSide {
        /// The seller was the aggressor; an order to sell.
        Sell = 0 "sell",
        /// The buyer was the aggressor; an order to buy.
        Buy = 1 "buy",
        /// The venue does not say who was the aggressor; never in an order.
        Unknown = 2 "unknown",
    }
}

impl TradeSide {
    /// The number that an order of that side has.
    #[inline]
    #[must_use]
    pub const fn of(side: Side) -> TradeSide {
        match side {
            Side::Bid => TradeSide::Buy,
            Side::Ask => TradeSide::Sell,
        }
    }
}

impl PacketType {
    /// Bytes of one item.
    #[must_use]
    pub const fn item_bytes(self) -> usize {
        match self {
            PacketType::Trade => size_of::<super::TradeItem>(),
            PacketType::Book => size_of::<super::BookItem>(),
            PacketType::Status => size_of::<super::StatusItem>(),
            PacketType::Definition => size_of::<super::DefinitionItem>(),
            PacketType::Heartbeat => size_of::<super::HeartbeatItem>(),
            PacketType::OrderEvent => size_of::<super::OrderItem>(),
            PacketType::Record => size_of::<super::RecordItem>(),
        }
    }

    /// Least and greatest number of items.
    #[must_use]
    pub const fn counts(self) -> (usize, usize) {
        match self {
            PacketType::Book => (0, MAX_ITEMS),
            PacketType::Definition | PacketType::Heartbeat => (1, 1),
            _ => (1, MAX_ITEMS),
        }
    }

    /// Whether the symbol may be empty: what concerns a whole exchange has none.
    #[must_use]
    pub const fn may_be_nameless(self) -> bool {
        matches!(self, PacketType::Status | PacketType::Heartbeat | PacketType::Record)
    }
}

/// Byte 25 of the header. See the module's table.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    Unaligned,
)]
#[repr(transparent)]
pub struct Flags(pub u8);

impl Flags {
    const LAST: u8 = 1 << 7;
    const BID: u8 = 1 << 3;

    /// A type and a number of items; a count above [`MAX_ITEMS`] is cut to it.
    #[must_use]
    pub const fn new(packet: PacketType, count: usize) -> Flags {
        let count = if count > MAX_ITEMS { MAX_ITEMS } else { count };
        Flags((packet as u8) << 4 | count as u8)
    }

    /// The same with `is_last` as given.
    #[must_use]
    pub const fn last(self, is_last: bool) -> Flags {
        Flags(if is_last { self.0 | Self::LAST } else { self.0 & !Self::LAST })
    }

    /// The same with `is_bid` as given.
    #[must_use]
    pub const fn bid(self, is_bid: bool) -> Flags {
        Flags(if is_bid { self.0 | Self::BID } else { self.0 & !Self::BID })
    }

    /// Type; `None` for the number that means nothing.
    #[inline]
    #[must_use]
    pub const fn packet(self) -> Option<PacketType> {
        PacketType::from_bits((self.0 >> 4) & 0b111)
    }

    /// Number of items.
    #[inline]
    #[must_use]
    pub const fn count(self) -> usize {
        (self.0 & 0b111) as usize
    }

    /// Whether it is the last datagram of what belongs together.
    #[inline]
    #[must_use]
    pub const fn is_last(self) -> bool {
        self.0 & Self::LAST != 0
    }

    /// Whether the items are the bid side of a book.
    #[inline]
    #[must_use]
    pub const fn is_bid(self) -> bool {
        self.0 & Self::BID != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bit positions of the design, written out by hand.
    #[test]
    fn bits_are_where_the_design_has_them() {
        let flags = Flags::new(PacketType::Book, 5).last(true).bid(true);
        assert_eq!(flags.0, 0b1010_1101);
        assert_eq!(Flags::new(PacketType::Record, 7).0, 0b0111_0111);
        assert_eq!(flags.last(false).bid(false).0, 0b0010_0101);
        assert_eq!(Flags(0b0000_0001).packet(), None);
        assert_eq!(Flags::new(PacketType::Trade, 9).count(), MAX_ITEMS);
    }

    #[test]
    fn every_byte_is_read_as_it_is_written() {
        for byte in 0..=u8::MAX {
            let flags = Flags(byte);
            let Some(packet) = flags.packet() else {
                assert_eq!(byte & 0b0111_0000, 0);
                continue;
            };
            let made = Flags::new(packet, flags.count()).last(flags.is_last()).bid(flags.is_bid());
            assert_eq!(made, flags);
        }
    }
}
