//! A snapshot for people: tables on a terminal and at the end, lines where the output is a pipe.

use std::io::{self, Write};

use super::snapshot::{Exchange, Group, Snapshot, Symbol};
use super::socket::RECEIVE_BUFFER;
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::words::{size, span, utc};

/// A publisher that repeats everything within 5 s and is silent for longer is to be looked at.
const SILENT_NS: u64 = 5_000_000_000;

/// A publisher that runs is heard within its heartbeat's interval, s.
const PATIENCE_S: f64 = 2.0;

/// Lines around the symbols: a blank one, the title, the headings, and where the cursor stands.
const AROUND: usize = 4;

/// How many symbols fit on a terminal under everything else of this snapshot.
#[must_use]
pub fn rows(of: &Snapshot, lines: usize) -> usize {
    let rest = Snapshot { symbols: Vec::new(), ..of.clone() };
    let mut page = Page::new(Vec::new(), false);
    if tables(&mut page, &rest, false).is_err() {
        return 0;
    }
    let text = String::from_utf8(page.into_inner()).unwrap_or_default();
    lines.saturating_sub(text.lines().count() + AROUND)
}

/// The whole view. `ladder` shows all levels of the symbols instead of their best.
///
/// # Errors
/// What the writer says.
pub fn tables<W: Write>(page: &mut Page<W>, of: &Snapshot, ladder: bool) -> io::Result<()> {
    head(page, of)?;
    page.heading("groups")?;
    page.table(&groups(&of.groups))?;
    of.groups.iter().try_for_each(|group| warnings(page, group))?;
    if of.exchanges.is_empty() && of.groups.iter().all(|group| group.age_ns.is_none()) {
        if !of.is_final && of.seconds < PATIENCE_S {
            return page.line("  listening", Paint::Dim);
        }
        let text = "  nothing received: does the publisher run, and on this interface?";
        return page.line(text, Paint::Warn);
    }
    if !of.exchanges.is_empty() {
        page.heading("exchanges")?;
        page.table(&exchanges(&of.exchanges))?;
    }
    if !of.symbols.is_empty() {
        let (shown, known) = (of.symbols.len(), of.symbols_known);
        let title = if shown == known {
            format!("symbols: {known}")
        } else {
            format!("symbols: {shown} of {known}, the busiest")
        };
        page.heading(&title)?;
        page.table(&symbols(&of.symbols, of.exchanges.len() > 1))?;
    }
    for (what, count) in &of.beyond {
        let text = format!("  {count} datagrams of further {what} are not remembered");
        page.line(&text, Paint::Warn)?;
    }
    if ladder {
        of.symbols.iter().try_for_each(|symbol| levels(page, symbol))?;
    }
    Ok(())
}

fn head<W: Write>(page: &mut Page<W>, of: &Snapshot) -> io::Result<()> {
    let place = match (&of.interface, &of.capture) {
        (Some(interface), _) => format!("on {interface}, {:.1} s", of.seconds),
        (None, Some(capture)) => format!(
            "capture of {} packets over {:.1} s ({} no UDP, {} elsewhere, {} damaged, {} joined)",
            capture.packets,
            of.seconds,
            capture.not_udp,
            capture.elsewhere,
            capture.damaged,
            capture.joined
        ),
        (None, None) => format!("{:.1} s", of.seconds),
    };
    let what = if of.is_final { "summary" } else { "udp_monitor" };
    page.line(&format!("{what} {place}, {}", utc(of.time_ns)), Paint::Bold)?;
    if of.not_live.is_empty() {
        return Ok(());
    }
    page.line(&format!("NOT LIVE: {}", of.not_live.join(", ")), Paint::Warn)
}

fn age(ns: Option<u64>) -> Cell {
    match ns {
        None => Cell::text("never").paint(Paint::Dim),
        Some(ns) if ns > SILENT_NS => Cell::number(span(ns)).paint(Paint::Warn),
        Some(ns) => Cell::number(span(ns)),
    }
}

fn total(group: &Group) -> u64 {
    group.rejects.values().sum()
}

