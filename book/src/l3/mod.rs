//! Order by order books of all instruments of a lane, with the queue of every price.
//!
//! A venue names an order once, with side and price, and later only by its reference. So there is
//! one table of orders for all instruments, found through an [`OrderIndex`]; an order knows its
//! side and level by number and is linked to its neighbours in the queue of that level. Events
//! carry their instrument as well, which lets the two be fetched at the same time and compared.
//!
//! References are unique among the live orders of all instruments of one `L3Books`.
//!
//! | module | |
//! |--|--|
//! | `limits` | what is allocated, and what is absurd |
//! | `apply` | add, execute, reduce, delete, replace, modify, clear |
//! | `queue` | the FIFO queue of one level |
//! | `view` | best, levels, orders, queue positions |

mod apply;
mod limits;
mod queue;
mod view;

pub use limits::{INSTRUMENTS_MAX, L3Limits};
pub(crate) use view::level_view;
pub use view::{Levels as LevelsIter, Orders as OrdersIter};

use crate::error::LimitsError;
use crate::index::OrderIndex;
use crate::levels::Levels;
use crate::side::SideNumber;
use crate::table::{NIL, Table};

/// A live order; `quantity` is 0 in a slot that holds none.
///
/// | offset | size | field | |
/// |--|--|--|--|
/// | 0 | 8 | reference | the venue's number |
/// | 8 | 8 | quantity | what remains, above 0 |
/// | 16 | 4 | level | number of the level record |
/// | 20 | 4 | previous | slot of the order before it in the queue, or NIL |
/// | 24 | 4 | next | slot of the order behind it, or NIL |
/// | 28 | 4 | side | `instrument << 1 \| side` |
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Order {
    reference: u64,
    quantity: i64,
    level: u32,
    previous: u32,
    next: u32,
    side: SideNumber,
}

const _: () = assert!(size_of::<Order>() == 32);

impl Order {
    const EMPTY: Order =
        Order { reference: 0, quantity: 0, level: NIL, previous: NIL, next: NIL, side: 0 };
}

/// All books of a lane. See the [module](self).
#[derive(Debug, Clone)]
pub struct L3Books<I> {
    index: I,
    orders: Table<Order>,
    levels: Levels,
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
            orders: Table::new(index.slots(), Order::EMPTY),
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

    /// The slot of a live order.
    #[inline(always)]
    fn slot_of(&self, reference: u64) -> Option<u32> {
        self.index.find(reference)
    }
}
