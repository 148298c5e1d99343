//! One side of one instrument's book: price levels, each a queue in time order.
//!
//! Orders live in one slab for all instruments and are chained by slot, so that a cancel in the
//! middle of a queue costs no search. Levels are kept by *rank*, which is smaller the better the
//! price is, so that "first" is "best" on both sides.

use std::collections::{BTreeMap, BTreeSet};

use protocol::venue::nasdaq::codes::Side;

/// "No slot" in a chain.
const NONE: u32 = u32::MAX;

/// Smaller is better: the price for sells, its complement for buys.
pub(super) fn rank(side: Side, price: u32) -> u32 {
    match side {
        Side::Buy => u32::MAX - price,
        Side::Sell => price,
    }
}

/// The other side.
pub(super) fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

/// An order that rests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resting {
    pub(super) reference: u64,
    pub(super) instrument: u16,
    pub(super) side: Side,
    pub(super) hidden: bool,
    pub(super) shares: u32,
    pub(super) price: u32,
    /// Worst price this displayed order accepts if nothing else is in reach; `price` if the same.
    pub(super) reserve: u32,
    pub(super) attribution: Option<[u8; 4]>,
    previous: u32,
    next: u32,
}

impl Resting {
    /// An order that is in no queue yet.
    pub(super) fn new(
        reference: u64,
        instrument: u16,
        side: Side,
        shares: u32,
        price: u32,
    ) -> Self {
        Self {
            reference,
            instrument,
            side,
            hidden: false,
            shares,
            price,
            reserve: price,
            attribution: None,
            previous: NONE,
            next: NONE,
        }
    }

    /// Reference of the order right before it in its queue, 0 if it is the first.
    pub(super) fn behind(&self, slab: &Slab) -> u64 {
        if self.previous == NONE { 0 } else { slab.get(self.previous).reference }
    }
}

/// All resting orders of all instruments.
#[derive(Debug, Default)]
pub(super) struct Slab {
    orders: Vec<Resting>,
    free: Vec<u32>,
}

impl Slab {
    /// Keeps an order; the slot is not reused before [`Half::unlink`].
    pub(super) fn insert(&mut self, order: Resting) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.orders[slot as usize] = order;
            return slot;
        }
        let slot = self.orders.len() as u32;
        self.orders.push(order);
        slot
    }

    /// The order in a slot that a queue or handle names.
    pub(super) fn get(&self, slot: u32) -> &Resting {
        &self.orders[slot as usize]
    }

    fn get_mut(&mut self, slot: u32) -> &mut Resting {
        &mut self.orders[slot as usize]
    }

    fn remove(&mut self, slot: u32) {
        // Reference 0 belongs to no order, so that old handles find nothing here.
        self.get_mut(slot).reference = 0;
        self.free.push(slot);
    }
}

/// A queue of orders at one price.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) head: u32,
    tail: u32,
    pub(super) shares: u64,
}

/// One side of a book.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// Displayed levels by rank.
    pub(super) shown: BTreeMap<u32, Level>,
    /// Levels that only the engine sees.
    pub(super) hidden: BTreeMap<u32, Level>,
    /// Displayed orders with a reserve price: rank of the reserve, reference, slot.
    pub(super) discretion: BTreeSet<(u32, u64, u32)>,
}

impl Half {
    fn levels(&mut self, hidden: bool) -> &mut BTreeMap<u32, Level> {
        if hidden { &mut self.hidden } else { &mut self.shown }
    }

    /// Puts the order in `slot` at the end of its price's queue.
    pub(super) fn push(&mut self, slab: &mut Slab, slot: u32) {
        let order = *slab.get(slot);
        if order.reserve != order.price {
            self.discretion.insert((rank(order.side, order.reserve), order.reference, slot));
        }
        let level = self
            .levels(order.hidden)
            .entry(rank(order.side, order.price))
            .or_insert(Level { head: NONE, tail: NONE, shares: 0 });
        let tail = level.tail;
        level.shares += u64::from(order.shares);
        level.tail = slot;
        if tail == NONE {
            level.head = slot;
        } else {
            slab.get_mut(tail).next = slot;
        }
        slab.get_mut(slot).previous = tail;
    }

    /// Takes the order in `slot` out of its queue and frees the slot.
    pub(super) fn unlink(&mut self, slab: &mut Slab, slot: u32) {
        let order = *slab.get(slot);
        self.discretion.remove(&(rank(order.side, order.reserve), order.reference, slot));
        let key = rank(order.side, order.price);
        let levels = self.levels(order.hidden);
        if let Some(level) = levels.get_mut(&key) {
            level.shares -= u64::from(order.shares);
            if level.head == slot {
                level.head = order.next;
            }
            if level.tail == slot {
                level.tail = order.previous;
            }
            if level.head == NONE {
                levels.remove(&key);
            }
        }
        if order.previous != NONE {
            slab.get_mut(order.previous).next = order.next;
        }
        if order.next != NONE {
            slab.get_mut(order.next).previous = order.previous;
        }
        slab.remove(slot);
    }

    /// Takes `shares` off the order in `slot`, and the order out if none are left.
    pub(super) fn reduce(&mut self, slab: &mut Slab, slot: u32, shares: u32) {
        let order = *slab.get(slot);
        if shares >= order.shares {
            self.unlink(slab, slot);
            return;
        }
        slab.get_mut(slot).shares -= shares;
        if let Some(level) = self.levels(order.hidden).get_mut(&rank(order.side, order.price)) {
            level.shares -= u64::from(shares);
        }
    }

    /// Slots of a level, first in time first.
    pub(super) fn queue<'a>(slab: &'a Slab, level: &Level) -> impl Iterator<Item = u32> + 'a {
        let mut slot = level.head;
        std::iter::from_fn(move || {
            let here = (slot != NONE).then_some(slot)?;
            slot = slab.get(here).next;
            Some(here)
        })
    }
}
