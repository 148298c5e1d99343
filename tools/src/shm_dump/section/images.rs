//! Images: the latest state of every instrument, or one whole book.
//!
//! The state shown is the worse of the image's own and of the instance's life: a live book whose
//! owner is dead or stalled is stale. Images are `wire`'s, so those of another release are not
//! decoded.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use shm::images::{ImageReader, PAYLOAD_WORDS};
use shm::mapping::MappedLines;
use wire::codes::TradingState;
use wire::image::{IMAGE_WORDS, ImageLevel};
use wire::text::Exponents;
use wire::{BookState, Image};

use super::instruments::decimal;
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::state::State;
use crate::inspect::words::utc;
use crate::shm_dump::symbols::Symbols;

/// A level of a book.
#[derive(Debug, Serialize)]
pub struct LevelRow {
    price: Option<String>,
    quantity: Option<String>,
    /// `None` if the venue does not say.
    orders: Option<u32>,
}

/// The latest state of an instrument.
#[derive(Debug, Serialize)]
pub struct ImageRow {
    symbol: String,
    id: u32,
    state: &'static str,
    nature: &'static str,
    trading: String,
    bids: Vec<LevelRow>,
    asks: Vec<LevelRow>,
    trade_price: Option<String>,
    trade_quantity: Option<String>,
    trades: u64,
    volume: Option<String>,
    mark: Option<String>,
    index: Option<String>,
    /// 10^-12.
    funding_rate: Option<String>,
    sequence: u64,
    ts_venue: u64,
    ts_receive: u64,
}

/// The images of a producer.
#[derive(Debug, Serialize)]
pub struct Images {
    /// Images that were ever written.
    written: u64,
    /// How many of each book state.
    states: BTreeMap<&'static str, u64>,
    /// Images that were being written while they were read.
    unreadable: u64,
    /// `false` where they are of another release and are not decoded.
    decoded: bool,
    /// The whole book of the one symbol that was asked for is shown.
    #[serde(skip)]
    whole: bool,
    rows: Vec<ImageRow>,
}

/// Which images are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want<'a> {
    /// How many of each state.
    Sums,
    /// The best level and the last trade of each.
    Tops,
    /// All levels of one symbol.
    Book(&'a str),
}

/// Copies the images.
pub fn read(
    reader: &ImageReader<MappedLines>,
    symbols: &mut Symbols,
    life: State,
    ours: bool,
    want: Want<'_>,
) -> Images {
    let mut found = Images {
        written: 0,
        states: BTreeMap::new(),
        unreadable: 0,
        decoded: ours,
        whole: matches!(want, Want::Book(_)),
        rows: Vec::new(),
    };
    for index in 0..reader.room() {
        if reader.version(index).is_none_or(|version| version == 0) {
            continue;
        }
        found.written += 1;
        if !ours {
            continue;
        }
        let Some(image) = copy(reader, index) else {
            found.unreadable += 1;
            continue;
        };
        *found.states.entry(state(&image, life)).or_default() += 1;
        let symbol = symbols.label(image.instrument);
        match want {
            Want::Sums => {}
            Want::Tops => found.rows.push(row(&image, symbol, symbols, life, 1)),
            Want::Book(wanted) if symbol == wanted => {
                found.rows.push(row(&image, symbol, symbols, life, usize::MAX));
            }
            Want::Book(_) => {}
        }
    }
    found
}

fn copy(reader: &ImageReader<MappedLines>, index: u32) -> Option<Image> {
    let mut words = [0; IMAGE_WORDS];
    let (version, payload) = words.split_first_mut()?;
    *version = reader.read(index, payload.get_mut(..PAYLOAD_WORDS)?).ok()?;
    Some(Image::from_words(words))
}

/// State of a book whose owner stands so.
fn state(image: &Image, life: State) -> &'static str {
    match image.quality.state() {
        Some(BookState::Live) if life != State::Alive => BookState::Stale.name(),
        Some(state) => state.name(),
        None => "unknown",
    }
}

