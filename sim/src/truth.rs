//! The market's true books: orders by price and time, written as plainly as possible.
//!
//! The market makes its books first and tells of the change afterwards, so that what a lane makes
//! of the messages can be compared with something that was not made from them. Whoever looks at
//! the books of an earlier number keeps books of their own and lets the changes up to there happen.

use std::collections::{BTreeMap, HashMap, VecDeque};

use wire::Side;

/// What a message does to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// A new order, last in its queue.
    Add {
        /// Number of the stock.
        stock: u16,
        /// Bid or ask.
        side: Side,
        /// Reference.
        reference: u64,
        /// Shares.
        shares: u32,
        /// Price, 10^-4.
        price: u32,
    },
    /// Shares are taken off an order, which is gone when none is left.
    Take {
        /// Reference.
        reference: u64,
        /// Shares.
        shares: u32,
    },
    /// An order is gone.
    Delete {
        /// Reference.
        reference: u64,
    },
    /// An order is replaced by another one, last in its queue.
    Replace {
        /// Reference of the one that is gone.
        old: u64,
        /// Reference of the new one.
        new: u64,
        /// Shares of the new one.
        shares: u32,
        /// Price of the new one.
        price: u32,
    },
}

/// An order: reference, shares.
pub type Resting = (u64, u32);
/// The queues of a side by price.
pub type Half = BTreeMap<u32, VecDeque<Resting>>;

/// All books of a session.
#[derive(Clone, Debug, Default)]
pub struct Books {
    orders: HashMap<u64, (u16, Side, u32)>,
    stocks: Vec<[Half; 2]>,
}

impl Books {
    /// Empty books.
    pub fn new(stocks: u16) -> Books {
        let mut books = Books::default();
        books.stocks.resize_with(usize::from(stocks), Default::default);
        books
    }

    /// Forgets every order.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.stocks.iter_mut().flatten().for_each(Half::clear);
    }

    /// A side of a stock.
    pub fn half(&self, stock: u16, side: Side) -> &Half {
        &self.stocks[usize::from(stock)][side as usize]
    }

    /// Orders of a side, best price first, then by time: price, reference, shares.
    pub fn orders(&self, stock: u16, side: Side) -> impl Iterator<Item = (u32, u64, u32)> + '_ {
        let half = self.half(stock, side);
        let (up, down) = match side {
            Side::Ask => (Some(half.iter()), None),
            Side::Bid => (None, Some(half.iter().rev())),
        };
        let levels = up.into_iter().flatten().chain(down.into_iter().flatten());
        levels.flat_map(|(&price, queue)| queue.iter().map(move |&(r, shares)| (price, r, shares)))
    }

    /// Levels of a side, best first: price, shares, orders.
    pub fn levels(&self, stock: u16, side: Side) -> impl Iterator<Item = (i64, i64, u32)> + '_ {
        let half = self.half(stock, side);
        let (up, down) = match side {
            Side::Ask => (Some(half.iter()), None),
            Side::Bid => (None, Some(half.iter().rev())),
        };
        let levels = up.into_iter().flatten().chain(down.into_iter().flatten());
        levels.map(|(&price, queue)| {
            let shares = queue.iter().map(|&(_, shares)| i64::from(shares)).sum();
            (i64::from(price), shares, queue.len() as u32)
        })
    }

    /// Stock, side, price and shares of an order.
    pub fn order(&self, reference: u64) -> Option<(u16, Side, u32, u32)> {
        let &(stock, side, price) = self.orders.get(&reference)?;
        let queue = self.half(stock, side).get(&price)?;
        let &(_, shares) = queue.iter().find(|(found, _)| *found == reference)?;
        Some((stock, side, price, shares))
    }

    /// Lets a change happen. The stock that it concerns, if any.
    pub fn apply(&mut self, change: Change) -> Option<u16> {
        match change {
            Change::None => None,
            Change::Add { stock, side, reference, shares, price } => {
                self.orders.insert(reference, (stock, side, price));
                let half = &mut self.stocks[usize::from(stock)][side as usize];
                half.entry(price).or_default().push_back((reference, shares));
                Some(stock)
            }
            Change::Take { reference, shares } => self.take(reference, shares),
            Change::Delete { reference } => self.take(reference, u32::MAX),
            Change::Replace { old, new, shares, price } => {
                let &(stock, side, _) = self.orders.get(&old)?;
                self.take(old, u32::MAX);
                self.apply(Change::Add { stock, side, reference: new, shares, price })
            }
        }
    }

    fn take(&mut self, reference: u64, shares: u32) -> Option<u16> {
        let &(stock, side, price) = self.orders.get(&reference)?;
        let half = &mut self.stocks[usize::from(stock)][side as usize];
        let queue = half.get_mut(&price)?;
        let at = queue.iter().position(|&(found, _)| found == reference)?;
        if queue[at].1 > shares {
            queue[at].1 -= shares;
            return Some(stock);
        }
        queue.remove(at);
        if queue.is_empty() {
            half.remove(&price);
        }
        self.orders.remove(&reference);
        Some(stock)
    }
}
