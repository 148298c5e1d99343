//! A book as plain as can be, and the checks that any valid session passes.
#![allow(dead_code)] // Each test file uses its part.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use protocol::venue::nasdaq::codes::{Side, TradingState};
use protocol::venue::nasdaq::file::{Frame, next};
use protocol::venue::nasdaq::{Message, decode, trim};
use tools::venue_sim::oracle::{OracleBook, OracleLevel};

/// Price levels of one side, each a queue of reference and shares.
type Levels = BTreeMap<u32, Vec<(u64, u32)>>;

#[derive(Default)]
struct Book {
    symbol: String,
    bids: Levels,
    asks: Levels,
    trading: bool,
}

impl Book {
    fn levels(&mut self, side: Side) -> &mut Levels {
        if side == Side::Buy { &mut self.bids } else { &mut self.asks }
    }
}

/// What a session was found to be.
#[derive(Default)]
pub struct Replay {
    pub messages: u64,
    pub types: BTreeMap<char, u64>,
    pub printed: u64,
    books: BTreeMap<u16, Book>,
    orders: HashMap<u64, (u16, Side, u32)>,
    references: HashSet<u64>,
    matches: HashSet<u64>,
    last_ns: u64,
}

/// Replays a file and checks after each message: time does not run back, references and matches
/// are new where they must be and known where they must be, nothing executes more than it has, and
/// no trading book is crossed or locked.
pub fn replay(file: &[u8]) -> Replay {
    let mut replay = Replay::default();
    let mut rest = file;
    loop {
        match next(rest, true) {
            Frame::Message { bytes, consumed } => {
                let message = decode(bytes).expect("a message of the specification");
                replay.message(&message);
                rest = &rest[consumed..];
            }
            Frame::End => return replay,
            other => panic!("the file is not whole: {other:?}"),
        }
    }
}

impl Replay {
    /// Takes the next message.
    pub fn message(&mut self, message: &Message<'_>) {
        self.messages += 1;
        *self.types.entry(char::from(message.code())).or_default() += 1;
        assert!(message.timestamp() >= self.last_ns, "time runs back");
        assert!(message.timestamp() < 86_400_000_000_000, "beyond the day");
        self.last_ns = message.timestamp();
        let locate = message.locate();
        match message {
            Message::StockDirectory(m) => {
                let symbol = String::from_utf8(trim(&m.stock).to_vec()).expect("ASCII");
                let book = Book { symbol, ..Book::default() };
                assert!(self.books.insert(locate, book).is_none(), "a second directory");
            }
            Message::TradingAction(m) => {
                let trading = m.state() == Some(TradingState::Trading);
                self.book(locate).trading = trading;
            }
            Message::AddOrder(m) => {
                let side = m.side().expect("a side");
                self.stock(locate, m.stock);
                self.add(m.reference.get(), locate, side, m.shares.get(), m.price.get());
            }
            Message::AddOrderAttributed(m) => {
                let side = m.side().expect("a side");
                self.stock(locate, m.stock);
                self.add(m.reference.get(), locate, side, m.shares.get(), m.price.get());
            }
            Message::OrderExecuted(m) => {
                self.matched(m.match_number.get());
                self.printed += u64::from(m.executed.get());
                self.take(m.reference.get(), locate, m.executed.get());
            }
            Message::OrderExecutedWithPrice(m) => {
                self.matched(m.match_number.get());
                self.take(m.reference.get(), locate, m.executed.get());
            }
            Message::OrderCancel(m) => self.take(m.reference.get(), locate, m.cancelled.get()),
            Message::OrderDelete(m) => drop(self.remove(m.reference.get(), locate)),
            Message::OrderReplace(m) => {
                let side = self.remove(m.original.get(), locate);
                self.add(m.reference.get(), locate, side, m.shares.get(), m.price.get());
            }
            Message::Trade(m) => self.matched(m.match_number.get()),
            Message::CrossTrade(m) => self.matched(m.match_number.get()),
            Message::BrokenTrade(m) => {
                assert!(self.matches.contains(&m.match_number.get()), "an unknown match is void");
            }
            _ => {}
        }
        if locate != 0 {
            self.check_crossed(locate);
        }
    }

