//! All orders of the day in one table, and the free places in it.

/// "No order" in a chain.
pub(super) const NONE: u32 = u32::MAX;

/// An order that rests, or that is gone but still chained in the [wheel](super::wheel).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Order {
    /// The number that the feed shows.
    pub(super) reference: u32,
    /// 10^-4 dollars.
    pub(super) price: u32,
    /// Shares left; 0 once it is executed.
    pub(super) shares: u32,
    /// Index of its stock.
    pub(super) stock: u16,
    /// 0 bid, 1 ask.
    pub(super) side: u8,
    /// Whether the wheel knows it.
    pub(super) timed: bool,
    /// The message at which it came.
    pub(super) born: u32,
    /// The message at which it ends.
    pub(super) due: u32,
    /// The next in the wheel's chain.
    pub(super) due_next: u32,
    /// Neighbours in the queue of its price.
    pub(super) previous: u32,
    /// See `previous`.
    pub(super) next: u32,
}

/// The table.
#[derive(Debug)]
pub(super) struct Orders {
    table: Vec<Order>,
    free: Vec<u32>,
}

impl Orders {
    /// Places that most days never exceed; the table grows beyond.
    const FIRST: usize = 1 << 16;

    /// An empty table.
    pub(super) fn new() -> Self {
        Self { table: Vec::with_capacity(Self::FIRST), free: Vec::with_capacity(Self::FIRST) }
    }

    /// The order in a place that was handed out.
    pub(super) fn get(&self, slot: u32) -> &Order {
        &self.table[slot as usize]
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.table[slot as usize]
    }

    /// A place for an order, the one freed last if there is one.
    pub(super) fn take(&mut self, order: Order) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                *self.get_mut(slot) = order;
                slot
            }
            None => {
                self.table.push(order);
                self.table.len() as u32 - 1
            }
        }
    }

    /// Gives a place back.
    pub(super) fn free(&mut self, slot: u32) {
        self.free.push(slot);
    }
}
