//! Every datagram on a line of its own, as text or JSON.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use wire::datagram::{Datagram, Items, TextLine, TradeSide};
use wire::instrument::text_of;
use wire::payload::Kind;
use wire::quality::{BookState, Side};
use wire::{codes, text};

use super::capture::Arrival;
use super::snapshot::{Heartbeat, decimal};
use super::state::Taken;
use super::stream::Seen;
use crate::inspect::page::{Page, Paint};
use crate::inspect::words::{hex, utc};

/// Bytes of a reject that are shown.
const SHOWN: usize = 66;

/// Shows an arrival; nothing for one that is not remembered.
///
/// # Errors
/// What the writer says.
pub fn show<W: Write>(
    page: &mut Page<W>,
    arrival: &Arrival<'_>,
    taken: &Taken<'_>,
    as_json: bool,
) -> io::Result<()> {
    if as_json {
        return page.json_line(&document(arrival, taken));
    }
    let time = utc(arrival.at_ns);
    let group = arrival.group;
    match taken {
        Taken::Datagram(datagram, seen) => {
            let paint = match seen {
                Seen::Hole(_) | Seen::Restart(_) => Paint::Warn,
                Seen::Late | Seen::Repeat | Seen::Old => Paint::Dim,
                Seen::First(_) | Seen::Next => Paint::Plain,
            };
            page.line(&format!("{time} {group} {}", line(datagram, *seen)), paint)
        }
        Taken::Text(text) => page.line(&format!("{time} {group} text {text}"), Paint::Plain),
        Taken::Rejected(reason) => rejected(page, arrival, reason.name()),
        Taken::RejectedText(reason) => rejected(page, arrival, reason.name()),
        Taken::Beyond => Ok(()),
    }
}

fn rejected<W: Write>(page: &mut Page<W>, arrival: &Arrival<'_>, reason: &str) -> io::Result<()> {
    let (group, bytes) = (arrival.group, arrival.bytes);
    let start = bytes.get(..SHOWN).unwrap_or(bytes);
    let text = format!(
        "{} {group} REJECTED {reason} from {}, {} bytes: {}",
        utc(arrival.at_ns),
        arrival.source,
        bytes.len(),
        hex(start)
    );
    page.line(&text, Paint::Bad)
}

fn line(datagram: &Datagram<'_>, seen: Seen) -> String {
    let counter = datagram.sequence() as u32;
    let mut out = match seen {
        Seen::Next => format!("#{counter}"),
        Seen::Hole(count) => format!("#{counter} ({count} missing before)"),
        other => format!("#{counter} ({})", other.name()),
    };
    let symbol = if datagram.symbol().is_empty() { "-" } else { datagram.symbol() };
    out.push_str(&format!(" {} {symbol} {}", datagram.exchange(), datagram.items.packet().name()));
    if let Items::Book(_) = datagram.items {
        out.push_str(if datagram.is_bid() { " bid" } else { " ask" });
        if !datagram.is_last() {
            out.push_str(" (more)");
        }
    }
    let Value::Array(items) = items(&datagram.items) else { return out };
    for item in &items {
        out.push_str(" [");
        out.push_str(&flat(item));
        out.push(']');
    }
    out
}

/// An item's fields without quotes and braces.
fn flat(item: &Value) -> String {
    let Value::Object(fields) = item else { return item.to_string() };
    let field = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("{name}=-"),
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    fields.iter().map(field).collect::<Vec<_>>().join(" ")
}

fn document(arrival: &Arrival<'_>, taken: &Taken<'_>) -> Value {
    let mut out = json!({
        "group": arrival.group.to_string(),
        "source": arrival.source.to_string(),
        "receive_timestamp": arrival.at_ns,
        "bytes": arrival.bytes.len(),
    });
    let more = match taken {
        Taken::Datagram(datagram, seen) => datagram_document(datagram, *seen),
        Taken::Text(text) => text_document(text),
        Taken::Rejected(reason) => reject_document(arrival.bytes, reason.name()),
        Taken::RejectedText(reason) => reject_document(arrival.bytes, reason.name()),
        Taken::Beyond => json!({ "reject": "monitor_beyond" }),
    };
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    out
}

fn reject_document(bytes: &[u8], reason: &str) -> Value {
    json!({ "reject": reason, "hex": hex(bytes.get(..SHOWN).unwrap_or(bytes)) })
}

fn text_document(line: &TextLine<'_>) -> Value {
    json!({ "type": "text", "exchange": line.exchange(), "text": line.to_string() })
}

fn datagram_document(datagram: &Datagram<'_>, seen: Seen) -> Value {
    json!({
        "type": datagram.items.packet().name(),
        "exchange": datagram.exchange(),
        "nature": datagram.nature().name(),
        "symbol": datagram.symbol(),
        "sequence": datagram.sequence(),
        "seen": seen.name(),
        "missing": seen.missing(),
        "exchange_timestamp": datagram.exchange_timestamp(),
        "local_timestamp": datagram.local_timestamp(),
        "is_last": datagram.is_last(),
        "is_bid": datagram.is_bid(),
        "items": items(&datagram.items),
    })
}

