//! What is known now, as JSON and the views show it.

use std::collections::BTreeMap;

use serde::Serialize;
use wire::NONE;
use wire::datagram::{HeartbeatItem, SCALE_EXPONENT, TradeSide, nature_of};
use wire::decimal::to_text;
use wire::quality::{BookState, Nature};

use super::book::{BookSide, Level};
use super::capture::CaptureCounts;
use super::counts::Named;
use super::group::GroupState;
use super::state::{Beyond, Monitor};
use super::symbol::{ExchangeState, SymbolState};

/// A multiple of 10^-8 as decimal text; `None` for NONE.
#[must_use]
pub fn decimal(value: i64) -> Option<String> {
    (value != NONE).then(|| to_text(value, SCALE_EXPONENT))
}

/// Everything, at one time.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// When, Unix ns.
    pub time_ns: u64,
    /// Seconds since the monitor's start; of a capture, those that it spans.
    pub seconds: f64,
    /// Last one of this run.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Interface listened on; nothing for a capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// What the capture held besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// Datagrams and text lines that the filters let through.
    pub passed: u64,
    /// Exchanges whose data is not live.
    pub not_live: Vec<String>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Exchanges.
    pub exchanges: Vec<Exchange>,
    /// The busiest symbols.
    pub symbols: Vec<Symbol>,
    /// Symbols known.
    pub symbols_known: usize,
    /// Datagrams of what is not remembered, because too much is.
    pub beyond: BTreeMap<&'static str, u64>,
}

/// Counts of a capture file.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Capture {
    /// Packets.
    pub packets: u64,
    /// Packets that are no UDP datagrams.
    pub not_udp: u64,
    /// Datagrams to other groups.
    pub elsewhere: u64,
    /// Records that could not be used.
    pub damaged: u64,
    /// Packets that held several datagrams in one piece.
    pub joined: u64,
}

/// A group.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Address and port.
    pub group: String,
    /// Counts.
    #[serde(flatten)]
    pub counts: Named,
    /// Text lines.
    pub text_lines: u64,
    /// Everything received a second, over the last interval; at the end, over the whole run.
    pub rate: f64,
    /// Numbers missing now.
    pub missing: u64,
    /// Holes in the numbers.
    pub holes: u64,
    /// Datagrams out of order.
    pub late: u64,
    /// Datagrams that came again.
    pub repeats: u64,
    /// Datagrams too far behind to say which of the two.
    pub old: u64,
    /// Restarts of the publisher.
    pub restarts: u64,
    /// Times that one publisher spoke after another.
    pub interleaved: u64,
    /// Last sequence number.
    pub sequence: Option<u64>,
    /// Unix second of the publisher's start.
    pub publisher_start_s: Option<u32>,
    /// Address of the publisher.
    pub publisher: Option<String>,
    /// Rejects by name.
    pub rejects: BTreeMap<&'static str, u64>,
    /// Dropped by the kernel because we were too slow; null where it does not say.
    pub kernel_drops: Option<u64>,
    /// Receive buffer, bytes; 0 of a capture.
    pub receive_buffer: usize,
    /// Age of the last datagram, ns; null where there was none.
    pub age_ns: Option<u64>,
    /// Time from sending to reception, last, ns; means something where both clocks agree.
    pub transit_ns: u64,
    /// The same, greatest.
    pub transit_max_ns: u64,
    /// Last heartbeat.
    pub heartbeat: Option<Heartbeat>,
}

/// What the publisher says of itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Heartbeat {
    /// When it started, Unix ns.
    pub start_ns: u64,
    /// Datagrams of the group.
    pub datagrams: u64,
    /// Bytes of the group.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Records lost by its seats.
    pub records_lost: u64,
    /// Book changes replaced before they were sent.
    pub conflated: u64,
    /// What 10^-8 could not hold.
    pub unscaled: u64,
    /// Datagrams refused by the system.
    pub send_errors: u64,
    /// Instruments.
    pub instruments: u32,
    /// Live books.
    pub live_books: u32,
    /// Time to the next, ms.
    pub interval_ms: u32,
}

impl From<&HeartbeatItem> for Heartbeat {
    fn from(item: &HeartbeatItem) -> Heartbeat {
        Heartbeat {
            start_ns: item.start_ns.get(),
            datagrams: item.datagrams.get(),
            bytes: item.bytes.get(),
            records: item.records.get(),
            records_lost: item.records_lost.get(),
            conflated: item.conflated.get(),
            unscaled: item.unscaled.get(),
            send_errors: item.send_errors.get(),
            instruments: item.instruments.get(),
            live_books: item.live_books.get(),
            interval_ms: item.interval_ms.get(),
        }
    }
}

