//! What came out of a replay: a table for people, one JSON object for programs.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use wire::decimal::to_text;
use wire::instrument::text_of;
use wire::{Class, Nature, Side};

use crate::lane::Lane;
use crate::publish::Outlet;
use crate::publish::multicast::PublisherReport;
use crate::venue::nasdaq::TablePages;

/// One instrument at the end of the run.
#[derive(Clone, Debug, Serialize)]
pub struct InstrumentReport {
    /// The venue's symbol.
    pub symbol: String,
    /// Best bid; empty if there is none.
    pub bid_price: String,
    /// Quantity there.
    pub bid_quantity: String,
    /// Bid levels.
    pub bid_levels: usize,
    /// Best ask; empty if there is none.
    pub ask_price: String,
    /// Quantity there.
    pub ask_quantity: String,
    /// Ask levels.
    pub ask_levels: usize,
    /// State of the book.
    pub state: &'static str,
}

/// What came out of a replay.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Files, in the order they were played.
    pub files: Vec<String>,
    /// Instance under which seats were offered; empty if none.
    pub instance: String,
    /// What the data is.
    pub nature: &'static str,
    /// Venue messages by type code.
    pub messages: BTreeMap<String, u64>,
    /// Records by class, wanted or not.
    pub records: BTreeMap<&'static str, u64>,
    /// Records by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Gaps declared.
    pub gaps: u64,
    /// Messages that the gaps say are missing.
    pub missing: u64,
    /// References of orders that no book knew.
    pub unknown_references: u64,
    /// Steps that left a book crossed.
    pub crossed: u64,
    /// Steps that left a book locked.
    pub locked: u64,
    /// Everything refused, by reason; only reasons that occurred.
    pub errors: BTreeMap<&'static str, u64>,
    /// Every instrument.
    pub instruments: Vec<InstrumentReport>,
    /// Packets taken.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Sessions begun.
    pub sessions: u64,
    /// Heartbeats of the venue.
    pub heartbeats: u64,
    /// Copies of messages.
    pub copies: u64,
    /// Steps.
    pub steps: u64,
    /// Time from the first packet to the last, s.
    pub elapsed_s: f64,
    /// Venue messages in a second.
    pub rate: f64,
    /// Polls of the lane.
    pub polls: u64,
    /// The longest of them, ns.
    pub longest_poll_ns: u64,
    /// Whether the run was ended before the files were.
    pub interrupted: bool,
    /// How the core polled.
    pub polling: String,
    /// What the tables lie on.
    pub pages: TablePages,
    /// What was sent as multicast datagrams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<PublisherReport>,
}

