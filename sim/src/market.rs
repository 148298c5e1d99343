//! The market of a run: sessions of valid messages, and the true books behind them.
//!
//! Few prices and long queues, so that a wrong place in a queue shows at once. Every session gives
//! the stocks other locates and begins its references anew; numbers of matches go on, so that a
//! trade of one session is never taken for one of another.

use tools::venue_sim::serve::SnapshotSource;
use wire::Side;

use crate::itch::{self, Head};
use crate::random::Random;
use crate::truth::{Books, Change};

/// A printed trade: number of the match, stock, shares, price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Number of the match.
    pub number: u64,
    /// Stock.
    pub stock: u16,
    /// Shares.
    pub shares: u32,
    /// Price, 10^-4.
    pub price: u32,
}

/// A message and what it does.
#[derive(Clone, Debug)]
pub struct Message {
    /// ns since midnight, as in its bytes.
    pub time: u64,
    /// As the venue sends it.
    pub bytes: Box<[u8]>,
    /// What it does to the books.
    pub change: Change,
    /// Stock whose book it changes.
    pub stock: Option<u16>,
    /// Trade that it prints.
    pub print: Option<Print>,
}

/// A session: its messages so far.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub name: [u8; 10],
    /// Its messages, the first of which is number 1.
    pub messages: Vec<Message>,
    /// From the message of this index on, numbers are greater by this much.
    pub jump: Option<(usize, u64)>,
}

impl Session {
    /// Number of the message of an index; of the next one, if there is none yet.
    pub fn number(&self, index: usize) -> u64 {
        let jumped = match self.jump {
            Some((from, by)) if index >= from => by,
            _ => 0,
        };
        index as u64 + 1 + jumped
    }

    /// How many messages have numbers before `number`.
    pub fn index_before(&self, number: u64) -> usize {
        let plain = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let index = match self.jump {
            Some((from, by)) if number > from as u64 => plain(number.saturating_sub(by)).max(from),
            _ => plain(number),
        };
        index.min(self.messages.len())
    }

    /// Index of the message of a number, if there is one.
    pub fn index_of(&self, number: u64) -> Option<usize> {
        let index = self.index_before(number);
        (index < self.messages.len() && self.number(index) == number).then_some(index)
    }
}

/// How a market behaves.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Stocks.
    pub stocks: u16,
    /// Orders that rest at a time, about.
    pub resting: usize,
    /// Prices of a side.
    pub prices: u64,
    /// Stocks that are listed at the beginning; the others come later.
    pub listed: u16,
}

/// Makes messages.
#[derive(Debug)]
pub struct Market {
    random: Random,
    style: Style,
    /// The true books.
    pub books: Books,
    /// Every session, the last one running.
    pub sessions: Vec<Session>,
    locates: Vec<u16>,
    listed: u16,
    resting: Vec<u64>,
    reference: u64,
    matches: u64,
    last_time: u64,
}

impl Market {
    /// A market whose first session has begun.
    pub fn new(seed: u64, style: Style) -> Market {
        let mut market = Market {
            random: Random::new(seed, 1),
            style,
            books: Books::new(style.stocks),
            sessions: Vec::new(),
            locates: Vec::new(),
            listed: 0,
            resting: Vec::new(),
            reference: 0,
            matches: 0,
            last_time: 0,
        };
        market.begin_session(1);
        market
    }

    /// Begins another session: other locates, empty books. Says so and lists the first stocks.
    pub fn begin_session(&mut self, time: u64) {
        let mut name = *b"SIM0000000";
        let number = format!("{:07}", self.sessions.len() + 1);
        name[3..].copy_from_slice(number.as_bytes());
        self.sessions.push(Session { name, messages: Vec::new(), jump: None });
        self.books.clear();
        self.resting.clear();
        self.reference = self.random.below(1_000);
        self.locates = (1..=self.style.stocks).map(|locate| locate * 3).collect();
        for at in (1..self.locates.len()).rev() {
            self.locates.swap(at, self.random.below(at as u64 + 1) as usize);
        }
        let start = itch::system(self.tick(time), b'O');
        self.push(start, Change::None, None);
        self.listed = 0;
        for _ in 0..self.style.listed.min(self.style.stocks) {
            self.list(time);
        }
    }

