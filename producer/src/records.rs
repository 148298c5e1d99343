//! How wire's records lie in shared memory: their layout table, what their classes mean to seats,
//! and the row of a channel.

use shm::fanout::ClassRules;
use shm::layout::{Layout, LayoutRow};
use wire::instrument::put_text;
use wire::{Class, InstrumentId, InstrumentRow};

/// What the classes mean to the seats.
pub const RULES: ClassRules = ClassRules {
    stream: Class::Stream as u8,
    book_classes: Class::BOOK,
    conflate_class: Class::Top as u8,
    counted_class: Class::Trades as u8,
};

/// Exponent of prices of records about a channel as a whole.
const CHANNEL_PRICE_EXP: i8 = -8;

/// The record layout as regions carry it.
pub fn layout_rows() -> Vec<LayoutRow> {
    wire::table::layout_rows().into_iter().map(|row| zerocopy::transmute!(row)).collect()
}

/// The layout of this build over its rows.
pub fn layout(rows: &[LayoutRow]) -> Layout<'_> {
    Layout { version: wire::LAYOUT_VERSION, hash: wire::table::LAYOUT_HASH, rows }
}

/// Row 0 of a lane's instrument table: the channel, so that a row's number is an instrument's
/// index. `channel` has index 0; `exchange` is its name in datagrams.
pub fn channel_row(channel: InstrumentId, name: &str, exchange: &str) -> InstrumentRow {
    let mut row = InstrumentRow { instrument: channel, ..InstrumentRow::ZERO };
    put_text(&mut row.canonical, name);
    put_text(&mut row.datagram_exchange, exchange);
    row.price_exp = CHANNEL_PRICE_EXP;
    row
}
