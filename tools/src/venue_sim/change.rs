//! The engine's change log: what became of each displayed order, and books made of it.
//!
//! Every change is noted where the engine changes its own queues, before anything becomes a
//! message. So a book at one message number can be had without reading messages: forwards from an
//! earlier book ([`ShownBook::apply`]), or backwards from a later one ([`ShownBook::undo`]), which
//! is how the books of an engine that is some messages ahead are told as of now.

use protocol::venue::nasdaq::codes::Side;

use super::engine::Engine;
use super::half::{Half, rank};
use super::oracle::OracleLevel;

/// What became of one displayed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Number of the event that tells it, the engine's first being 1. A replacement is two changes.
    pub event: u64,
    /// The order.
    pub reference: u64,
    /// The order right before it in its queue when this happened, 0 if it was the first.
    pub behind: u64,
    /// Index of its instrument, from 0.
    pub instrument: u16,
    /// Buy or sell.
    pub side: Side,
    /// Its price, 10^-4 dollars.
    pub price: u32,
    /// Shares before; 0 if it was placed, at the end of its queue.
    pub before: u32,
    /// Shares after; 0 if it is gone.
    pub after: u32,
    /// The participant it names.
    pub attribution: Option<[u8; 4]>,
}

/// A displayed order in a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownOrder {
    /// Reference number.
    pub reference: u64,
    /// Price, 10^-4 dollars.
    pub price: u32,
    /// Shares left.
    pub shares: u32,
    /// The participant it names.
    pub attribution: Option<[u8; 4]>,
}

/// The displayed book of one instrument: orders with the best price first, and at one price in
/// the order of their queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownBook {
    /// Buy orders.
    pub bids: Vec<ShownOrder>,
    /// Sell orders.
    pub asks: Vec<ShownOrder>,
}

/// A change that does not fit the book it was applied to, or undone in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("order {reference} is not in the book as its change says")]
pub struct Misfit {
    /// The order.
    pub reference: u64,
}

impl ShownBook {
    /// The orders of a side.
    #[must_use]
    pub fn side(&self, side: Side) -> &[ShownOrder] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// The orders of a side, to be written.
    pub fn side_mut(&mut self, side: Side) -> &mut Vec<ShownOrder> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Removes all orders; memory is kept.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// The levels of a side, best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> Vec<OracleLevel> {
        let mut levels: Vec<OracleLevel> = Vec::new();
        for order in self.side(side) {
            let entry = (order.reference, order.shares);
            match levels.last_mut().filter(|level| level.price == order.price) {
                Some(level) => {
                    level.quantity += u64::from(order.shares);
                    level.orders.push(entry);
                }
                None => levels.push(OracleLevel {
                    price: order.price,
                    quantity: order.shares.into(),
                    orders: vec![entry],
                }),
            }
        }
        levels
    }

    /// Makes the book what it is after a change.
    ///
    /// # Errors
    /// [`Misfit`] if it is not the book before it; nothing is changed then.
    pub fn apply(&mut self, change: &Change) -> Result<(), Misfit> {
        let misfit = Misfit { reference: change.reference };
        let orders = self.side_mut(change.side);
        let queue = queue(orders, change);
        let place = find(orders, &queue, change.reference);
        match (place, change.before, change.after) {
            (None, 0, shares) => orders.insert(queue.end, shown(change, shares)),
            (Some(at), before, after) if orders.get(at).is_some_and(|o| o.shares == before) => {
                set(orders, at, after);
            }
            _ => return Err(misfit),
        }
        Ok(())
    }

    /// Makes the book what it was before a change.
    ///
    /// # Errors
    /// [`Misfit`] if it is not the book after it; nothing is changed then.
    pub fn undo(&mut self, change: &Change) -> Result<(), Misfit> {
        let misfit = Misfit { reference: change.reference };
        let orders = self.side_mut(change.side);
        let queue = queue(orders, change);
        let place = find(orders, &queue, change.reference);
        match (place, change.after) {
            (None, 0) => {
                let at = match change.behind {
                    0 => queue.start,
                    behind => find(orders, &queue, behind).ok_or(misfit)? + 1,
                };
                orders.insert(at, shown(change, change.before));
            }
            (Some(at), after) if orders.get(at).is_some_and(|order| order.shares == after) => {
                set(orders, at, change.before);
            }
            _ => return Err(misfit),
        }
        Ok(())
    }
}

fn shown(change: &Change, shares: u32) -> ShownOrder {
    let Change { reference, price, attribution, .. } = *change;
    ShownOrder { reference, price, shares, attribution }
}

/// Where the orders at the price of a change are.
fn queue(orders: &[ShownOrder], change: &Change) -> std::ops::Range<usize> {
    let wanted = rank(change.side, change.price);
    let start = orders.partition_point(|order| rank(change.side, order.price) < wanted);
    let end = orders.partition_point(|order| rank(change.side, order.price) <= wanted);
    start..end
}

fn find(orders: &[ShownOrder], queue: &std::ops::Range<usize>, reference: u64) -> Option<usize> {
    let within = orders.get(queue.clone())?;
    within.iter().position(|order| order.reference == reference).map(|at| queue.start + at)
}

/// Gives the order at a place so many shares; with none it goes.
fn set(orders: &mut Vec<ShownOrder>, at: usize, shares: u32) {
    if shares == 0 {
        orders.remove(at);
    } else if let Some(order) = orders.get_mut(at) {
        order.shares = shares;
    }
}

impl Engine {
    /// Puts the displayed book of an instrument into `book`.
    pub fn shown_book(&self, instrument: u16, book: &mut ShownBook) {
        book.clear();
        let Some(of) = self.books.get(usize::from(instrument)) else { return };
        for side in [Side::Buy, Side::Sell] {
            let orders = book.side_mut(side);
            for level in of.half(side).shown.values() {
                orders.extend(Half::queue(&self.slab, level).map(|slot| {
                    let resting = self.slab.get(slot);
                    ShownOrder {
                        reference: resting.reference,
                        price: resting.price,
                        shares: resting.shares,
                        attribution: resting.attribution,
                    }
                }));
            }
        }
    }
}
