//! The feed, written naively from the venue's rules: MoldUDP64's gap rule and the book-building
//! table of ITCH 5.0. One vector of orders, in the order of their arrival, is all its books.

use std::collections::{BTreeMap, BTreeSet};

/// A resting order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub reference: u64,
    pub stock: String,
    pub side: u8,
    pub price: i64,
    pub shares: i64,
}

/// A print: stock, price, shares, match number.
pub type Print = (String, i64, i64, u64);

/// A level: price, shares, orders.
pub type TwinLevel = (i64, i64, u32);

/// What the venue's rules make of a feed.
#[derive(Clone, Debug, Default)]
pub struct Twin {
    session: Option<[u8; 10]>,
    over: Vec<[u8; 10]>,
    /// Number that comes next.
    pub expected: u64,
    /// Missing ranges, in order, of all sessions.
    pub gaps: Vec<(u64, u64)>,
    /// Sessions begun.
    pub sessions: u64,
    /// Messages that came again.
    pub copies: u64,
    /// Packets of sessions that are over.
    pub late: u64,
    /// Messages taken.
    pub taken: u64,
    /// Book events that contradict the book.
    pub contradictions: u64,
    /// Messages about a locate that nothing has named.
    pub strangers: u64,
    locates: BTreeMap<u16, String>,
    /// Stocks in order of their first appearance, over all sessions.
    pub stocks: Vec<String>,
    /// Orders in order of arrival: the queue of a price is a subsequence.
    pub orders: Vec<Order>,
    /// Prints in order.
    pub prints: Vec<Print>,
    gap_in_session: bool,
    doubtful: BTreeSet<String>,
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

impl Twin {
    /// Takes a packet.
    pub fn packet(&mut self, bytes: &[u8]) {
        let session: [u8; 10] = bytes[..10].try_into().expect("ten bytes");
        let (first, count) = (number(&bytes[10..18]), number(&bytes[18..20]));
        let count = if count == 0xFFFF { 0 } else { count };
        if self.session != Some(session) {
            if self.over.contains(&session) {
                self.late += 1;
                return;
            }
            self.begin_session(session);
        }
        if first > self.expected {
            self.gaps.push((self.expected, first));
            self.gap_in_session = true;
            self.expected = first;
        }
        let mut at = 20;
        for n in first..first + count {
            let end = at + 2 + number(&bytes[at..at + 2]) as usize;
            if n == self.expected {
                self.expected += 1;
                self.taken += 1;
                self.message(&bytes[at + 2..end]);
            } else {
                self.copies += 1;
            }
            at = end;
        }
    }

    fn begin_session(&mut self, session: [u8; 10]) {
        self.over.extend(self.session.replace(session));
        self.sessions += 1;
        self.expected = 1;
        self.locates.clear();
        self.orders.clear();
        self.gap_in_session = false;
        self.doubtful.clear();
    }

    /// Whether nothing speaks against the book of a stock.
    pub fn is_live(&self, stock: &str) -> bool {
        !self.gap_in_session && !self.doubtful.contains(stock)
    }

    fn stock_of(&mut self, locate: u16, name: Option<&[u8]>) -> Option<String> {
        if let Some(known) = self.locates.get(&locate) {
            return Some(known.clone());
        }
        let Some(name) = name else {
            self.strangers += 1;
            return None;
        };
        let name = String::from_utf8_lossy(name).trim_end().to_owned();
        self.locates.insert(locate, name.clone());
        if !self.stocks.contains(&name) {
            self.stocks.push(name.clone());
        }
        Some(name)
    }

    /// Takes a message by itself.
    pub fn message(&mut self, m: &[u8]) {
        let locate = number(&m[1..3]) as u16;
        match m[0] {
            b'A' | b'F' => self.add(locate, m),
            b'E' => self.reduce(locate, m, |twin, order, shares| {
                let number = number(&m[23..31]);
                twin.prints.push((order.stock.clone(), order.price, shares, number));
            }),
            b'C' => self.reduce(locate, m, |twin, order, shares| {
                if m[31] == b'Y' {
                    let (number, price) = (number(&m[23..31]), number(&m[32..36]) as i64);
                    twin.prints.push((order.stock.clone(), price, shares, number));
                }
            }),
            b'X' => self.reduce(locate, m, |_, _, _| {}),
            b'D' => {
                if let Some(at) = self.resting(locate, m) {
                    self.orders.remove(at);
                }
            }
            b'U' => self.replace(locate, m),
            b'P' => {
                let (shares, price) = (number(&m[20..24]) as i64, number(&m[32..36]) as i64);
                let print = (price, shares, number(&m[36..44]));
                self.print(locate, &m[24..32], print);
            }
            b'Q' => {
                let (shares, price) = (number(&m[11..19]) as i64, number(&m[27..31]) as i64);
                let print = (price, shares, number(&m[31..39]));
                self.print(locate, &m[19..27], print);
            }
            b'B' => _ = self.stock_of(locate, None),
            b'R' | b'H' | b'Y' | b'K' | b'J' | b'h' | b'N' | b'O' => {
                self.stock_of(locate, Some(&m[11..19]));
            }
            b'L' => _ = self.stock_of(locate, Some(&m[15..23])),
            b'I' => _ = self.stock_of(locate, Some(&m[28..36])),
            b'S' | b'V' | b'W' => {}
            other => panic!("the twin knows no {other}"),
        }
    }

