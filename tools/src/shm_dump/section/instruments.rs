//! The instrument table. Its rows are `wire`'s, so those of another release are only counted.

use std::io::{self, Write};

use serde::Serialize;
use shm::instruments::InstrumentReader;
use shm::mapping::MappedLines;
use wire::codes::{InstrumentClass, instrument_flags};
use wire::decimal::to_text;
use wire::instrument::text_of;
use wire::{InstrumentRow, NONE};

use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::table::Depth;
use crate::inspect::words::utc;

/// An instrument.
#[derive(Debug, Serialize)]
pub struct Instrument {
    /// Number in records.
    id: u32,
    venue: String,
    index: u32,
    symbol: String,
    canonical: String,
    exchange: String,
    class: String,
    channel: u16,
    venue_id: u64,
    price_exp: i8,
    quantity_exp: i8,
    tick: Option<String>,
    lot: Option<String>,
    strike: Option<String>,
    /// ns UTC; 0 none.
    expiry_ns: u64,
    base: String,
    quote: String,
    flags: Vec<&'static str>,
}

/// The table.
#[derive(Debug, Serialize)]
pub struct Instruments {
    /// Rows in use.
    count: u32,
    /// Rows that were being written while they were read.
    unreadable: u32,
    /// `false` where the rows are of another release and are not decoded.
    decoded: bool,
    rows: Vec<Instrument>,
}

/// Copies the table; in short, only how many there are.
pub fn read(reader: &InstrumentReader<MappedLines>, ours: bool, depth: Depth) -> Instruments {
    let count = reader.count();
    let mut found = Instruments { count, unreadable: 0, decoded: ours, rows: Vec::new() };
    if depth == Depth::Brief || !ours {
        return found;
    }
    for index in 0..count {
        match reader.read(index) {
            Ok(words) => found.rows.push(instrument(&InstrumentRow::from_words(words))),
            Err(_) => found.unreadable += 1,
        }
    }
    found
}

/// A scaled integer as decimal text; nothing for NONE.
pub fn decimal(value: i64, exponent: i8) -> Option<String> {
    (value != NONE).then(|| to_text(value, exponent))
}

fn instrument(row: &InstrumentRow) -> Instrument {
    let (id, class) = (row.instrument, InstrumentClass::from_bits(row.class));
    let flag = |bit, name| (row.flags & bit != 0).then_some(name);
    let flags =
        [flag(instrument_flags::TEST, "test"), flag(instrument_flags::UNDEFINED, "undefined")];
    Instrument {
        id: id.0,
        venue: id.venue().map_or_else(|| (id.0 >> 24).to_string(), |v| v.name().to_string()),
        index: id.index(),
        symbol: row.symbol(),
        canonical: text_of(&row.canonical),
        exchange: text_of(&row.datagram_exchange),
        class: class.map_or_else(|| row.class.to_string(), |class| class.name().to_string()),
        channel: row.channel,
        venue_id: row.venue_id,
        price_exp: row.price_exp,
        quantity_exp: row.quantity_exp,
        tick: decimal(row.tick, row.price_exp),
        lot: decimal(row.lot, row.quantity_exp),
        strike: decimal(row.strike, row.price_exp),
        expiry_ns: row.expiry,
        base: text_of(&row.base),
        quote: text_of(&row.quote),
        flags: flags.into_iter().flatten().collect(),
    }
}

const HEAD: [&str; 13] = [
    "id",
    "venue",
    "index",
    "symbol",
    "canonical",
    "class",
    "channel",
    "venue id",
    "tick",
    "lot",
    "exponents",
    "expiry",
    "flags",
];

impl Instrument {
    fn cells(&self) -> [Cell; 13] {
        let text = |value: &Option<String>| Cell::number(value.as_deref().unwrap_or("-"));
        [
            Cell::number(self.id),
            Cell::text(&self.venue),
            Cell::number(self.index),
            Cell::text(&self.symbol).paint(Paint::Bold),
            Cell::text(&self.canonical),
            Cell::text(&self.class),
            Cell::number(self.channel),
            Cell::number(self.venue_id),
            text(&self.tick),
            text(&self.lot),
            Cell::text(format!("{}, {}", self.price_exp, self.quantity_exp)),
            Cell::text(utc(self.expiry_ns)),
            Cell::text(self.flags.join(",")),
        ]
    }
}

impl Instruments {
    /// Shows the table.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let foreign = if self.decoded { "" } else { "; rows of another release, not decoded" };
        page.line(&format!("  {} instruments{foreign}", self.count), Paint::Plain)?;
        if self.unreadable > 0 {
            let line = format!("  {} rows were being written while read", self.unreadable);
            page.line(&line, Paint::Warn)?;
        }
        let mut table = Table::new(&HEAD);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        page.table(&table)
    }
}