    /// The running session.
    pub fn session(&self) -> &Session {
        &self.sessions[self.sessions.len() - 1]
    }

    /// Whether the running session has named a stock.
    pub fn is_listed(&self, stock: u16) -> bool {
        stock < self.listed
    }

    /// The running session's numbers jump by so many.
    pub fn jump(&mut self, by: u64) {
        if let Some(session) = self.sessions.last_mut() {
            let from = session.messages.len();
            session.jump.get_or_insert((from, by));
        }
    }

    /// Every message has a time of its own, so that it is known again by it.
    fn tick(&mut self, time: u64) -> u64 {
        self.last_time = time.max(self.last_time + 1);
        self.last_time
    }

    fn push(&mut self, bytes: Vec<u8>, change: Change, print: Option<Print>) {
        let stock = self.books.apply(change);
        let (time, bytes) = (self.last_time, bytes.into_boxed_slice());
        if let Some(session) = self.sessions.last_mut() {
            session.messages.push(Message { time, bytes, change, stock, print });
        }
    }

    fn head(&mut self, stock: u16, time: u64) -> Head {
        Head { locate: self.locates[usize::from(stock)], time: self.tick(time) }
    }

    fn list(&mut self, time: u64) {
        let stock = self.listed;
        self.listed += 1;
        let head = self.head(stock, time);
        self.push(itch::directory(head, stock), Change::None, None);
    }

    /// Makes one message at `time`, ns since midnight.
    pub fn message(&mut self, time: u64) {
        let few = self.resting.len() < 20;
        let room = self.resting.len() < self.style.resting;
        let draw = self.random.below(1_000);
        match draw {
            0..8 if self.listed < self.style.stocks => self.list(time),
            _ if few || draw < 300 || (room && draw < 560) => self.add(time),
            560..575 => self.hidden_trade(time),
            575..580 => self.cross(time),
            580..583 => self.halt(time),
            583..586 if self.matches > 0 => self.break_trade(time),
            _ => self.change(time),
        }
    }

    /// A price on one of two sides that never meet.
    fn price(&mut self, buys: bool) -> u32 {
        let away = 100 * self.random.below(self.style.prices) as u32;
        if buys { 1_000_000 - away } else { 1_000_100 + away }
    }

    fn add(&mut self, time: u64) {
        // Few stocks have most of the orders.
        let widest = 1 + self.random.below(u64::from(self.listed.max(1)));
        let stock = self.random.below(widest) as u16;
        let buys = self.random.below(2) == 0;
        self.reference += 1 + self.random.below(3);
        let (reference, shares) = (self.reference, 1 + self.random.below(500) as u32);
        let price = self.price(buys);
        let side = if buys { Side::Bid } else { Side::Ask };
        let head = self.head(stock, time);
        let of = self.random.below(4) == 0;
        let bytes = itch::add(head, (stock, buys), (reference, shares, price), of);
        self.push(bytes, Change::Add { stock, side, reference, shares, price }, None);
        self.resting.push(reference);
    }

    fn next_match(&mut self) -> u64 {
        self.matches += 1;
        self.matches
    }

    fn some_stock(&mut self) -> u16 {
        self.random.below(u64::from(self.listed.max(1))) as u16
    }

    fn hidden_trade(&mut self, time: u64) {
        let (stock, number) = (self.some_stock(), self.next_match());
        let (shares, price) = (1 + self.random.below(100) as u32, 1_000_050);
        let head = self.head(stock, time);
        let bytes = itch::trade(head, stock, (shares, price, number));
        self.push(bytes, Change::None, Some(Print { number, stock, shares, price }));
    }

    fn cross(&mut self, time: u64) {
        let (stock, number) = (self.some_stock(), self.next_match());
        let (shares, price) = (100 + self.random.below(100) as u32, 1_000_000);
        let head = self.head(stock, time);
        let bytes = itch::cross(head, stock, (u64::from(shares), price, number));
        self.push(bytes, Change::None, Some(Print { number, stock, shares, price }));
    }

    fn halt(&mut self, time: u64) {
        let stock = self.some_stock();
        let state = self.random.pick(b"HPQT");
        let head = self.head(stock, time);
        self.push(itch::action(head, stock, state), Change::None, None);
    }