impl Report {
    /// Reads a lane at the end of its run.
    pub fn of<O: Outlet>(lane: &Lane<O>, rejects: Vec<(&'static str, u64)>) -> Report {
        let counts = &lane.publisher.counts;
        let mut errors: BTreeMap<_, _> = rejects.into_iter().collect();
        errors.extend(counts.rejects().filter(|&(_, n)| n > 0));
        let classes = Class::ALL.into_iter().filter(|&c| c != Class::Derived);
        let messages = counts.messages().map(|(code, n)| (char::from(code).to_string(), n));
        Report {
            files: Vec::new(),
            instance: String::new(),
            nature: lane.publisher.nature().name(),
            messages: messages.collect(),
            records: classes.map(|c| (c.name(), counts.records_of(c))).collect(),
            kinds: counts.records().map(|(kind, n)| (kind.name(), n)).collect(),
            gaps: lane.gaps.declared(),
            missing: lane.gaps.missing(),
            unknown_references: counts.unknown_references(),
            crossed: counts.crossed,
            locked: counts.locked,
            errors,
            instruments: instruments(lane),
            packets: counts.packets,
            bytes: counts.bytes,
            sessions: counts.sessions,
            heartbeats: counts.heartbeats,
            copies: counts.copies,
            steps: counts.steps,
            elapsed_s: 0.0,
            rate: 0.0,
            polls: 0,
            longest_poll_ns: 0,
            interrupted: false,
            polling: String::new(),
            pages: lane.venue.pages(),
            publisher: None,
        }
    }

    /// The report as text for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        out.push_str(&self.summary());
        out.push_str(&two_columns("message", "count", self.messages.iter().map(named_message)));
        let nonzero = self.records.iter().filter(|(_, n)| **n > 0);
        out.push_str(&two_columns("records", "count", nonzero.map(|(c, n)| (c.to_string(), *n))));
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(|(name, n)| (name.to_string(), *n));
            out.push_str(&two_columns("refused", "count", errors));
        }
        if let Some(publisher) = &self.publisher {
            out.push_str(&publisher.to_text());
        }
        out.push_str(&self.instrument_table());
        out
    }

    fn summary(&self) -> String {
        let total: u64 = self.messages.values().sum();
        let ns = if total == 0 { 0.0 } else { self.elapsed_s * 1e9 / total as f64 };
        let nature = match self.nature {
            name if name == Nature::Live.name() => String::new(),
            name => format!("   NOT LIVE: {name}"),
        };
        let ended = if self.interrupted { "   (interrupted)" } else { "" };
        format!(
            "{}{nature}{ended}\n{} messages in {} packets, {:.3} s: {:.2} million/s, {ns:.0} ns \
             a message ({})\ngaps {} ({} messages missing), unknown references {}, crossed {}, \
             locked {}, copies {}\n\n",
            self.files.join(" "),
            total,
            self.packets,
            self.elapsed_s,
            self.rate / 1e6,
            self.polling,
            self.gaps,
            self.missing,
            self.unknown_references,
            self.crossed,
            self.locked,
            self.copies,
        )
    }

    fn instrument_table(&self) -> String {
        const SHOWN: usize = 20;
        let header =
            ["symbol", "state", "bid levels", "bid qty", "bid", "ask", "ask qty", "ask levels"];
        let mut table = plain_table();
        table.set_header(header);
        for one in self.instruments.iter().take(SHOWN) {
            table.add_row([
                one.symbol.clone(),
                one.state.to_owned(),
                one.bid_levels.to_string(),
                one.bid_quantity.clone(),
                one.bid_price.clone(),
                one.ask_price.clone(),
                one.ask_quantity.clone(),
                one.ask_levels.to_string(),
            ]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let more = self.instruments.len().saturating_sub(SHOWN);
        let note = match more {
            0 => String::new(),
            n => format!("  and {n} more instruments: --json has them all\n"),
        };
        format!("{table}\n{note}")
    }
}

fn named_message((code, count): (&String, &u64)) -> (String, u64) {
    let name = code.bytes().next().and_then(protocol::venue::nasdaq::message_name);
    (format!("{code} {}", name.unwrap_or("")), *count)
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn two_columns(name: &str, count: &str, rows: impl Iterator<Item = (String, u64)>) -> String {
    let mut table = plain_table();
    table.set_header([name, count]);
    for (name, count) in rows {
        table.add_row([name, count.to_string()]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

fn instruments<O: Outlet>(lane: &Lane<O>) -> Vec<InstrumentReport> {
    let books = &lane.venue.books;
    let one = |row: &wire::InstrumentRow| {
        let index = row.instrument.index();
        let top = books.best(index);
        let price = |price| to_text(price, row.price_exp);
        let quantity = |price, quantity| match price {
            wire::NONE => String::new(),
            _ => to_text(quantity, row.quantity_exp),
        };
        InstrumentReport {
            symbol: text_of(&row.native_symbol),
            bid_price: price(top.bid_price),
            bid_quantity: quantity(top.bid_price, top.bid_qty),
            bid_levels: books.depth(index, Side::Bid),
            ask_price: price(top.ask_price),
            ask_quantity: quantity(top.ask_price, top.ask_qty),
            ask_levels: books.depth(index, Side::Ask),
            state: lane.venue.book_state(index, &lane.gaps).name(),
        }
    };
    lane.venue.directory.rows().iter().map(one).collect()
}
