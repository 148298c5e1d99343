//! The payload of every kind: the 32 bytes at offset 32 of a record.
//!
//! Offsets below count from the start of the record. Prices and quantities are integers in the
//! exponents of the instrument, fixed for the life of its id; [`crate::NONE`] where there is none.
//! The one macro call in this file is the table: structs, numbers, names, classes, compile-time
//! offset checks, C header and documentation are all made from it.

use std::mem::{offset_of, size_of};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::class::Class;
use crate::table::{FieldInfo, KindInfo, Unit};

/// A 32-byte payload of a record.
pub trait Payload: Copy + FromBytes + IntoBytes + Immutable {
    /// The kind of record that it belongs to.
    const KIND: Kind;
    /// As the last four words of a record.
    fn to_words(self) -> [u64; 4];
    /// From the last four words of a record.
    fn from_words(words: [u64; 4]) -> Self;
}

macro_rules! records {
    ($(
        $(#[$doc:meta])*
        $number:literal $name:ident $text:literal $class:ident {
            $( $(#[$fdoc:meta])* $field:ident : $ty:ty , $offset:literal , $unit:ident; )*
        }
    )*) => {
        /// Kind of a record: byte 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $( $(#[$doc])* $name = $number, )* }

        impl Kind {
            /// Every kind, in order of its number.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The kind with that number.
            #[inline]
            pub const fn from_number(number: u8) -> Option<Kind> {
                match number { $($number => Some(Kind::$name),)* _ => None }
            }

            /// Name in tables and JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }

            /// The class that a seat asks for to get it.
            #[inline]
            pub const fn class(self) -> Class {
                match self { $(Kind::$name => Class::$class),* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
            #[repr(C)]
            pub struct $name { $( $(#[$fdoc])* pub $field: $ty, )* }

            const _: () = {
                assert!(size_of::<$name>() == 32, concat!($text, " is not 32 bytes"));
                $( assert!(
                    offset_of!($name, $field) + 32 == $offset,
                    concat!($text, ".", stringify!($field), " is not at its offset")
                ); )*
            };

            impl Payload for $name {
                const KIND: Kind = Kind::$name;
                #[inline(always)]
                fn to_words(self) -> [u64; 4] { zerocopy::transmute!(self) }
                #[inline(always)]
                fn from_words(words: [u64; 4]) -> Self { zerocopy::transmute!(words) }
            }
        )*

        /// Every kind with its fields, in order of its number.
        pub const KINDS: &[KindInfo] = &[$( KindInfo {
            kind: Kind::$name,
            struct_name: stringify!($name),
            fields: &[$( FieldInfo {
                name: stringify!($field),
                ty: stringify!($ty),
                offset: $offset,
                size: size_of::<$ty>(),
                unit: Unit::$unit,
            } ),*],
        } ),*];
    };
}

records! {
    /// Messages of a channel are missing: the gap opens. Books of the channel are gapped from here.
    1 GapBegin "gap_begin" Stream {
        /// First missing venue sequence number.
        first: u64, 32, Plain;
        /// End of the missing range, exclusive; 0 while unknown.
        end: u64, 40, Plain;
        /// Number of the gap in the ledger.
        gap_id: u32, 48, Plain;
        /// Channel of the venue.
        channel: u16, 52, Plain;
        /// Lines that were up: bit 0 A, bit 1 B, ...
        lines: u8, 54, Plain;
        /// 0: how it will be healed is not known yet.
        how: u8, 55, GapHow;
        /// 0.
        open_ns: u64, 56, Ns;
    }
    /// A gap is closed: `how` says whether it was healed.
    2 GapEnd "gap_end" Stream {
        /// First missing venue sequence number.
        first: u64, 32, Plain;
        /// End of the missing range, exclusive.
        end: u64, 40, Plain;
        /// Number of the gap in the ledger.
        gap_id: u32, 48, Plain;
        /// Channel of the venue.
        channel: u16, 52, Plain;
        /// Lines that were up: bit 0 A, bit 1 B, ...
        lines: u8, 54, Plain;
        /// How it ended.
        how: u8, 55, GapHow;
        /// For how long it was open.
        open_ns: u64, 56, Ns;
    }
    /// Records that this one seat did not get.
    3 Lost "lost" Stream {
        /// First step of which the seat missed something.
        first_step: u64, 32, Plain;
        /// Last such step.
        last_step: u64, 40, Plain;
        /// Records lost.
        records: u64, 48, Plain;
        /// Trades among them; they are not sent again.
        trades: u32, 56, Plain;
        /// Instruments among them; their books are refreshed.
        instruments: u32, 60, Plain;
    }
    /// The lane is alive though nothing happens.
    4 Heartbeat "heartbeat" Stream {
        /// The lane's clock, ns UTC.
        lane_now: u64, 32, Ns;
        /// Last sequence number of the venue.
        venue_sequence: u64, 40, Plain;
        /// Channel of the venue.
        channel: u16, 48, Plain;
        /// How many lines are up.
        lines_up: u8, 50, Plain;
        /// Zero.
        _pad0: [u8; 13], 51, Pad;
    }
    /// A session of the venue begins or ends.
    5 Session "session" Stream {
        /// The venue's name of the session, padded with spaces or NUL.
        id: [u8; 16], 32, Text;
        /// First venue sequence number.
        first_sequence: u64, 48, Plain;
        /// Trading date, yyyymmdd.
        date: u32, 56, Plain;
        /// Channel of the venue.
        channel: u16, 60, Plain;
        /// What happened.
        event: u8, 62, SessionEvent;
        /// Zero.
        _pad0: u8, 63, Pad;
    }
    /// A connection of the venue changed its state.
    6 Connection "connection" Stream {
        /// New state.
        state: u8, 32, ConnectionState;
        /// Line: 1 A, 2 B, ...
        line: u8, 33, Plain;
        /// Channel of the venue.
        channel: u16, 34, Plain;
        /// Reconnects so far.
        reconnects: u32, 36, Plain;
        /// Since when, ns UTC.
        since_ns: u64, 40, Ns;
        /// Why: a code of the source.
        reason: u64, 48, Plain;
        /// Zero.
        _pad0: u64, 56, Pad;
    }
    /// A new displayed order at the end of its price's queue.
    16 OrderAdd "order_add" Orders {
        /// The venue's reference of the order.
        order_id: u64, 32, Plain;
        /// Limit price.
        price: i64, 40, Price;
        /// Open quantity.
        quantity: i64, 48, Quantity;
        /// The venue's priority, else the participant's four letters, else 0.
        priority: [u8; 8], 56, Text;
    }
    /// An order changed in place.
    17 OrderModify "order_modify" Orders {
        /// The venue's reference of the order.
        order_id: u64, 32, Plain;
        /// New limit price.
        price: i64, 40, Price;
        /// New open quantity.
        quantity: i64, 48, Quantity;
        /// 0 priority lost, u64::MAX kept, else the venue's value.
        priority: u64, 56, Plain;
    }
    /// An order was replaced by another one, which goes to the end of its queue.
    18 OrderReplace "order_replace" Orders {
        /// Reference of the order that is gone.
        old_id: u64, 32, Plain;
        /// Reference of the order that is new.
        new_id: u64, 40, Plain;
        /// New limit price.
        price: i64, 48, Price;
        /// New open quantity.
        quantity: i64, 56, Quantity;
    }
    /// A resting order was executed in part or whole. Volume is counted from `trade` only.
    19 OrderExecute "order_execute" Orders {
        /// The venue's reference of the order.
        order_id: u64, 32, Plain;
        /// Price of the execution.
        price: i64, 40, Price;
        /// Quantity executed.
        executed: i64, 48, Quantity;
        /// The venue's number of the trade.
        trade_id: u64, 56, Plain;
    }
    /// An order lost a part of its quantity and kept its priority.
    20 OrderReduce "order_reduce" Orders {
        /// The venue's reference of the order.
        order_id: u64, 32, Plain;
        /// Limit price.
        price: i64, 40, Price;
        /// By how much.
        reduced_by: i64, 48, Quantity;
        /// What remains.
        remaining: i64, 56, Quantity;
    }
    /// An order is gone.
    21 OrderDelete "order_delete" Orders {
        /// The venue's reference of the order.
        order_id: u64, 32, Plain;
        /// Limit price.
        price: i64, 40, Price;
        /// Quantity that it still had.
        removed: i64, 48, Quantity;
        /// Why.
        cause: u8, 56, DeleteCause;
        /// Zero.
        _pad0: [u8; 7], 57, Pad;
    }
    /// A price level as it is now.
    32 Level "level" Levels {
        /// Price.
        price: i64, 32, Price;
        /// Quantity; 0 = gone.
        quantity: i64, 40, Quantity;
        /// The venue's update number, 0 if it has none.
        update_id: u64, 48, Plain;
        /// Orders in the level; u32::MAX unknown.
        orders: u32, 56, Plain;
        /// Position in the book: 1 best, 0 none.
        position: u16, 60, Plain;
        /// Zero.
        flags: u16, 62, Plain;
    }
    /// Best bid and ask of our own book.
    33 Top "top" Top {
        /// Best bid.
        bid_price: i64, 32, Price;
        /// Quantity there.
        bid_quantity: i64, 40, Quantity;
        /// Best ask.
        ask_price: i64, 48, Price;
        /// Quantity there.
        ask_quantity: i64, 56, Quantity;
    }
    /// Best bid and ask as the venue's own feed of them says.
    34 Quote "quote" Quotes {
        /// Best bid.
        bid_price: i64, 32, Price;
        /// Quantity there.
        bid_quantity: i64, 40, Quantity;
        /// Best ask.
        ask_price: i64, 48, Price;
        /// Quantity there.
        ask_quantity: i64, 56, Quantity;
    }
    /// A whole book follows: drop what you have of this instrument.
    35 BookBegin "book_begin" Stream {
        /// Why.
        cause: u8, 32, BookCause;
        /// Levels a side that follow; 0 = all.
        depth: u8, 33, Plain;
        /// Zero.
        _pad0: [u8; 6], 34, Pad;
        /// The venue's update number, 0 if it has none.
        update_id: u64, 40, Plain;
        /// Entries on the bid side.
        bids: u32, 48, Plain;
        /// Entries on the ask side.
        asks: u32, 52, Plain;
        /// Zero.
        _pad1: u64, 56, Pad;
    }
    /// The whole book has been sent; it is usable from here.
    36 BookEnd "book_end" Stream {
        /// Why.
        cause: u8, 32, BookCause;
        /// Levels a side that were sent; 0 = all.
        depth: u8, 33, Plain;
        /// Zero.
        _pad0: [u8; 6], 34, Pad;
        /// The venue's update number, 0 if it has none.
        update_id: u64, 40, Plain;
        /// Entries on the bid side.
        bids: u32, 48, Plain;
        /// Entries on the ask side.
        asks: u32, 52, Plain;
        /// Zero.
        _pad1: u64, 56, Pad;
    }
    /// The state of a book, or of all books of a channel (index 0), changed.
    37 BookStateChange "book_state" Stream {
        /// New state.
        new: u8, 32, BookState;
        /// Old state.
        old: u8, 33, BookState;
        /// Why.
        cause: u8, 34, BookCause;
        /// Zero.
        _pad0: [u8; 5], 35, Pad;
        /// Gap that it belongs to; 0 none.
        gap_id: u64, 40, Plain;
        /// First venue sequence number concerned.
        first: u64, 48, Plain;
        /// End of the range, exclusive; 0 unknown.
        end: u64, 56, Plain;
    }
    /// A venue event of several messages is complete.
    38 EventEnd "event_end" Stream {
        /// Zero.
        _pad0: [u64; 4], 32, Pad;
    }
    /// A trade.
    48 Trade "trade" Trades {
        /// Price.
        price: i64, 32, Price;
        /// Quantity.
        quantity: i64, 40, Quantity;
        /// The venue's number; of an aggregate, the last one.
        trade_id: u64, 48, Plain;
        /// 0 unknown, 1 buy, 2 sell.
        aggressor: u8, 56, Aggressor;
        /// Bits: see [`crate::codes::trade_flags`].
        flags: u8, 57, Plain;
        /// The venue's condition code.
        condition: u16, 58, Plain;
        /// Executions in an aggregate; 0 where the venue does not say.
        matches: u32, 60, Plain;
    }
    /// A trade was broken by the venue.
    49 TradeBreak "trade_break" Trades {
        /// The venue's number of the trade.
        trade_id: u64, 32, Plain;
        /// Its price; NONE where the venue does not repeat it.
        price: i64, 40, Price;
        /// Its quantity; NONE where the venue does not repeat it.
        quantity: i64, 48, Quantity;
        /// Bits of the trade, where known.
        flags: u64, 56, Plain;
    }
    /// Trading status, short-sale restriction, operational halts, bands.
    64 Status "status" Reference {
        /// Trading state.
        state: u8, 32, TradingState;
        /// What it applies to.
        scope: u8, 33, StatusScope;
        /// Short-sale restriction: 0 none, 1 in effect, 2 remains; 255 not said.
        short_sale: u8, 34, Plain;
        /// Market centre, as the venue's letter; 0 none.
        market: u8, 35, Plain;
        /// Reason, as the venue writes it.
        reason: [u8; 4], 36, Text;
        /// From when, ns UTC; 0 at once.
        effective_ns: u64, 40, Ns;
        /// Lower price band; NONE.
        lower_band: i64, 48, Price;
        /// Upper price band; NONE.
        upper_band: i64, 56, Price;
    }
    /// An instrument, or a change of it. Names are in the instrument table.
    65 Definition "definition" Reference {
        /// What happened.
        action: u8, 32, DefinitionAction;
        /// Class of instrument.
        class: u8, 33, InstrumentClass;
        /// Prices are multiples of 10 to this power.
        price_exp: i8, 34, Plain;
        /// Quantities are multiples of 10 to this power.
        quantity_exp: i8, 35, Plain;
        /// The multiplier is a multiple of 10 to this power.
        multiplier_exp: i8, 36, Plain;
        /// Zero.
        _pad0: [u8; 3], 37, Pad;
        /// Smallest price step.
        tick: i64, 40, Price;
        /// Round lot or smallest quantity step.
        lot: i64, 48, Quantity;
        /// Contract multiplier.
        multiplier: i64, 56, Plain;
    }
    /// Auction information.
    66 Auction "auction" Reference {
        /// Clearing or indicative price.
        clearing_price: i64, 32, Price;
        /// Paired quantity.
        paired: i64, 40, Quantity;
        /// Imbalance: + buy, - sell.
        imbalance: i64, 48, Quantity;
        /// Kind of cross, as the venue's letter.
        cross: u8, 56, Plain;
        /// Price variation, as the venue's letter.
        variation: u8, 57, Plain;
        /// Bits: see [`crate::codes::auction_flags`].
        flags: u16, 58, Plain;
        /// Seconds since midnight, or of extension; 0 none.
        time_s: u32, 60, Plain;
    }
    /// Up to three prices with what they mean.
    67 Prices "prices" Reference {
        /// Meaning of each.
        tags: [u8; 3], 32, PriceTag;
        /// Zero.
        _pad0: [u8; 5], 35, Pad;
        /// First price; NONE.
        p0: i64, 40, Price;
        /// Second price; NONE.
        p1: i64, 48, Price;
        /// Third price; NONE.
        p2: i64, 56, Price;
    }
    /// A statistic of the venue.
    68 Statistic "statistic" Reference {
        /// Meaning.
        tag: u8, 32, StatisticTag;
        /// Zero.
        _pad0: [u8; 7], 33, Pad;
        /// Price; NONE.
        price: i64, 40, Price;
        /// Quantity; NONE.
        quantity: i64, 48, Quantity;
        /// Time that it refers to, ns UTC; 0 none.
        ts_ref: u64, 56, Ns;
    }
    /// Mark and index price.
    80 Mark "mark" Reference {
        /// Mark price; NONE.
        mark: i64, 32, Price;
        /// Index price; NONE.
        index: i64, 40, Price;
        /// Estimated settlement price; NONE.
        settlement: i64, 48, Price;
        /// Zero.
        _pad0: u64, 56, Pad;
    }
    /// Funding of a perpetual.
    81 Funding "funding" Reference {
        /// Rate in 10^-12.
        rate: i64, 32, Plain;
        /// Second rate (predicted or last) in 10^-12; NONE.
        second_rate: i64, 40, Plain;
        /// Next funding, ns UTC.
        next_ns: u64, 48, Ns;
        /// Interval, s.
        interval_s: u32, 56, Plain;
        /// Bits of the venue.
        flags: u32, 60, Plain;
    }
    /// Open interest.
    82 OpenInterest "open_interest" Reference {
        /// Amount in `unit`.
        amount: i64, 32, Quantity;
        /// Value in 10^-2 of the quote currency; NONE.
        value: i64, 40, Plain;
        /// Time that it refers to, ns UTC.
        ts_ref: u64, 48, Ns;
        /// 1 base, 2 contracts, 3 quote.
        unit: u8, 56, Plain;
        /// Zero.
        _pad0: [u8; 7], 57, Pad;
    }
    /// A liquidation. The side is that of the order.
    83 Liquidation "liquidation" Reference {
        /// Average price.
        average_price: i64, 32, Price;
        /// Filled quantity.
        filled: i64, 40, Quantity;
        /// Price of the order; NONE.
        order_price: i64, 48, Price;
        /// The venue's number of the trade; 0 none.
        trade_id: u64, 56, Plain;
    }
    /// Values of a feature; its reference time is in ts_venue.
    96 Feature "feature" Derived {
        /// Which feature.
        feature_id: u16, 32, Plain;
        /// Part of a feature with more than two values.
        part: u8, 34, Plain;
        /// Lane whose record caused it.
        cause_lane: u8, 35, Plain;
        /// Bits of the feature.
        flags: u32, 36, Plain;
        /// Step of that record.
        cause_sequence: u64, 40, Plain;
        /// First value: bits of an f64 or an i64, as the feature's table says.
        value_0: u64, 48, Plain;
        /// Second value.
        value_1: u64, 56, Plain;
    }
    /// A signal.
    97 Signal "signal" Derived {
        /// Which signal.
        signal_id: u16, 32, Plain;
        /// -1 down, 0 flat, 1 up.
        direction: i8, 34, Plain;
        /// Lane whose record caused it.
        cause_lane: u8, 35, Plain;
        /// Bits of the signal.
        flags: u32, 36, Plain;
        /// Step of that record.
        cause_sequence: u64, 40, Plain;
        /// Strength: bits of an f64 from 0 to 1.
        strength: u64, 48, Plain;
        /// Horizon.
        horizon_ns: u64, 56, Ns;
    }
}