fn side_name(side: u8) -> &'static str {
    TradeSide::from_bits(side).map_or("?", TradeSide::name)
}

/// The items with their fields, prices and quantities as decimal text.
fn items(items: &Items<'_>) -> Value {
    match items {
        Items::Trades(all) => all
            .iter()
            .map(|item| {
                json!({
                    "trade_id": item.trade_id.get(),
                    "price": decimal(item.price.get()),
                    "quantity": decimal(item.quantity.get()),
                    "side": side_name(item.side),
                })
            })
            .collect(),
        Items::Book(all) => all
            .iter()
            .map(|item| {
                json!({
                    "price": decimal(item.price.get()),
                    "quantity": decimal(item.quantity.get()),
                })
            })
            .collect(),
        Items::Statuses(all) => all.iter().map(status).collect(),
        Items::Definition(item) => json!([definition(item)]),
        Items::Heartbeat(item) => json!([Heartbeat::from(*item)]),
        Items::Orders(all) => all
            .iter()
            .map(|item| {
                json!({
                    "kind": Kind::from_number(item.kind).map(Kind::name),
                    "order_id": item.order_id.get(),
                    "price": decimal(item.price.get()),
                    "quantity": decimal(item.quantity.get()),
                    "reference": item.reference.get(),
                    "side": side_name(item.side),
                })
            })
            .collect(),
        Items::Records(all) => all.iter().map(|item| record(&item.to_record())).collect(),
    }
}

fn status(item: &wire::datagram::StatusItem) -> Value {
    let name = |found: Option<&'static str>, code: u8| {
        found.map_or_else(|| Value::from(code), Value::from)
    };
    let book = BookState::from_bits(item.book_state).map(BookState::name);
    let trading = codes::TradingState::from_bits(item.trading_state).map(|state| state.name());
    let cause = codes::BookCause::from_bits(item.cause).map(|cause| cause.name());
    let scope = codes::StatusScope::from_bits(item.scope).map(|scope| scope.name());
    json!({
        "book_state": name(book, item.book_state),
        "cause": name(cause, item.cause),
        "trading_state": name(trading, item.trading_state),
        "scope": name(scope, item.scope),
        "reason": text_of(&item.reason),
        "short_sale": item.short_sale,
        "market": item.market,
        "trades_lost": item.trades_lost.get(),
        "effective_ns": item.effective_ns.get(),
        "lower_band": decimal(item.lower_band.get()),
        "upper_band": decimal(item.upper_band.get()),
        "step": item.step.get(),
    })
}

fn definition(item: &wire::datagram::DefinitionItem) -> Value {
    let class = codes::InstrumentClass::from_bits(item.class).map(|class| class.name());
    let action = codes::DefinitionAction::from_bits(item.action).map(|action| action.name());
    let own = |value: i64, exponent: i8| {
        (value != wire::NONE).then(|| wire::decimal::to_text(value, exponent))
    };
    json!({
        "native_symbol": text_of(&item.native_symbol),
        "canonical": text_of(&item.canonical),
        "instrument": item.instrument.get(),
        "action": action.map_or_else(|| Value::from(item.action), Value::from),
        "class": class.map_or_else(|| Value::from(item.class), Value::from),
        "price_exp": item.price_exp,
        "quantity_exp": item.quantity_exp,
        "multiplier_exp": item.multiplier_exp,
        "flags": item.flags.get(),
        "channel": item.channel.get(),
        "tick": own(item.tick.get(), item.price_exp),
        "lot": own(item.lot.get(), item.quantity_exp),
        "multiplier": own(item.multiplier.get(), item.multiplier_exp),
        "strike": own(item.strike.get(), item.price_exp),
        "expiry": item.expiry.get(),
        "venue_id": item.venue_id.get(),
        "base": text_of(&item.base),
        "quote": text_of(&item.quote),
        "settle": text_of(&item.settle),
    })
}

/// A record in its own exponents, that is, as integers.
fn record(record: &wire::Record) -> Value {
    let mut out = Map::new();
    let kind = record.kind().map_or_else(|| Value::from(record.kind), |kind| kind.name().into());
    out.insert("kind".into(), kind);
    out.insert("instrument".into(), record.instrument.0.into());
    out.insert("step".into(), record.sequence.into());
    out.insert("ts_venue".into(), record.ts_venue.into());
    out.insert("ts_receive".into(), record.ts_receive.into());
    out.insert("book_state".into(), record.quality.state().map(BookState::name).into());
    out.insert("nature".into(), record.quality.nature().map(|nature| nature.name()).into());
    out.insert("side".into(), Side::name(record.quality.get_side()).into());
    for (name, value) in text::fields(record, None) {
        let value = match value {
            text::Value::Nothing => Value::Null,
            text::Value::Unsigned(number) => number.into(),
            text::Value::Signed(number) => number.into(),
            text::Value::Text(text) => text.into(),
        };
        out.insert(name.into(), value);
    }
    Value::Object(out)
}