fn groups(all: &[Group]) -> Table {
    let mut table = Table::new(&[
        "group",
        "datagrams",
        "a second",
        "bytes",
        "text",
        "missing",
        "late",
        "repeated",
        "restarts",
        "rejected",
        "dropped",
        "age",
    ]);
    for group in all {
        let drops =
            group.kernel_drops.map_or_else(|| Cell::text("unknown").paint(Paint::Dim), Cell::loss);
        table.row([
            Cell::text(&group.group),
            Cell::number(group.counts.datagrams),
            Cell::number(format!("{:.1}", group.rate)),
            Cell::number(size(group.counts.bytes)),
            Cell::number(group.text_lines),
            Cell::loss(group.missing),
            Cell::loss(group.late),
            Cell::loss(group.repeats + group.old),
            Cell::loss(group.restarts),
            Cell::loss(total(group)),
            drops,
            age(group.age_ns),
        ]);
    }
    table
}

fn warnings<W: Write>(page: &mut Page<W>, group: &Group) -> io::Result<()> {
    let name = &group.group;
    if !group.rejects.is_empty() {
        let all: Vec<String> =
            group.rejects.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        page.line(&format!("  {name} rejected: {}", all.join(", ")), Paint::Bad)?;
    }
    if group.interleaved != 0 {
        let text = format!("  {name}: two publishers at once; stop one, or give it another group");
        page.line(&text, Paint::Bad)?;
    }
    if group.kernel_drops.is_some_and(|drops| drops != 0) {
        let buffer = group.receive_buffer;
        let fix = if buffer < 2 * RECEIVE_BUFFER {
            "raise net.core.rmem_max"
        } else {
            "give it a core, or fewer groups"
        };
        let text = format!(
            "  {name}: this monitor was too slow, what is missing may be its own loss (buffer {}): \
             {fix}",
            size(buffer as u64)
        );
        page.line(&text, Paint::Bad)?;
    }
    let Some(beat) = &group.heartbeat else { return Ok(()) };
    let bad = beat.records_lost != 0 || beat.send_errors != 0;
    let text = format!(
        "  {name} publisher: {} instruments, {} live books, {} datagrams, {} records read, \
         {} lost, {} book changes conflated, {} unscaled, {} send errors",
        beat.instruments,
        beat.live_books,
        beat.datagrams,
        beat.records,
        beat.records_lost,
        beat.conflated,
        beat.unscaled,
        beat.send_errors
    );
    page.line(&text, if bad { Paint::Bad } else { Paint::Dim })
}

fn exchanges(all: &[Exchange]) -> Table {
    let mut table = Table::new(&[
        "exchange",
        "nature",
        "symbols",
        "live books",
        "connected",
        "trades",
        "a second",
        "datagrams",
        "a second",
        "age",
    ]);
    for of in all {
        let said = &of.said;
        let connected = match (said.connected, said.total) {
            (Some(up), Some(all)) => {
                let paint = if up < all { Paint::Bad } else { Paint::Plain };
                Cell::number(format!("{up}/{all}")).paint(paint)
            }
            _ => Cell::number("-").paint(Paint::Dim),
        };
        let paint = if of.nature == "live" { Paint::Good } else { Paint::Warn };
        table.row([
            Cell::text(&of.exchange),
            Cell::text(of.nature).paint(paint),
            Cell::number(of.symbols),
            Cell::number(said.live_books.map_or_else(|| "-".to_owned(), |n| n.to_string())),
            connected,
            Cell::number(of.counts.trades),
            Cell::number(format!("{:.1}", of.trade_rate)),
            Cell::number(of.counts.datagrams),
            Cell::number(format!("{:.1}", of.rate)),
            age(Some(of.age_ns)),
        ]);
    }
    table
}

/// Best level of a side: price and quantity. An empty side is not an unknown one.
fn best(side: &Option<Vec<[String; 2]>>) -> [Cell; 2] {
    let dim = |text| Cell::number(text).paint(Paint::Dim);
    match side.as_ref().map(|levels| levels.first()) {
        None => [dim("?"), dim("?")],
        Some(None) => [dim("none"), dim("-")],
        Some(Some([price, quantity])) => [Cell::number(price), Cell::number(quantity)],
    }
}

