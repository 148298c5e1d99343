//! Messages that change the book: A, F, E, C, X, D, U.

use zerocopy::byteorder::big_endian::{U32, U64};

use super::codes::{Side, YesNo};
use super::header::{code_fields, message};

message! {
    /// A displayed order joins the end of its price's queue.
    AddOrder, b'A', "add order", 36 {
        /// Reference number, unique for the day.
        11 reference: U64,
        /// `B` or `S`.
        19 buy_sell: u8,
        /// Shares shown.
        20 shares: U32,
        /// Symbol, padded with spaces.
        24 stock: [u8; 8],
        /// Limit, 10^-4 dollars.
        32 price: U32,
    }
}

code_fields! {
    AddOrder {
        /// Buy or sell.
        side: buy_sell as Side,
    }
}

message! {
    /// The same, with the market participant's name.
    AddOrderAttributed, b'F', "add order with attribution", 40 {
        /// Reference number, unique for the day.
        11 reference: U64,
        /// `B` or `S`.
        19 buy_sell: u8,
        /// Shares shown.
        20 shares: U32,
        /// Symbol, padded with spaces.
        24 stock: [u8; 8],
        /// Limit, 10^-4 dollars.
        32 price: U32,
        /// Market participant.
        36 attribution: [u8; 4],
    }
}

code_fields! {
    AddOrderAttributed {
        /// Buy or sell.
        side: buy_sell as Side,
    }
}

message! {
    /// A resting order was executed at its own price.
    OrderExecuted, b'E', "order executed", 31 {
        /// The resting order.
        11 reference: U64,
        /// Shares taken from it.
        19 executed: U32,
        /// Number of the match, unique for the day.
        23 match_number: U64,
    }
}

message! {
    /// A resting order was executed at another price than its own.
    OrderExecutedWithPrice, b'C', "order executed with price", 36 {
        /// The resting order.
        11 reference: U64,
        /// Shares taken from it.
        19 executed: U32,
        /// Number of the match, unique for the day.
        23 match_number: U64,
        /// `N` if a later cross trade prints these shares.
        31 printable: u8,
        /// Execution price, 10^-4 dollars.
        32 price: U32,
    }
}

code_fields! {
    OrderExecutedWithPrice {
        /// Whether the shares count in volume now; if not, a cross trade will print them.
        prints: printable as YesNo,
    }
}

message! {
    /// A resting order was reduced; it keeps its place.
    OrderCancel, b'X', "order cancel", 23 {
        /// The resting order.
        11 reference: U64,
        /// Shares taken off.
        19 cancelled: U32,
    }
}

message! {
    /// A resting order is gone.
    OrderDelete, b'D', "order delete", 19 {
        /// The resting order.
        11 reference: U64,
    }
}

message! {
    /// A resting order is replaced by one at the end of its queue; side, stock, attribution stay.
    OrderReplace, b'U', "order replace", 35 {
        /// The resting order.
        11 original: U64,
        /// Reference number of the new one.
        19 reference: U64,
        /// Shares shown now.
        27 shares: U32,
        /// Limit now, 10^-4 dollars.
        31 price: U32,
    }
}
