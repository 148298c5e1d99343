//! A record as it is shown: by this release's own layouts, or by the region's own table.

use serde::Serialize;
use serde_json::{Map, Value};
use shm::layout::LayoutRow;
use wire::text::{self, Value as Field};
use wire::{BookState, Record, StampBy};

use super::generic::{Decoded, Layouts};
use super::symbols::Symbols;
use crate::inspect::words::{bytes_of, hex, utc};

/// Lines of records and their JSON.
#[derive(Debug)]
pub struct Decoder {
    /// The region's own table, where records are not of this program's layout.
    foreign: Option<Layouts>,
    symbols: Symbols,
}

/// A record of this release.
#[derive(Debug, Serialize)]
struct Shown {
    position: u64,
    sequence: u64,
    kind: String,
    instrument: u32,
    symbol: String,
    state: &'static str,
    nature: &'static str,
    side: &'static str,
    end_of_event: bool,
    snapshot: bool,
    line: u8,
    path: &'static str,
    stamp: &'static str,
    ts_venue: u64,
    ts_receive: u64,
    fields: Map<String, Value>,
}

impl Decoder {
    /// For records of this release, with the names of the instrument table.
    pub fn ours(symbols: Symbols) -> Decoder {
        Decoder { foreign: None, symbols }
    }

    /// For records of another release, or longer than ours: by the rows of their region.
    pub fn foreign(rows: &[LayoutRow]) -> Decoder {
        Decoder { foreign: Some(Layouts::new(rows)), symbols: Symbols::default() }
    }

    /// Whether records are decoded by the region's own table.
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// The record on one line.
    pub fn line(&mut self, position: u64, words: &[u64]) -> String {
        match (&self.foreign, record(words)) {
            (None, Some(record)) => {
                let label = self.symbols.label(record.instrument);
                let exponents = self.symbols.get(record.instrument).map(|s| s.exponents);
                let line = text::line(&record, &label, exponents);
                format!("{} {line}", utc(record.ts_receive))
            }
            (Some(layouts), _) => {
                format!("{position:>10} {}", layouts.decode(&bytes_of(words)).line())
            }
            (None, None) => format!("{position:>10} {}", hex(&bytes_of(words))),
        }
    }

    /// The record in JSON.
    pub fn json(&mut self, position: u64, words: &[u64]) -> Value {
        match (&self.foreign, record(words)) {
            (None, Some(record)) => {
                let shown = self.shown(position, &record);
                serde_json::to_value(shown).unwrap_or(Value::Null)
            }
            (Some(layouts), _) => foreign_json(position, layouts.decode(&bytes_of(words))),
            (None, None) => serde_json::json!({
                "position": position,
                "raw": hex(&bytes_of(words)),
            }),
        }
    }

    fn shown(&mut self, position: u64, record: &Record) -> Shown {
        let exponents = self.symbols.get(record.instrument).map(|symbol| symbol.exponents);
        let fields = text::fields(record, exponents);
        let named = record.kind().map(|kind| kind.name().to_string());
        Shown {
            position,
            sequence: record.sequence,
            kind: named.unwrap_or_else(|| format!("kind {}", record.kind)),
            instrument: record.instrument.0,
            symbol: self.symbols.label(record.instrument),
            state: record.quality.state().map_or("unknown", BookState::name),
            nature: record.quality.nature().map_or("unknown", |nature| nature.name()),
            side: record.quality.get_side().name(),
            end_of_event: record.quality.is_end_of_event(),
            snapshot: record.quality.is_snapshot(),
            line: record.origin.line(),
            path: record.origin.path().name(),
            stamp: StampBy::name(record.origin.stamp()),
            ts_venue: record.ts_venue,
            ts_receive: record.ts_receive,
            fields: fields.into_iter().map(|(name, v)| (name.to_string(), json_of(v))).collect(),
        }
    }
}

/// A slot of one line as a record of this release.
fn record(words: &[u64]) -> Option<Record> {
    <[u64; 8]>::try_from(words).ok().map(Record::from_words)
}

fn json_of(value: Field) -> Value {
    match value {
        Field::Nothing => Value::Null,
        Field::Unsigned(n) => n.into(),
        Field::Signed(n) => n.into(),
        Field::Text(text) => text.into(),
    }
}

fn foreign_json(position: u64, decoded: Decoded) -> Value {
    serde_json::json!({
        "position": position,
        "layout": "another release's",
        "kind": decoded.kind,
        "header": decoded.header,
        "fields": decoded.fields,
        "raw": decoded.raw,
    })
}
