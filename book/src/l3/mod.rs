//! Order by order books of all instruments of a lane, with the queue of every price.
//!
//! A venue names an order once, with side and price, and later only by its reference. So there is
//! one table of orders for all instruments, found through an [`OrderIndex`]; an order knows its
//! level by number, and the level names its orders in the order of their priority. Events carry
//! their instrument as well, which lets the two be fetched at the same time and compared.
//!
//! What an event costs is above all the number of cache lines that it has to wait for, because the
//! books of a market are larger than the caches near a core. A deletion touches the order, its
//! level and one line of its side, an addition another one of the side, and nothing else.
//!
//! References are unique among the live orders of all instruments of one `L3Books`.
//!
//! | module | |
//! |--|--|
//! | `limits` | what is allocated, and what is absurd |
//! | `apply` | add, execute, reduce, delete, replace, modify, clear |
//! | `order` | a live order, sixteen bytes |
//! | `queue` | the FIFO queue of one level |
//! | `hints` | what to fetch for events that come later |
//! | `view` | best, levels, orders, queue positions |

mod apply;
mod hints;
mod limits;
mod order;
mod queue;
#[cfg(test)]
mod tests;
mod view;

pub use hints::Trail;
pub use limits::{INSTRUMENTS_MAX, L3Limits};
pub(crate) use view::level_view;
pub use view::{Levels as LevelsIter, Orders as OrdersIter, Queued as QueuedIter};

use crate::error::LimitsError;
use crate::index::OrderIndex;
use crate::levels::Levels;
use crate::memory::MemoryVisitor;
use order::Orders;
use queue::Queues;

/// All books of a lane. See the [module](self).
#[derive(Debug, Clone)]
pub struct L3Books<I> {
    index: I,
    orders: Orders,
    levels: Levels,
    queues: Queues,
    live: u32,
    limits: L3Limits,
}

impl<I: OrderIndex> L3Books<I> {
    /// Allocates and touches all memory these books will ever use.
    ///
    /// # Errors
    /// [`LimitsError`]: the limits contradict themselves or need numbers above 32 bits.
    pub fn new(limits: L3Limits) -> Result<Self, LimitsError> {
        limits.check()?;
        // A replacement inserts the new order before it takes the old one out.
        let index = I::new(&limits, limits.orders + 1)?;
        Ok(L3Books {
            orders: Orders::new(index.slots()),
            queues: Queues::new(limits.orders + 1),
            levels: Levels::new(limits.instruments * 2, limits.levels, 1),
            live: 0,
            index,
            limits,
        })
    }

    /// The order index, for its own counts.
    #[must_use]
    pub fn index(&self) -> &I {
        &self.index
    }

    /// The limits these books were built with.
    #[must_use]
    pub fn limits(&self) -> &L3Limits {
        &self.limits
    }

    /// Shows all memory of the books to `visitor`, for example to advise larger pages. Contents
    /// must stay as they are.
    pub fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.index.memory(visitor);
        self.orders.memory(visitor);
        self.levels.memory(visitor);
        self.queues.memory(visitor);
    }
}