    fn print(&mut self, locate: u16, name: &[u8], (price, shares, number): (i64, i64, u64)) {
        let Some(stock) = self.stock_of(locate, Some(name)) else { return };
        if shares > 0 {
            self.prints.push((stock, price, shares, number));
        }
    }

    fn contradiction(&mut self, stock: &str) {
        self.contradictions += 1;
        self.doubtful.insert(stock.to_owned());
    }

    fn add(&mut self, locate: u16, m: &[u8]) {
        let stock = self.stock_of(locate, Some(&m[24..32])).expect("it carries its symbol");
        let (reference, side) = (number(&m[11..19]), m[19]);
        let (shares, price) = (number(&m[20..24]) as i64, number(&m[32..36]) as i64);
        let known = self.orders.iter().any(|order| order.reference == reference);
        if known || shares == 0 {
            return self.contradiction(&stock);
        }
        self.orders.push(Order { reference, stock, side, price, shares });
    }

    /// Place of the order that a message is about.
    fn resting(&mut self, locate: u16, m: &[u8]) -> Option<usize> {
        let stock = self.stock_of(locate, None)?;
        let reference = number(&m[11..19]);
        let is_it = |o: &Order| o.reference == reference && o.stock == stock;
        let found = self.orders.iter().position(is_it);
        if found.is_none() {
            self.contradiction(&stock);
        }
        found
    }

    /// E, C, X: shares off an order. More than it has takes all of it, and is no print.
    fn reduce(&mut self, locate: u16, m: &[u8], done: impl Fn(&mut Twin, &Order, i64)) {
        let Some(at) = self.resting(locate, m) else { return };
        let shares = number(&m[19..23]) as i64;
        let order = self.orders[at].clone();
        if shares == 0 {
            return self.contradiction(&order.stock);
        }
        if shares >= order.shares {
            self.orders.remove(at);
        } else {
            self.orders[at].shares -= shares;
        }
        if shares > order.shares {
            return self.contradiction(&order.stock);
        }
        done(self, &order, shares);
    }

    fn replace(&mut self, locate: u16, m: &[u8]) {
        let Some(at) = self.resting(locate, m) else { return };
        let (reference, shares) = (number(&m[19..27]), number(&m[27..31]) as i64);
        let stock = self.orders[at].stock.clone();
        let known = self.orders.iter().any(|order| order.reference == reference);
        if known || shares == 0 {
            return self.contradiction(&stock);
        }
        let price = number(&m[31..35]) as i64;
        let old = self.orders.remove(at);
        self.orders.push(Order { reference, shares, price, ..old });
    }

    /// Orders of a side, best price first, then in the order of their queue: reference, price,
    /// shares.
    pub fn queue(&self, stock: &str, side: u8) -> Vec<(u64, i64, i64)> {
        let mine = self.orders.iter().filter(|o| o.stock == stock && o.side == side);
        let mut queue: Vec<_> = mine.map(|o| (o.reference, o.price, o.shares)).collect();
        // Stable, so orders of one price stay in the order of their arrival.
        queue.sort_by_key(|&(_, price, _)| if side == b'B' { -price } else { price });
        queue
    }

    /// Levels of a side, best first.
    pub fn levels(&self, stock: &str, side: u8) -> Vec<TwinLevel> {
        let mut levels: Vec<TwinLevel> = Vec::new();
        for (_, price, shares) in self.queue(stock, side) {
            match levels.last_mut().filter(|level| level.0 == price) {
                Some(level) => {
                    level.1 += shares;
                    level.2 += 1;
                }
                None => levels.push((price, shares, 1)),
            }
        }
        levels
    }

    /// Messages declared missing.
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|(first, end)| end - first).sum()
    }
}