/// An exchange.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Name with its prefix.
    pub exchange: String,
    /// `live`, `recorded` or `simulated`.
    pub nature: &'static str,
    /// Symbols seen.
    pub symbols: u64,
    /// Counts.
    #[serde(flatten)]
    pub counts: Named,
    /// Datagrams a second.
    pub rate: f64,
    /// Trades a second.
    pub trade_rate: f64,
    /// Text lines.
    pub text_lines: u64,
    /// What they said.
    pub said: Said,
    /// Age of the last datagram, ns.
    pub age_ns: u64,
}

/// What the last text lines of an exchange said.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Said {
    /// Instruments.
    pub instruments: Option<u64>,
    /// Live books.
    pub live_books: Option<u64>,
    /// Trades sent.
    pub trades: Option<u64>,
    /// Datagrams of books sent.
    pub orderbooks: Option<u64>,
    /// Connections up.
    pub connected: Option<u64>,
    /// Connections down.
    pub disconnected: Option<u64>,
    /// Reconnects.
    pub reconnect_count: Option<u64>,
    /// Connections in all.
    pub total: Option<u64>,
}

/// A symbol.
#[derive(Clone, Debug, Serialize)]
pub struct Symbol {
    /// Exchange with its prefix.
    pub exchange: String,
    /// Symbol as in the header.
    pub symbol: String,
    /// The venue's name; null until its definition comes.
    pub name: Option<String>,
    /// Counts.
    #[serde(flatten)]
    pub counts: Named,
    /// Datagrams a second.
    pub rate: f64,
    /// Trades a second.
    pub trade_rate: f64,
    /// Sum of trade quantities.
    pub volume: String,
    /// Last trade.
    pub last_trade: Option<LastTrade>,
    /// State of the book; null where nothing was said.
    pub book_state: Option<&'static str>,
    /// State of trading; null where nothing was said.
    pub trading_state: Option<&'static str>,
    /// Bids, best first; null until the whole side has come.
    pub bids: Option<Vec<[String; 2]>>,
    /// Asks likewise.
    pub asks: Option<Vec<[String; 2]>>,
    /// Whether nothing can be missing from both sides.
    pub certain: bool,
    /// Sides of which the end never came.
    pub broken: u64,
    /// Age of the last datagram, ns.
    pub age_ns: u64,
}

/// A trade.
#[derive(Clone, Debug, Serialize)]
pub struct LastTrade {
    /// Its number.
    pub trade_id: u64,
    /// Price.
    pub price: Option<String>,
    /// Quantity.
    pub quantity: Option<String>,
    /// Aggressor.
    pub side: &'static str,
    /// The venue's time, Unix ns.
    pub exchange_timestamp: u64,
}

/// How much is shown, and of when.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Now, Unix ns; of a capture, the time of its last packet.
    pub now_ns: u64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Last view of the run.
    pub is_final: bool,
    /// Most symbols.
    pub top: usize,
    /// Most levels a side.
    pub depth: usize,
}

impl From<CaptureCounts> for Capture {
    fn from(counts: CaptureCounts) -> Capture {
        let CaptureCounts { packets, not_udp, elsewhere, damaged, joined } = counts;
        Capture { packets, not_udp, elsewhere, damaged, joined }
    }
}

impl Snapshot {
    /// What the monitor knows.
    #[must_use]
    pub fn of(monitor: &Monitor, scope: Scope) -> Snapshot {
        let now = scope.now_ns;
        let not_live = |of: &&ExchangeState| nature_of(&of.name) != Nature::Live;
        let names = monitor.exchanges.iter().filter(not_live).map(|of| of.name.clone());
        let mut exchanges: Vec<Exchange> =
            monitor.exchanges.iter().map(|of| exchange(of, now)).collect();
        exchanges.sort_by(|a, b| a.exchange.cmp(&b.exchange));
        Snapshot {
            time_ns: now,
            seconds: (scope.seconds * 1e3).round() / 1e3,
            is_final: scope.is_final,
            interface: None,
            capture: None,
            passed: monitor.passed,
            not_live: names.collect(),
            groups: monitor.groups.iter().map(|of| group(of, now)).collect(),
            exchanges,
            symbols: symbols(monitor, scope),
            symbols_known: monitor.symbols.len(),
            beyond: beyond(monitor.beyond),
        }
    }
}

fn beyond(of: Beyond) -> BTreeMap<&'static str, u64> {
    let all = [("groups", of.groups), ("exchanges", of.exchanges), ("symbols", of.symbols)];
    all.into_iter().filter(|(_, count)| *count != 0).collect()
}