/// The exchange is a column where there are several.
fn symbols(all: &[Symbol], with_exchange: bool) -> Table {
    const HEAD: [&str; 14] = [
        "exchange",
        "symbol",
        "a second",
        "trades",
        "last",
        "quantity",
        "side",
        "bid quantity",
        "bid",
        "ask",
        "ask quantity",
        "book",
        "trading",
        "age",
    ];
    let from = usize::from(!with_exchange);
    let mut table = Table::new(&HEAD[from..]);
    for of in all {
        table.row(symbol(of).into_iter().skip(from));
    }
    table
}

fn symbol(of: &Symbol) -> [Cell; 14] {
    let [bid, bid_quantity] = best(&of.bids);
    let [ask, ask_quantity] = best(&of.asks);
    let last = of.last_trade.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_else(|| "-".to_owned());
    let name = match &of.name {
        Some(name) if *name != of.symbol => format!("{} = {name}", of.symbol),
        _ => of.symbol.clone(),
    };
    [
        Cell::text(&of.exchange),
        Cell::text(name),
        Cell::number(format!("{:.1}", of.rate)),
        Cell::number(of.counts.trades),
        Cell::number(text(last.and_then(|trade| trade.price.as_ref()))),
        Cell::number(text(last.and_then(|trade| trade.quantity.as_ref()))),
        Cell::text(last.map_or("-", |trade| trade.side)),
        bid_quantity,
        bid,
        ask,
        ask_quantity,
        book(of),
        trading(of),
        age(Some(of.age_ns)),
    ]
}

fn book(of: &Symbol) -> Cell {
    match of.book_state {
        None => Cell::text("-").paint(Paint::Dim),
        Some("live") if of.certain => Cell::text("live").paint(Paint::Good),
        // A datagram may be missing from what is shown.
        Some("live") => Cell::text("live?").paint(Paint::Warn),
        Some(state) => Cell::text(state).paint(Paint::Bad),
    }
}

fn trading(of: &Symbol) -> Cell {
    match of.trading_state {
        None => Cell::text("-").paint(Paint::Dim),
        Some("trading") => Cell::text("trading"),
        Some(state) => Cell::text(state).paint(Paint::Warn),
    }
}

fn levels<W: Write>(page: &mut Page<W>, of: &Symbol) -> io::Result<()> {
    page.heading(&format!("book of {} {}", of.exchange, of.symbol))?;
    let none = Vec::new();
    let (bids, asks) = (of.bids.as_ref().unwrap_or(&none), of.asks.as_ref().unwrap_or(&none));
    let mut table = Table::new(&["level", "bid quantity", "bid", "ask", "ask quantity"]);
    for at in 0..bids.len().max(asks.len()) {
        let cell = |side: &Vec<[String; 2]>, part: usize| {
            Cell::number(side.get(at).and_then(|level| level.get(part)).map_or("", String::as_str))
        };
        let cells = [cell(bids, 1), cell(bids, 0), cell(asks, 0), cell(asks, 1)];
        table.row([vec![Cell::number(at + 1)], cells.into()].concat());
    }
    page.table(&table)
}

/// One line a group and exchange, for a pipe.
///
/// # Errors
/// What the writer says.
pub fn lines<W: Write>(page: &mut Page<W>, of: &Snapshot) -> io::Result<()> {
    let time = utc(of.time_ns);
    for group in &of.groups {
        let drops = group.kernel_drops.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
        let text = format!(
            "{time} group {} datagrams={} rate={:.1} text={} missing={} late={} repeated={} \
             restarts={} rejected={} dropped={drops} age={}",
            group.group,
            group.counts.datagrams,
            group.rate,
            group.text_lines,
            group.missing,
            group.late,
            group.repeats + group.old,
            group.restarts,
            total(group),
            group.age_ns.map_or_else(|| "never".to_owned(), span),
        );
        page.line(&text, Paint::Plain)?;
    }
    for exchange in &of.exchanges {
        let text = format!(
            "{time} exchange {} nature={} symbols={} trades={} trade_rate={:.1} datagrams={} \
             rate={:.1} age={}",
            exchange.exchange,
            exchange.nature,
            exchange.symbols,
            exchange.counts.trades,
            exchange.trade_rate,
            exchange.counts.datagrams,
            exchange.rate,
            span(exchange.age_ns),
        );
        page.line(&text, Paint::Plain)?;
    }
    Ok(())
}
