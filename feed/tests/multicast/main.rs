//! The multicast publisher: its datagrams against an independent reader, its state machine against
//! naive expectations, its socket against one datagram a call.

#[path = "../common/mod.rs"]
mod common;

mod burst;
mod decoded;
mod joiner;
mod losing;
mod machine;
mod random_books;
mod reader;

use std::collections::BTreeMap;

use wire::payload::{Level, Trade};
use wire::{InstrumentId, Record, Side};

/// Sides of every book as a naive reader of all records has them: price and quantity, best first,
/// by instrument and side.
pub type Sides = BTreeMap<(u32, bool), Vec<(i64, i64)>>;

/// Books by nothing but a map of levels.
#[derive(Default)]
pub struct NaiveBooks(BTreeMap<(u32, bool), BTreeMap<i64, i64>>);

impl NaiveBooks {
    /// The level as it is now.
    pub fn level(&mut self, id: InstrumentId, side: Side, level: &Level) {
        let levels = self.0.entry((id.index(), side == Side::Bid)).or_default();
        match level.quantity {
            0 => levels.remove(&level.price),
            quantity => levels.insert(level.price, quantity),
        };
    }

    /// The best `depth` levels of each side that ever had one.
    pub fn sides(&self, depth: usize) -> Sides {
        let one = |(&(index, is_bid), levels): (&(u32, bool), &BTreeMap<i64, i64>)| {
            let all = levels.iter().map(|(price, quantity)| (*price, *quantity));
            let best: Vec<_> = match is_bid {
                true => all.rev().take(depth).collect(),
                false => all.take(depth).collect(),
            };
            ((index, is_bid), best)
        };
        self.0.iter().map(one).collect()
    }
}

/// `value * 10^exponent` in 10^-8, by wide arithmetic; panics where it is not exact.
pub fn scaled(value: i64, exponent: i32) -> i64 {
    let shift = exponent + 8;
    let wide = i128::from(value);
    let result = if shift >= 0 {
        wide * 10i128.pow(shift.unsigned_abs())
    } else {
        let power = 10i128.pow(shift.unsigned_abs());
        assert_eq!(wide % power, 0, "{value} * 10^{exponent}");
        wide / power
    };
    i64::try_from(result).expect("64 bits")
}

/// Trades by instrument, in order.
pub fn trades_of(records: &[Record]) -> BTreeMap<u32, Vec<(u64, Trade)>> {
    let mut all = BTreeMap::<u32, Vec<_>>::new();
    for record in records {
        if let Some(trade) = record.get::<Trade>() {
            all.entry(record.instrument.index()).or_default().push((record.ts_venue, trade));
        }
    }
    all
}