    fn break_trade(&mut self, time: u64) {
        let (stock, number) = (self.some_stock(), 1 + self.random.below(self.matches));
        let head = self.head(stock, time);
        self.push(itch::broken(head, number), Change::None, None);
    }

    /// Something happens to an order that rests. The first of a queue are the most likely.
    fn change(&mut self, time: u64) {
        let widest = 1 + self.random.below(self.resting.len() as u64);
        let at = self.random.below(widest) as usize;
        let reference = self.resting[at];
        let Some((stock, side, price, shares)) = self.books.order(reference) else { return };
        let part = match self.random.below(3) {
            0 => shares,
            _ => 1 + self.random.below(u64::from(shares)) as u32,
        };
        let head = self.head(stock, time);
        let take = Change::Take { reference, shares: part };
        let what = self.random.below(10);
        if part == shares && what < 6 || matches!(what, 6 | 7) {
            self.resting.swap_remove(at);
        }
        match what {
            0..=2 => {
                let number = self.next_match();
                let print = Print { number, stock, shares: part, price };
                self.push(itch::executed(head, reference, part, number), take, Some(print));
            }
            3 => {
                let (number, printable) = (self.next_match(), self.random.below(4) > 0);
                let price = 1_000_050;
                let bytes = itch::executed_at(head, (reference, part, number), printable, price);
                let print = Print { number, stock, shares: part, price };
                self.push(bytes, take, printable.then_some(print));
            }
            4 | 5 => self.push(itch::cancel(head, reference, part), take, None),
            6 | 7 => self.push(itch::delete(head, reference), Change::Delete { reference }, None),
            _ => {
                self.reference += 1 + self.random.below(3);
                let new = self.reference;
                let price = self.price(side == Side::Bid);
                let bytes = itch::replace(head, (reference, new), part, price);
                let change = Change::Replace { old: reference, new, shares: part, price };
                self.push(bytes, change, None);
                self.resting[at] = new;
            }
        }
    }
}

/// The books of the moment, as a snapshot server tells them.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a>(&'a Market);

impl Market {
    /// The books of the moment, for a snapshot server.
    pub fn as_snapshot(&self) -> Snapshot<'_> {
        Snapshot(self)
    }
}

impl SnapshotSource for Snapshot<'_> {
    fn session(&self) -> [u8; 10] {
        self.0.session().name
    }

    fn next(&self) -> u64 {
        let session = self.0.session();
        session.number(session.messages.len())
    }

    fn snapshot(&self, give: &mut dyn FnMut(&[u8])) {
        let market = self.0;
        let head = |stock: u16| Head {
            locate: market.locates[usize::from(stock)],
            time: market.last_time,
        };
        for stock in 0..market.listed {
            give(&itch::directory(head(stock), stock));
            give(&itch::action(head(stock), stock, b'T'));
        }
        for stock in 0..market.listed {
            for side in [Side::Bid, Side::Ask] {
                for (price, reference, shares) in market.books.orders(stock, side) {
                    let of = (stock, side == Side::Bid);
                    give(&itch::add(head(stock), of, (reference, shares, price), false));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_indices_are_each_others_inverse_over_a_jump() {
        let message = Message {
            time: 0,
            bytes: Box::default(),
            change: Change::None,
            stock: None,
            print: None,
        };
        let name = *b"SIM0000001";
        let messages = vec![message; 6];
        for jump in [None, Some((0, 1 << 40)), Some((4, 1 << 40)), Some((6, 7))] {
            let session = Session { name, messages: messages.clone(), jump };
            for index in 0..6 {
                let number = session.number(index);
                assert_eq!(session.index_of(number), Some(index), "{jump:?}");
                assert_eq!(session.index_before(number), index, "{jump:?}");
                assert_eq!(session.index_before(number + 1), index + 1, "{jump:?}");
            }
            assert_eq!(session.index_of(session.number(6)), None);
            if let Some((from, _)) = jump.filter(|&(from, _)| from < 6) {
                assert_eq!(session.index_of(from as u64 + 3), None, "nothing is there");
                assert_eq!(session.index_before(from as u64 + 3), from);
            }
        }
    }
}
