//! Records in words: what the dump tools, tests and messages show.

use zerocopy::IntoBytes;

use crate::NONE;
use crate::codes;
use crate::decimal::to_text;
use crate::instrument::text_of;
use crate::payload::{KINDS, Kind};
use crate::quality::BookState;
use crate::record::Record;
use crate::table::{FieldInfo, KindInfo, Unit};

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Nothing,
    /// Unsigned number.
    Unsigned(u64),
    /// Signed number.
    Signed(i64),
    /// Decimal, name or text.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Nothing => f.write_str("-"),
            Value::Unsigned(n) => n.fmt(f),
            Value::Signed(n) => n.fmt(f),
            Value::Text(text) => text.fmt(f),
        }
    }
}

/// Exponents of an instrument; without them prices show as scaled integers.
#[derive(Clone, Copy, Debug)]
pub struct Exponents {
    /// Of prices.
    pub price: i8,
    /// Of quantities.
    pub quantity: i8,
}

/// Description of a kind.
pub fn kind_info(kind: Kind) -> Option<&'static KindInfo> {
    KINDS.iter().find(|info| info.kind == kind)
}

/// Named payload fields of a record with their values; empty if the kind is unknown.
pub fn fields(record: &Record, exponents: Option<Exponents>) -> Vec<(&'static str, Value)> {
    let Some(info) = record.kind().and_then(kind_info) else { return Vec::new() };
    info.named_fields().map(|field| (field.name, value(record, field, exponents))).collect()
}

fn value(record: &Record, field: &FieldInfo, exponents: Option<Exponents>) -> Value {
    let Some(bytes) = record.as_bytes().get(field.offset..field.offset + field.size) else {
        return Value::Nothing;
    };
    match field.unit {
        Unit::Text => match text_of(bytes) {
            text if text.is_empty() => Value::Nothing,
            text => Value::Text(text),
        },
        Unit::Price => decimal(bytes, exponents.map(|e| e.price)),
        Unit::Quantity => decimal(bytes, exponents.map(|e| e.quantity)),
        Unit::PriceTag => {
            let names: Vec<String> = bytes.iter().map(|&b| code_name(Unit::PriceTag, b)).collect();
            Value::Text(names.join(","))
        }
        Unit::Plain | Unit::Ns | Unit::Pad => number(bytes, field.ty),
        unit => Value::Text(code_name(unit, bytes.first().copied().unwrap_or(0))),
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b))
}

fn number(bytes: &[u8], ty: &str) -> Value {
    let n = unsigned(bytes);
    match ty {
        "i8" => Value::Signed(i64::from(n as u8 as i8)),
        "i64" if n as i64 == NONE => Value::Nothing,
        "i64" => Value::Signed(n as i64),
        _ => Value::Unsigned(n),
    }
}

fn decimal(bytes: &[u8], exponent: Option<i8>) -> Value {
    match (unsigned(bytes) as i64, exponent) {
        (NONE, _) => Value::Nothing,
        (n, Some(exponent)) => Value::Text(to_text(n, exponent)),
        (n, None) => Value::Signed(n),
    }
}

fn code_name(unit: Unit, code: u8) -> String {
    let name = match unit {
        Unit::GapHow => codes::GapHow::from_bits(code).map(|c| c.name()),
        Unit::SessionEvent => codes::SessionEvent::from_bits(code).map(|c| c.name()),
        Unit::ConnectionState => codes::ConnectionState::from_bits(code).map(|c| c.name()),
        Unit::DeleteCause => codes::DeleteCause::from_bits(code).map(|c| c.name()),
        Unit::BookCause => codes::BookCause::from_bits(code).map(|c| c.name()),
        Unit::BookState => BookState::from_bits(code).map(|c| c.name()),
        Unit::Aggressor => codes::Aggressor::from_bits(code).map(|c| c.name()),
        Unit::TradingState => codes::TradingState::from_bits(code).map(|c| c.name()),
        Unit::StatusScope => codes::StatusScope::from_bits(code).map(|c| c.name()),
        Unit::DefinitionAction => codes::DefinitionAction::from_bits(code).map(|c| c.name()),
        Unit::InstrumentClass => codes::InstrumentClass::from_bits(code).map(|c| c.name()),
        Unit::PriceTag => codes::PriceTag::from_bits(code).map(|c| c.name()),
        Unit::StatisticTag => codes::StatisticTag::from_bits(code).map(|c| c.name()),
        Unit::Plain | Unit::Price | Unit::Quantity | Unit::Ns | Unit::Text | Unit::Pad => None,
    };
    name.map_or_else(|| code.to_string(), str::to_owned)
}

/// A record on one line: step, kind, instrument, quality, then its fields.
pub fn line(record: &Record, symbol: &str, exponents: Option<Exponents>) -> String {
    let kind = record.kind().map_or_else(|| format!("kind {}", record.kind), |k| k.name().into());
    let quality = record.quality;
    let state = quality.state().map_or("?", BookState::name);
    let nature = quality.nature().map_or("?", |n| n.name());
    let mut out = format!("{:>10} {kind:<13} {symbol:<8} {state}/{nature}", record.sequence);
    let has_side = matches!(
        record.kind(),
        Some(
            Kind::OrderAdd
                | Kind::OrderModify
                | Kind::OrderReplace
                | Kind::OrderExecute
                | Kind::OrderReduce
                | Kind::OrderDelete
                | Kind::Level
                | Kind::Liquidation
        )
    );
    if has_side {
        out.push(' ');
        out.push_str(quality.get_side().name());
    }
    for (name, value) in fields(record, exponents) {
        out.push_str(&format!(" {name}={value}"));
    }
    out
}