    fn book(&mut self, locate: u16) -> &mut Book {
        self.books.get_mut(&locate).expect("a directory message before others")
    }

    fn stock(&mut self, locate: u16, stock: [u8; 8]) {
        assert_eq!(self.book(locate).symbol.as_bytes(), trim(&stock));
    }

    fn matched(&mut self, number: u64) {
        assert!(self.matches.insert(number), "match {number} comes twice");
    }

    fn add(&mut self, reference: u64, locate: u16, side: Side, shares: u32, price: u32) {
        assert!(self.references.insert(reference), "reference {reference} comes twice");
        assert!(shares > 0 && price > 0, "an order of nothing");
        self.orders.insert(reference, (locate, side, price));
        self.book(locate).levels(side).entry(price).or_default().push((reference, shares));
    }

    fn take(&mut self, reference: u64, locate: u16, shares: u32) {
        let (of, side, price) = *self.orders.get(&reference).expect("a known order");
        assert_eq!(of, locate, "another instrument's order");
        let queue = self.book(locate).levels(side).get_mut(&price).expect("its level");
        let order = queue.iter_mut().find(|order| order.0 == reference).expect("in its queue");
        order.1 = order.1.checked_sub(shares).expect("no more than it has");
        if order.1 == 0 {
            self.remove(reference, locate);
        }
    }

    fn remove(&mut self, reference: u64, locate: u16) -> Side {
        let (of, side, price) = self.orders.remove(&reference).expect("a known order");
        assert_eq!(of, locate, "another instrument's order");
        let levels = self.book(locate).levels(side);
        let queue = levels.get_mut(&price).expect("its level");
        queue.retain(|order| order.0 != reference);
        if queue.is_empty() {
            levels.remove(&price);
        }
        side
    }

    fn check_crossed(&mut self, locate: u16) {
        let Some(book) = self.books.get(&locate).filter(|book| book.trading) else { return };
        let (bid, ask) = (book.bids.last_key_value(), book.asks.first_key_value());
        if let (Some((bid, _)), Some((ask, _))) = (bid, ask) {
            assert!(bid < ask, "{} is crossed: {bid} {ask}", book.symbol);
        }
    }

    /// How many orders rest.
    pub fn live(&self) -> usize {
        self.orders.len()
    }

    /// The levels of one instrument's side, best first.
    pub fn levels(&self, locate: u16, side: Side) -> Vec<OracleLevel> {
        let level = |(price, orders): (&u32, &Vec<(u64, u32)>)| OracleLevel {
            price: *price,
            quantity: orders.iter().map(|order| u64::from(order.1)).sum(),
            orders: orders.clone(),
        };
        let Some(book) = self.books.get(&locate) else { return vec![] };
        match side {
            Side::Buy => book.bids.iter().rev().map(level).collect(),
            Side::Sell => book.asks.iter().map(level).collect(),
        }
    }

    /// The books in the oracle's form.
    pub fn books(&self) -> Vec<OracleBook> {
        self.books
            .iter()
            .map(|(locate, book)| OracleBook {
                symbol: book.symbol.clone(),
                locate: *locate,
                bids: self.levels(*locate, Side::Buy),
                asks: self.levels(*locate, Side::Sell),
            })
            .collect()
    }
}

/// The records of one locate, with their lengths.
pub fn one_symbol(file: &[u8], locate: u16) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), file);
    while let Frame::Message { bytes, consumed } = next(rest, true) {
        if decode(bytes).expect("a message").locate() == locate {
            out.extend_from_slice(&rest[..consumed]);
        }
        rest = &rest[consumed..];
    }
    out
}

/// The folder of recordings; says so and gives `None` where it is not set.
pub fn recordings(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOTLANE_DATA").map(PathBuf::from);
    if folder.is_none() {
        e2e::skipped(test, "HOTLANE_DATA is not set");
    }
    folder
}
