//! What one price level holds, in one cache line.
//!
//! The first eight orders of a queue are named in the record itself, so that an order that joins or
//! leaves a queue of usual length touches this line and its own and none of its neighbours'.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | key | price as a key of its side |
//! | 8 | 8 | quantity | sum of the quantities |
//! | 16 | 4 | orders | number of orders |
//! | 20 | 4 | side | `instrument << 1 \| side` |
//! | 24 | 4 | first | first piece of the queue behind `queue`, or NIL |
//! | 28 | 4 | last | last piece, or NIL |
//! | 32 | 32 | queue | slots of the first orders, NIL behind the last |

use core::mem::{align_of, offset_of, size_of};

use crate::side::SideNumber;
use crate::table::NIL;

/// Orders that a record names.
pub(crate) const HERE: usize = 8;

/// One price level.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Record {
    /// Price as a key of its side.
    pub(crate) key: i64,
    /// Sum of the quantities.
    pub(crate) quantity: i64,
    /// Number of orders.
    pub(crate) orders: u32,
    /// The side it is a level of.
    pub(crate) side: SideNumber,
    /// First piece of the queue behind [`Record::queue`].
    pub(crate) first: u32,
    /// Last piece of it.
    pub(crate) last: u32,
    /// First orders of the queue.
    pub(crate) queue: [u32; HERE],
}

const _: () = assert!(size_of::<Record>() == 64 && align_of::<Record>() == 64);
const _: () = assert!(offset_of!(Record, quantity) == 8);
const _: () = assert!(offset_of!(Record, orders) == 16);
const _: () = assert!(offset_of!(Record, side) == 20);
const _: () = assert!(offset_of!(Record, first) == 24);
const _: () = assert!(offset_of!(Record, last) == 28);
const _: () = assert!(offset_of!(Record, queue) == 32);

impl Record {
    pub(crate) const EMPTY: Record = Record {
        key: i64::MIN,
        quantity: 0,
        orders: 0,
        side: 0,
        first: NIL,
        last: NIL,
        queue: [NIL; HERE],
    };
}
