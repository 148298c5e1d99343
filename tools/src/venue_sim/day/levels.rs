//! The prices of one side of one book, each with its queue.
//!
//! Kept sorted by *key*, which is greater the better the price is, so that the best price is the
//! last element and most changes move nothing. Most orders come within a few prices of the best:
//! the search looks there first, from the end, before it halves the rest.

use super::orders::{NONE, Orders};

/// Prices from the best that are looked at one by one.
const NEAR: usize = 8;

/// One price.
#[derive(Clone, Copy, Debug)]
struct Level {
    key: u32,
    head: u32,
    tail: u32,
}

/// One side.
#[derive(Debug, Default)]
pub(super) struct Levels {
    levels: Vec<Level>,
}

/// Greater is better: the price of a bid, the complement of an ask's.
const fn key(side: u8, price: u32) -> u32 {
    if side == 0 { price } else { !price }
}

impl Levels {
    /// The best price.
    pub(super) fn best(&self, side: u8) -> Option<u32> {
        self.levels.last().map(|level| key(side, level.key))
    }

    /// The first order of the best price, or of one `behind` it.
    pub(super) fn first(&self, behind: usize) -> Option<u32> {
        let at = self.levels.len().checked_sub(1 + behind)?;
        self.levels.get(at).map(|level| level.head)
    }

    /// Prices.
    pub(super) fn len(&self) -> usize {
        self.levels.len()
    }

    /// Where a key is, or would have to be.
    fn find(&self, key: u32) -> Result<usize, usize> {
        let count = self.levels.len();
        let far = count.saturating_sub(NEAR);
        for at in (far..count).rev() {
            let there = self.levels[at].key;
            if there <= key {
                return if there == key { Ok(at) } else { Err(at + 1) };
            }
        }
        self.levels[..far].binary_search_by_key(&key, |level| level.key)
    }

    /// Puts an order at the end of its price's queue; whether the price is new.
    pub(super) fn join(&mut self, orders: &mut Orders, slot: u32) -> bool {
        let (side, price) = (orders.get(slot).side, orders.get(slot).price);
        let key = key(side, price);
        match self.find(key) {
            Ok(at) => {
                let level = &mut self.levels[at];
                orders.get_mut(level.tail).next = slot;
                let order = orders.get_mut(slot);
                (order.previous, order.next) = (level.tail, NONE);
                level.tail = slot;
                false
            }
            Err(at) => {
                let order = orders.get_mut(slot);
                (order.previous, order.next) = (NONE, NONE);
                self.levels.insert(at, Level { key, head: slot, tail: slot });
                true
            }
        }
    }

    /// Takes an order out of its queue; whether its price is gone with it.
    pub(super) fn leave(&mut self, orders: &mut Orders, slot: u32) -> bool {
        let order = *orders.get(slot);
        if order.previous != NONE {
            orders.get_mut(order.previous).next = order.next;
        }
        if order.next != NONE {
            orders.get_mut(order.next).previous = order.previous;
        }
        // In the middle of a queue the level does not change.
        if order.previous != NONE && order.next != NONE {
            return false;
        }
        let Ok(at) = self.find(key(order.side, order.price)) else { return false };
        let level = &mut self.levels[at];
        match (order.previous, order.next) {
            (NONE, NONE) => {
                self.levels.remove(at);
                return true;
            }
            (NONE, next) => level.head = next,
            (previous, _) => level.tail = previous,
        }
        false
    }
}
