//! When orders end: a timing wheel whose clock counts messages.
//!
//! A heap of a million and more entries costs a dozen cache misses per order. A wheel costs one: an
//! order is chained into the slot of the message at which it ends, or into a coarser slot that is
//! spread over finer ones when its turn comes. The chains run through the orders themselves, so
//! nothing is allocated after the start.
//!
//! ```text
//! ring 0   4,096 slots of 1 message             what ends within 4,096 messages
//! ring 1   4,096 slots of 4,096 messages        what ends within 16.8 million
//! ring 2     256 slots of 16.8 million          the rest of the longest day, 4.3 billion
//! ```

use super::orders::{NONE, Orders};

const BITS: u32 = 12;
const SLOTS: usize = 1 << BITS;
const MASK: u32 = SLOTS as u32 - 1;
const COARSEST: usize = 1 << (32 - 2 * BITS);

/// The rings; the time of an order is [`Order::due`](super::orders::Order::due).
#[derive(Debug)]
pub(super) struct Wheel {
    rings: [Vec<u32>; 3],
    now: u32,
}

impl Wheel {
    /// An empty wheel at message 0.
    pub(super) fn new() -> Self {
        Self { rings: [vec![NONE; SLOTS], vec![NONE; SLOTS], vec![NONE; COARSEST]], now: 0 }
    }

    /// Puts in an order that ends later than now.
    pub(super) fn insert(&mut self, orders: &mut Orders, slot: u32) {
        let due = orders.get(slot).due;
        let (ring, index) = if due >> BITS == self.now >> BITS {
            (0, due & MASK)
        } else if due >> (2 * BITS) == self.now >> (2 * BITS) {
            (1, (due >> BITS) & MASK)
        } else {
            (2, due >> (2 * BITS))
        };
        let head = &mut self.rings[ring][index as usize];
        orders.get_mut(slot).due_next = *head;
        *head = slot;
    }

    /// Goes to the next message and hands out the chain of those that end there.
    pub(super) fn advance(&mut self, orders: &mut Orders) -> u32 {
        self.now = self.now.wrapping_add(1);
        if self.now & MASK == 0 {
            let middle = (self.now >> BITS) & MASK;
            if middle == 0 {
                self.spread(orders, 2, (self.now >> (2 * BITS)) as usize);
            }
            self.spread(orders, 1, middle as usize);
        }
        std::mem::replace(&mut self.rings[0][(self.now & MASK) as usize], NONE)
    }

    /// Puts the orders of a coarse slot into finer ones.
    fn spread(&mut self, orders: &mut Orders, ring: usize, index: usize) {
        let mut slot = std::mem::replace(&mut self.rings[ring][index], NONE);
        while slot != NONE {
            let next = orders.get(slot).due_next;
            self.insert(orders, slot);
            slot = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wheel;
    use crate::venue_sim::day::orders::{NONE, Order, Orders};
    use crate::venue_sim::random::Random;
    use std::collections::BTreeMap;

    /// Every order comes out at its message and never again.
    #[test]
    fn orders_end_when_they_are_due() {
        let (mut orders, mut wheel) = (Orders::new(), Wheel::new());
        let mut random = Random::new(3);
        let mut expected: BTreeMap<u32, u32> = BTreeMap::new();
        let last = (1 << 24) + 20_000;
        for now in 0..last {
            if now % 1_024 == 0 {
                for span in [1, 5_000, 100_000, 17_000_000] {
                    let due = now + 1 + random.below(span) as u32;
                    let slot = orders.take(Order { due, ..Order::default() });
                    wheel.insert(&mut orders, slot);
                    *expected.entry(due).or_default() += 1;
                }
            }
            let mut slot = wheel.advance(&mut orders);
            let mut seen = 0;
            while slot != NONE {
                assert_eq!(orders.get(slot).due, now + 1);
                let next = orders.get(slot).due_next;
                orders.free(slot);
                slot = next;
                seen += 1;
            }
            assert_eq!(seen, expected.remove(&(now + 1)).unwrap_or(0), "at {now}");
        }
    }
}
