//! Nasdaq TotalView-ITCH 5.0: all 23 messages, decoded in place and encoded from the same structs.
//!
//! Each message is a `#[repr(C)]` struct of big-endian fields whose size and offsets are asserted
//! against the venue's table at compile time. [`decode`] looks at the first byte, compares the
//! length and hands out a reference into the packet; nothing is copied. `as_bytes()` of the same
//! struct is the encoder.
//!
//! ```text
//! header.rs   the 11 bytes all messages share      codes.rs    one-character codes as enums
//! system.rs   S V W                                stock.rs    R H Y L K J h
//! orders.rs   A F E C X D U                        trades.rs   P Q B
//! auction.rs  I N O                                message.rs  the list of all, decode
//! file.rs     messages in a file
//! event.rs    A F E C X D U in one shape   extract.rs  the table that reads it without a branch
//! blocks.rs   events of a packet or file         glimpse.rs  the end of a snapshot
//! ```
//!
//! Code fields stay raw bytes in the structs; the accessor beside each gives `Option` of its enum.
//! A byte that the enum does not know is the caller's to count: venues add codes mid-year, and a
//! feed handler that stops at one is worse than one that says so.

mod auction;
mod blocks;
pub mod codes;
mod event;
mod extract;
pub mod file;
pub mod glimpse;
mod header;
mod message;
mod orders;
mod stock;
mod system;
mod trades;

pub use auction::{DirectListing, Imbalance, RetailInterest};
pub use blocks::{Blocks, Taken};
pub use event::{BookEvent, EventKind, EventReject};
pub use header::{Header, ItchMessage, U48};
pub use message::{ItchReject, MESSAGES, Message, decode, message_length, message_name};
pub use orders::{
    AddOrder, AddOrderAttributed, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice,
    OrderReplace,
};
pub use stock::{
    IpoQuoting, LuldCollar, OperationalHalt, ParticipantPosition, RegSho, StockDirectory,
    TradingAction,
};
pub use system::{MwcbDecline, MwcbStatus, SystemEvent};
pub use trades::{BrokenTrade, CrossTrade, Trade};

/// Prices of four decimals: a raw price of 1,500,000 is 150.0000 dollars.
pub const PRICE_SCALE: u64 = 10_000;
/// Market-wide circuit breaker levels have eight decimals.
pub const MWCB_PRICE_SCALE: u64 = 100_000_000;
/// The raw price (200,000.0000) that stands for a market order in a cross.
pub const MARKET_ORDER_PRICE: u32 = 2_000_000_000;

/// An alphanumeric field without the spaces it is padded with on the right.
#[inline]
#[must_use]
pub const fn trim(field: &[u8]) -> &[u8] {
    let mut rest = field;
    while let [start @ .., b' '] = rest {
        rest = start;
    }
    rest
}

/// A symbol padded with spaces to the eight bytes of the wire; what is longer is cut off.
#[must_use]
pub fn pad<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    field
}