/// The busiest first: by rate, then by count, then by name.
fn symbols(monitor: &Monitor, scope: Scope) -> Vec<Symbol> {
    let mut order: Vec<&SymbolState> = monitor.symbols.iter().collect();
    order.sort_by(|a, b| {
        let busy = b.rate.get().total_cmp(&a.rate.get());
        let many = b.counts.total().cmp(&a.counts.total());
        busy.then(many).then_with(|| (&a.exchange, &a.symbol).cmp(&(&b.exchange, &b.symbol)))
    });
    order.into_iter().take(scope.top).map(|of| symbol(of, scope)).collect()
}

fn group(of: &GroupState, now: u64) -> Group {
    let counts = of.stream.counts();
    let current = of.stream.current();
    Group {
        group: of.address.to_string(),
        counts: of.counts.named(),
        text_lines: of.text_lines,
        rate: of.rate.get(),
        missing: counts.missing,
        holes: counts.holes,
        late: counts.late,
        repeats: counts.repeats,
        old: counts.old,
        restarts: counts.restarts,
        interleaved: counts.interleaved,
        sequence: current.map(|(number, _, _)| number),
        publisher_start_s: current.map(|(_, start, _)| start),
        publisher: current.map(|(_, _, source)| source.to_string()),
        rejects: of.rejects().collect(),
        kernel_drops: of.kernel_drops,
        receive_buffer: of.receive_buffer,
        age_ns: (of.last_ns != 0).then(|| now.saturating_sub(of.last_ns)),
        transit_ns: of.transit_ns.1,
        transit_max_ns: of.transit_ns.0,
        heartbeat: of.heartbeat.as_ref().map(Heartbeat::from),
    }
}

fn exchange(of: &ExchangeState, now: u64) -> Exchange {
    let conn = |at: usize| of.said.conn.and_then(|conn| conn.get(at).copied());
    Exchange {
        exchange: of.name.clone(),
        nature: nature_of(&of.name).name(),
        symbols: of.symbols,
        counts: of.counts.named(),
        rate: of.rate.get(),
        trade_rate: of.trade_rate.get(),
        text_lines: of.text_lines,
        said: Said {
            instruments: of.said.exchange.map(|said| said.0),
            live_books: of.said.exchange.map(|said| said.1),
            trades: of.said.stats.map(|said| said.0),
            orderbooks: of.said.stats.map(|said| said.1),
            connected: conn(0),
            disconnected: conn(1),
            reconnect_count: conn(2),
            total: conn(3),
        },
        age_ns: now.saturating_sub(of.last_ns),
    }
}

fn levels(side: &BookSide, depth: usize) -> Option<Vec<[String; 2]>> {
    let text = |value| decimal(value).unwrap_or_default();
    let show = |&(price, quantity): &Level| [text(price), text(quantity)];
    side.is_known().then(|| side.levels().iter().take(depth).map(show).collect())
}

/// A sum of multiples of 10^-8 as text, whatever its size.
fn sum_text(sum: i128) -> String {
    if let Ok(value) = i64::try_from(sum) {
        return to_text(value, SCALE_EXPONENT);
    }
    const UNIT: u128 = 100_000_000;
    let (whole, part) = (sum.unsigned_abs() / UNIT, sum.unsigned_abs() % UNIT);
    let sign = if sum < 0 { "-" } else { "" };
    let text = format!("{sign}{whole}.{part:08}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn symbol(of: &SymbolState, scope: Scope) -> Symbol {
    Symbol {
        exchange: of.exchange.clone(),
        symbol: of.symbol.clone(),
        name: of.name.clone(),
        counts: of.counts.named(),
        rate: of.rate.get(),
        trade_rate: of.trade_rate.get(),
        volume: sum_text(of.volume),
        last_trade: of.last_trade.map(|(item, exchange_timestamp)| LastTrade {
            trade_id: item.trade_id.get(),
            price: decimal(item.price.get()),
            quantity: decimal(item.quantity.get()),
            side: TradeSide::from_bits(item.side).map_or("?", TradeSide::name),
            exchange_timestamp,
        }),
        book_state: of.book_state.map(BookState::name),
        trading_state: of.trading_state.map(|state| state.name()),
        bids: levels(&of.bid, scope.depth),
        asks: levels(&of.ask, scope.depth),
        certain: of.bid.is_certain() && of.ask.is_certain(),
        broken: of.bid.broken + of.ask.broken,
        age_ns: scope.now_ns.saturating_sub(of.last_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_any_size() {
        assert_eq!(sum_text(150_000_000), "1.5");
        assert_eq!(sum_text(i128::from(i64::MAX) + 1), "92233720368.54775808");
        assert_eq!(sum_text(-100_000_000_000_000_000_000), "-1000000000000");
    }
}
