//! Prints that do not change the book: P, Q, B.

use zerocopy::byteorder::big_endian::{U32, U64};

use super::codes::{CrossType, Side};
use super::header::{code_fields, message};

message! {
    /// A match against an order that was not displayed.
    Trade, b'P', "non cross trade", 44 {
        /// 0 since 2014.
        11 reference: U64,
        /// `B` since 2014, whatever the hidden order's side.
        19 buy_sell: u8,
        /// Shares matched.
        20 shares: U32,
        /// Symbol, padded with spaces.
        24 stock: [u8; 8],
        /// Match price, 10^-4 dollars.
        32 price: U32,
        /// Number of the match, unique for the day.
        36 match_number: U64,
    }
}

code_fields! {
    Trade {
        /// Side of the hidden order, always buy since 2014.
        side: buy_sell as Side,
    }
}

message! {
    /// The bulk print of an auction.
    CrossTrade, b'Q', "cross trade", 40 {
        /// Shares matched in the cross; may be 0.
        11 shares: U64,
        /// Symbol, padded with spaces.
        19 stock: [u8; 8],
        /// Cross price, 10^-4 dollars.
        27 price: U32,
        /// Number of the match, unique for the day.
        31 match_number: U64,
        /// See [`CrossType`].
        39 cross_type: u8,
    }
}

code_fields! {
    CrossTrade {
        /// Which auction.
        cross: cross_type as CrossType,
    }
}

message! {
    /// An earlier match is void. The book does not change.
    BrokenTrade, b'B', "broken trade", 19 {
        /// Number of the match.
        11 match_number: U64,
    }
}
