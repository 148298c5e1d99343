//! Header and items as one table: structs, compile-time offset checks, docs/WIRE.md and the C
//! header are all made from it.
//!
//! Everything is big-endian and without alignment, for readers on any machine, but for the
//! record, which stays as it is in memory so that publishing one costs a copy. Prices and
//! quantities are multiples of 10^-8 in trades, books, status bands and orders;
//! [`crate::NONE`] where there is none. A definition has them in the instrument's own exponents,
//! which it names.

use std::mem::{offset_of, size_of};

use zerocopy::big_endian::{I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::flags::Flags;

/// One field of a layout.
#[derive(Clone, Copy, Debug)]
pub struct LayoutField {
    /// Name.
    pub name: &'static str,
    /// Type as the documentation shows it: `u64`, `i64`, `[u8; 20]`, ...
    pub ty: &'static str,
    /// Offset from the start of the header or item.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
    /// What it means, with its unit.
    pub about: &'static str,
}

/// The header or one item with its fields, padding included.
#[derive(Clone, Copy, Debug)]
pub struct LayoutInfo {
    /// Name of the Rust struct.
    pub struct_name: &'static str,
    /// Name in the C header and the documentation.
    pub name: &'static str,
    /// Size in bytes.
    pub bytes: usize,
    /// Fields in order of their offset.
    pub fields: &'static [LayoutField],
}

macro_rules! layouts {
    ($(
        $(#[$doc:meta])*
        $name:ident $text:literal $bytes:literal {
            $( $field:ident : $ty:ty = $shown:literal, $offset:literal, $about:literal; )*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
            #[repr(C)]
            pub struct $name { $( #[doc = $about] pub $field: $ty, )* }

            const _: () = {
                assert!(align_of::<$name>() == 1);
                assert!(size_of::<$name>() == $bytes, concat!($text, " has another size"));
                $( assert!(
                    offset_of!($name, $field) == $offset,
                    concat!($text, ".", stringify!($field), " is not at its offset")
                ); )*
            };

            impl $name {
                /// Every byte zero.
                pub const ZERO: $name = zerocopy::transmute!([0_u8; $bytes]);
            }
        )*

        /// Header and items, in order of their packet type.
        pub const LAYOUTS: &[LayoutInfo] = &[$( LayoutInfo {
            struct_name: stringify!($name),
            name: $text,
            bytes: $bytes,
            fields: &[$( LayoutField {
                name: stringify!($field),
                ty: $shown,
                offset: $offset,
                size: size_of::<$ty>(),
                about: $about,
            } ),*],
        } ),*];
    };
}

layouts! {
    /// The first 66 bytes of every datagram.
    DatagramHeader "header" 66 {
        protocol_version: u8 = "u8", 0, "1.";
        sequence_number: U64 = "u64", 1, "Publisher start, Unix s, << 32 | counter of the group.";
        exchange_timestamp: U64 = "u64", 9, "When the venue says it happened, Unix ns; 0 unsaid.";
        local_timestamp: U64 = "u64", 17, "When the datagram was sent, Unix ns.";
        flags_and_count: Flags = "u8", 25, "Bit 7 is_last, 6-4 type, 3 is_bid, 2-0 count.";
        symbol: [u8; 20] = "[u8; 20]", 26, "ASCII, NUL-padded, at most 19 characters.";
        exchange: [u8; 20] = "[u8; 20]", 46, "ASCII, NUL-padded; prefix SIM. or REC. if not live.";
    }
    /// Type 1: a trade.
    TradeItem "trade" 32 {
        trade_id: U64 = "u64", 0, "The venue's number of the trade.";
        price: I64 = "i64", 8, "Price, 10^-8.";
        quantity: I64 = "i64", 16, "Quantity, 10^-8.";
        side: u8 = "u8", 24, "Aggressor: 0 sell, 1 buy, 2 the venue does not say.";
        _pad0: [u8; 7] = "[u8; 7]", 25, "Zero.";
    }
    /// Type 2: a level of a book, best first.
    BookItem "book" 16 {
        price: I64 = "i64", 0, "Price, 10^-8.";
        quantity: I64 = "i64", 8, "Quantity, 10^-8.";
    }
    /// Type 3: state of a book and of trading.
    StatusItem "status" 48 {
        book_state: u8 = "u8", 0, "0 not said, 1 building, 2 live, 3 stale, 4 gapped.";
        cause: u8 = "u8", 1, "Why the book changed its state: `codes::BookCause`.";
        trading_state: u8 = "u8", 2, "`codes::TradingState`; 0 not said.";
        scope: u8 = "u8", 3, "What the trading state applies to: `codes::StatusScope`.";
        reason: [u8; 4] = "[u8; 4]", 4, "Reason, as the venue writes it; NUL-padded.";
        short_sale: u8 = "u8", 8, "Short sales: 0 free, 1 restricted, 2 still so, 255 unsaid.";
        market: u8 = "u8", 9, "Market centre, as the venue's letter; 0 none.";
        _pad0: [u8; 2] = "[u8; 2]", 10, "Zero.";
        trades_lost: U32 = "u32", 12, "Trades that the publisher itself has lost since its start.";
        effective_ns: U64 = "u64", 16, "From when, Unix ns; 0 at once.";
        lower_band: I64 = "i64", 24, "Lower price band, 10^-8; NONE.";
        upper_band: I64 = "i64", 32, "Upper price band, 10^-8; NONE.";
        step: U64 = "u64", 40, "The lane's step that it is the state of.";
    }
    /// Type 4: what an instrument is; the full names of the short ones in the header.
    DefinitionItem "definition" 216 {
        native_symbol: [u8; 64] = "[u8; 64]", 0, "The venue's name, utf-8, NUL-padded.";
        canonical: [u8; 48] = "[u8; 48]", 64, "Our name, utf-8, NUL-padded.";
        instrument: U32 = "u32", 112, "Number: venue << 24 | index.";
        action: u8 = "u8", 116, "`codes::DefinitionAction`: 0 add, 1 change, 2 remove.";
        class: u8 = "u8", 117, "`codes::InstrumentClass`.";
        price_exp: i8 = "i8", 118, "Prices of its records are multiples of 10 to this power.";
        quantity_exp: i8 = "i8", 119, "Quantities of its records likewise.";
        multiplier_exp: i8 = "i8", 120, "The multiplier likewise.";
        _pad0: u8 = "u8", 121, "Zero.";
        flags: U16 = "u16", 122, "`codes::instrument_flags`.";
        channel: U16 = "u16", 124, "Channel of the venue.";
        _pad1: [u8; 2] = "[u8; 2]", 126, "Zero.";
        tick: I64 = "i64", 128, "Smallest price step, in price_exp.";
        lot: I64 = "i64", 136, "Round lot or smallest quantity step, in quantity_exp.";
        multiplier: I64 = "i64", 144, "Contract multiplier, in multiplier_exp.";
        strike: I64 = "i64", 152, "Strike price, in price_exp; NONE.";
        expiry: U64 = "u64", 160, "Expiry, Unix ns; 0 none.";
        venue_id: U64 = "u64", 168, "The venue's own number.";
        base: [u8; 12] = "[u8; 12]", 176, "Base currency or asset, NUL-padded.";
        quote: [u8; 12] = "[u8; 12]", 188, "Quote currency, NUL-padded.";
        settle: [u8; 12] = "[u8; 12]", 200, "Settlement currency, NUL-padded.";
        _pad2: [u8; 4] = "[u8; 4]", 212, "Zero.";
    }
    /// Type 5: the publisher is alive, and what it has done on this group since its start.
    HeartbeatItem "heartbeat" 80 {
        start_ns: U64 = "u64", 0, "When the publisher started, Unix ns.";
        datagrams: U64 = "u64", 8, "Datagrams of the group, this one included.";
        bytes: U64 = "u64", 16, "Bytes of the group, this datagram included.";
        records: U64 = "u64", 24, "Records read from the lanes.";
        records_lost: U64 = "u64", 32, "Records that the publisher's own seats have lost.";
        conflated: U64 = "u64", 40, "Book changes that a newer one replaced before it was sent.";
        unscaled: U64 = "u64", 48, "What 10^-8 cannot hold and so went out as records only.";
        send_errors: U64 = "u64", 56, "Datagrams that the system refused to send.";
        instruments: U32 = "u32", 64, "Instruments of the group.";
        live_books: U32 = "u32", 68, "Books among them that are live.";
        interval_ms: U32 = "u32", 72, "Time to the next heartbeat, ms.";
        _pad0: [u8; 4] = "[u8; 4]", 76, "Zero.";
    }
    /// Type 6: an event of a single order.
    OrderItem "order" 40 {
        order_id: U64 = "u64", 0, "The venue's reference of the order; of a replace, the old one.";
        price: I64 = "i64", 8, "Price, 10^-8: of the execution, else the (new) limit.";
        quantity: I64 = "i64", 16, "Quantity, 10^-8: new, executed, reduced by or removed.";
        reference: U64 = "u64", 24, "By kind, see below.";
        kind: u8 = "u8", 32, "Kind of the record: 16 add to 21 delete.";
        side: u8 = "u8", 33, "0 sell, 1 buy.";
        _pad0: [u8; 6] = "[u8; 6]", 34, "Zero.";
    }
    /// Type 7: a record as it is in memory, little-endian.
    RecordItem "record" 64 {
        record: [u8; 64] = "[u8; 64]", 0, "The 64 bytes; byte 0 zero.";
    }
}

impl RecordItem {
    /// The item of a record; its lap tag is left behind.
    #[inline]
    #[must_use]
    pub fn of(record: &crate::Record) -> RecordItem {
        let mut item = RecordItem { record: zerocopy::transmute!(*record) };
        item.record[0] = 0;
        item
    }

    /// The record. Any bytes are one; its kind may be unknown.
    #[inline]
    #[must_use]
    pub fn to_record(self) -> crate::Record {
        zerocopy::transmute!(self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_each_other_without_a_hole() {
        for layout in LAYOUTS {
            let end = layout.fields.iter().fold(0, |at, field| {
                assert_eq!(field.offset, at, "{}.{}", layout.name, field.name);
                at + field.size
            });
            assert_eq!(end, layout.bytes, "{}", layout.name);
        }
    }

    /// Sizes that the design names.
    #[test]
    fn sizes_are_those_of_the_design() {
        assert_eq!(super::super::HEADER_BYTES + size_of::<BookItem>(), 82);
        assert_eq!(super::super::HEADER_BYTES + size_of::<TradeItem>(), 98);
        assert_eq!(size_of::<OrderItem>(), 40);
        assert_eq!(size_of::<RecordItem>(), crate::record::RECORD_BYTES);
    }

    #[test]
    fn a_record_leaves_its_lap_tag_behind() {
        let record = crate::Record::from_words([0x0102_0304_0506_0777, 2, 3, 4, 5, 6, 7, 8]);
        let back = RecordItem::of(&record).to_record();
        assert_eq!(back, crate::Record { commit: 0, ..record });
    }
}
