//! Order books: L3 with FIFO queues, L2, top of book.
//!
//! * [`l3`]: every order of every instrument of a lane, for feeds that send orders.
//! * [`l2`]: the price levels of one instrument, for feeds that send levels, and for consumers.
//! * [`index`]: how an order is found by the venue's reference.
//! * [`top`]: best prices, and whether they changed.
//!
//! All memory is taken when books are built. Events that do not fit are refused with a
//! [`BookError`], which the caller counts; nothing panics, and nothing is skipped in silence.
//! Prices and quantities are `i64` in the exponents of the instrument; the books compare and add
//! them and need to know no more.
#![forbid(unsafe_code)]

pub mod change;
pub mod error;
pub mod index;
pub mod l2;
pub mod l3;
mod levels;
pub mod memory;
mod side;
mod table;
pub mod top;

pub use change::{
    Added, Executed, Level, LevelChange, OrderView, QueuePosition, Reduced, Removed, Replaced,
};
pub use error::{BookError, LimitsError};
pub use index::{HashIndex, OrderIndex, PagedIndex};
pub use l2::L2Book;
pub use l3::{INSTRUMENTS_MAX, L3Books, L3Limits, Trail};
pub use memory::MemoryVisitor;
pub use top::{Top, TopWatch};
pub use wire::{NONE, Side};
