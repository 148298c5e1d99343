//! The file as operations, for peers that do not decode: done before the clock starts.
//!
//! ITCH names a reduction by what is taken off and a deletion by nothing but the order; peers want
//! the quantity that is left, the side and the price. A map of all orders, which is nobody's
//! contestant, supplies them. A replacement is a deletion and an addition, as in all peers.

use crate::harness::CompareError;
use protocol::venue::nasdaq::{Blocks, BookEvent, EventKind};
use std::collections::HashMap;

/// What is done to a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new order.
    Add,
    /// An order has another quantity.
    Modify,
    /// An order is gone.
    Delete,
}

/// One operation on one order; `quantity` is what is left of it, or was left when it went.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What is done.
    pub kind: Kind,
    /// Whether it is an ask.
    pub ask: bool,
    /// The book.
    pub locate: u16,
    /// The order.
    pub reference: u64,
    /// 10^-4 dollars.
    pub price: i64,
    /// Shares.
    pub quantity: i64,
}

/// A file as operations.
#[derive(Debug, Default)]
pub struct Ops {
    /// In the order of the file.
    pub ops: Vec<Op>,
    /// Messages of the file, of all types.
    pub messages: usize,
    /// Most orders alive at a time.
    pub live_most: usize,
    /// Highest locate.
    pub locates: u16,
    /// Highest reference.
    pub reference_most: u64,
    /// The price step of the file, a divisor of all its prices.
    pub tick: i64,
    live: HashMap<u64, Op>,
}

impl Ops {
    /// Reads a file.
    ///
    /// # Errors
    /// If an event does not fit what came before it.
    pub fn read(bytes: &[u8]) -> Result<Ops, CompareError> {
        let mut all = Ops { tick: 1 << 20, ..Ops::default() };
        for event in Blocks::new(bytes) {
            all.messages += 1;
            if event.kind.is_book() {
                let known = all.event(&event);
                let why = || format!("{event:?} does not fit");
                known.ok_or_else(|| CompareError::failed("order events", why()))?;
            }
        }
        if all.ops.iter().all(|op| op.price % 100 == 0) {
            all.tick = 100;
        } else {
            all.tick = 1;
        }
        Ok(all)
    }

    fn event(&mut self, event: &BookEvent) -> Option<()> {
        let quantity = i64::from(event.shares);
        match event.kind {
            EventKind::Add => self.add(Op {
                kind: Kind::Add,
                ask: event.side != 0,
                locate: event.locate,
                reference: event.reference,
                price: i64::from(event.price),
                quantity,
            }),
            EventKind::Replace => {
                let old = self.delete(event.reference)?;
                let price = i64::from(event.price);
                let reference = event.linked;
                self.add(Op { kind: Kind::Add, reference, price, quantity, ..old })
            }
            EventKind::Delete => self.delete(event.reference).map(|_| ()),
            _ => {
                let order = self.live.get_mut(&event.reference)?;
                order.quantity -= quantity;
                let op = Op { kind: Kind::Modify, ..*order };
                if op.quantity > 0 {
                    self.ops.push(op);
                    return Some(());
                }
                order.quantity = quantity;
                self.delete(event.reference).map(|_| ())
            }
        }
    }

    fn add(&mut self, op: Op) -> Option<()> {
        self.locates = self.locates.max(op.locate);
        self.reference_most = self.reference_most.max(op.reference);
        self.ops.push(op);
        let fresh = self.live.insert(op.reference, op).is_none();
        self.live_most = self.live_most.max(self.live.len());
        fresh.then_some(())
    }

    fn delete(&mut self, reference: u64) -> Option<Op> {
        let order = self.live.remove(&reference)?;
        self.ops.push(Op { kind: Kind::Delete, ..order });
        Some(order)
    }
}
