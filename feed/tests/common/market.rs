//! A market that goes on for ever: valid messages about eight stocks, the same for the same seed.

use super::DAY;
use super::itch::{self, Add};
use super::packets::{Memory, SESSION, mold};

/// Stocks of the market; locates count from 1.
pub const STOCKS: [&str; 8] = ["AAPL", "AMZN", "GOOG", "INTC", "META", "MSFT", "NVDA", "TSLA"];

/// Orders that rest at a time, about.
const RESTING: usize = 400;

#[derive(Clone, Copy)]
struct Resting {
    reference: u64,
    locate: u16,
    shares: u32,
    buys: bool,
}

/// A stream of messages.
pub struct Market {
    random: u64,
    resting: Vec<Resting>,
    references: u64,
    time: u64,
}

impl Market {
    /// The market of a seed.
    pub fn new(seed: u64) -> Market {
        Market { random: seed | 1, resting: Vec::new(), references: 0, time: 0 }
    }

    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit.max(1)
    }

    /// Directory messages of all stocks.
    pub fn opening(&mut self) -> Vec<Vec<u8>> {
        let mut messages = vec![itch::system(0, b'O')];
        messages.extend((1..).zip(STOCKS).map(|(locate, name)| itch::directory(locate, 0, name)));
        messages
    }

    /// A price on one of two sides that never meet, of 60 levels each.
    fn price(&mut self, buys: bool) -> u32 {
        let away = 100 * self.below(60) as u32;
        if buys { 1_000_000 - away } else { 1_000_100 + away }
    }

    fn add(&mut self) -> Vec<u8> {
        let stock = self.below(STOCKS.len() as u64) as usize;
        let buys = self.below(2) == 0;
        self.references += 1;
        let order = Add {
            reference: self.references,
            side: if buys { b'B' } else { b'S' },
            shares: 1 + self.below(500) as u32,
            stock: STOCKS[stock],
            price: self.price(buys),
        };
        let (reference, locate, shares) = (order.reference, stock as u16 + 1, order.shares);
        self.resting.push(Resting { reference, locate, shares, buys });
        itch::add(locate, self.time, order)
    }

    /// The next message.
    pub fn message(&mut self) -> Vec<u8> {
        self.time += 1 + self.below(1_000);
        let draw = self.below(100);
        if self.resting.len() < 20 || draw < 20 || (self.resting.len() < RESTING && draw < 52) {
            return self.add();
        }
        let at = self.below(self.resting.len() as u64) as usize;
        let Resting { reference, locate, shares, buys } = self.resting[at];
        let part = 1 + self.below(u64::from(shares)) as u32;
        let time = self.time;
        match self.below(10) {
            kind @ 0..=4 => {
                if part == shares {
                    self.resting.swap_remove(at);
                } else {
                    self.resting[at].shares -= part;
                }
                let match_ = (reference, part, time);
                match kind {
                    0 | 1 => itch::executed(locate, time, reference, part, time),
                    2 => itch::executed_at((locate, time), match_, b'Y', 1_000_050),
                    _ => itch::cancel(locate, time, reference, part),
                }
            }
            5..=7 => {
                self.resting.swap_remove(at);
                itch::delete(locate, time, reference)
            }
            8 => {
                self.references += 1;
                let new = Resting { reference: self.references, shares: part, ..self.resting[at] };
                self.resting[at] = new;
                let price = self.price(buys);
                itch::replace((locate, time), (reference, new.reference), part, price)
            }
            _ => {
                let name = STOCKS[usize::from(locate) - 1];
                itch::trade(locate, time, name, (part, 1_000_050, time))
            }
        }
    }

    /// So many messages in packets of one to four, numbered from `first` of the usual session.
    pub fn packets(&mut self, first: u64, messages: u64, into: &mut Memory) -> u64 {
        let mut next = first;
        while next < first + messages {
            let size = (1 + self.below(4)).min(first + messages - next);
            let block: Vec<_> = (0..size).map(|_| self.message()).collect();
            into.push(&mold(SESSION, next, &block), DAY.midnight_ns + self.time, 1);
            next += size;
        }
        next
    }
}