fn row(
    image: &Image,
    symbol: String,
    symbols: &mut Symbols,
    life: State,
    levels: usize,
) -> ImageRow {
    let exponents = symbols.get(image.instrument).map(|symbol| symbol.exponents);
    // Without a row in the table the numbers are shown as they are.
    let Exponents { price, quantity } = exponents.unwrap_or(Exponents { price: 0, quantity: 0 });
    let level = |(level, orders): (ImageLevel, u32)| LevelRow {
        price: decimal(level.price, price),
        quantity: decimal(level.quantity, quantity),
        orders: (orders != u32::MAX).then_some(orders),
    };
    let trading = TradingState::from_bits(image.status);
    ImageRow {
        symbol,
        id: image.instrument.0,
        state: state(image, life),
        nature: image.quality.nature().map_or("unknown", |nature| nature.name()),
        trading: trading.map_or_else(|| image.status.to_string(), |s| s.name().to_string()),
        bids: image.bid_side().take(levels).map(level).collect(),
        asks: image.ask_side().take(levels).map(level).collect(),
        trade_price: decimal(image.trade_price, price),
        trade_quantity: decimal(image.trade_quantity, quantity),
        trades: image.trades,
        volume: decimal(image.volume, quantity),
        mark: decimal(image.mark, price),
        index: decimal(image.index, price),
        funding_rate: decimal(image.funding_rate, -12),
        sequence: image.sequence,
        ts_venue: image.ts_venue,
        ts_receive: image.ts_receive,
    }
}

fn or_dash(value: Option<&String>) -> Cell {
    Cell::number(value.map_or("-", String::as_str))
}

impl LevelRow {
    fn cells(&self) -> [Cell; 3] {
        let orders = self.orders.map_or_else(|| Cell::number("?"), Cell::number);
        [or_dash(self.price.as_ref()), or_dash(self.quantity.as_ref()), orders]
    }
}

impl ImageRow {
    fn paint(&self) -> Paint {
        match self.state {
            "live" => Paint::Good,
            "none" => Paint::Dim,
            "building" => Paint::Warn,
            _ => Paint::Bad,
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let best = |side: &[LevelRow]| {
            let cells = side.first().map(LevelRow::cells);
            cells.map_or([Cell::number("-"), Cell::number("-")], |[price, size, _]| [price, size])
        };
        let [bid, bid_size] = best(&self.bids);
        let [ask, ask_size] = best(&self.asks);
        let state = Cell::text(self.state).paint(self.paint());
        vec![
            Cell::text(&self.symbol).paint(Paint::Bold),
            state,
            Cell::text(self.nature),
            Cell::text(&self.trading),
            bid_size,
            bid,
            ask,
            ask_size,
            or_dash(self.trade_price.as_ref()),
            Cell::number(self.trades),
            or_dash(self.volume.as_ref()),
            Cell::text(utc(self.ts_receive)),
        ]
    }

    fn print_book<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let (symbol, state, nature, trading) =
            (&self.symbol, self.state, self.nature, &self.trading);
        page.line(&format!("  {symbol}: {state}, {nature}, trading {trading}"), self.paint())?;
        let (step, received) = (self.sequence, utc(self.ts_receive));
        page.line(&format!("  step {step}, received {received}"), Paint::Dim)?;
        let price = self.trade_price.as_deref().unwrap_or("-");
        let quantity = self.trade_quantity.as_deref().unwrap_or("-");
        let volume = self.volume.as_deref().unwrap_or("-");
        let line = format!(
            "  last trade {quantity} at {price}; {} trades of {volume} in the session",
            self.trades
        );
        page.line(&line, Paint::Plain)?;
        let head = ["orders", "bid size", "bid", "ask", "ask size", "orders"];
        let mut table = Table::new(&head);
        let none = || [Cell::number(""), Cell::number(""), Cell::number("")];
        for at in 0..self.bids.len().max(self.asks.len()) {
            let side = |side: &[LevelRow]| side.get(at).map_or_else(none, LevelRow::cells);
            let ([bid, bid_size, bid_orders], [ask, ask_size, ask_orders]) =
                (side(&self.bids), side(&self.asks));
            table.row([bid_orders, bid_size, bid, ask, ask_size, ask_orders]);
        }
        page.table(&table)
    }
}

const HEAD: [&str; 12] = [
    "symbol", "state", "nature", "trading", "bid size", "bid", "ask", "ask size", "last", "trades",
    "volume", "received",
];

impl Images {
    /// Whether the symbol that was asked for has an image.
    pub fn is_found(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Shows the images.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        if self.whole {
            return self.rows.iter().try_for_each(|row| row.print_book(page));
        }
        let states: Vec<String> =
            self.states.iter().map(|(name, n)| format!("{n} {name}")).collect();
        let what = match (self.decoded, states.is_empty()) {
            (false, _) => String::from(": of another release, not decoded"),
            (true, true) => String::new(),
            (true, false) => format!(": {}", states.join(", ")),
        };
        page.line(&format!("  {} images{what}", self.written), Paint::Plain)?;
        if self.unreadable > 0 {
            let line = format!("  {} were being written while read", self.unreadable);
            page.line(&line, Paint::Warn)?;
        }
        let mut table = Table::new(&HEAD);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        page.table(&table)
    }
}
