//! From a venue's order reference to the slot of the order.
//!
//! Venues number orders in two ways, and each has its own index: [`paged`] for references that
//! count up through the day (Nasdaq), [`hash`] for numbers without order (and for consumers, who
//! follow several venues). Both give an order a slot that stays the same while the order lives, so
//! that queues can name orders by slot.

pub mod hash;
pub mod paged;

pub use hash::HashIndex;
pub use paged::PagedIndex;

use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;
use crate::memory::MemoryVisitor;

/// Gives each live reference a slot number below [`OrderIndex::slots`].
///
/// An index may give slots to references in groups; whether a slot holds an order is then known to
/// the books only.
pub trait OrderIndex: Sized {
    /// Slots that are given and freed together: a power of two, at most 4. A group begins at a
    /// multiple of its size.
    const GROUP: u32;

    /// Allocates everything that will ever be needed for `orders` live orders.
    ///
    /// # Errors
    /// The limits need more than 32-bit slot numbers.
    fn new(limits: &L3Limits, orders: u32) -> Result<Self, LimitsError>;

    /// Number of slots.
    fn slots(&self) -> u32;

    /// The slot of `reference`, if it has one.
    fn find(&self, reference: u64) -> Option<u32>;

    /// First hint: `reference` will be looked up soon. Returns how far the way to it is known, for
    /// [`OrderIndex::approached`].
    fn approach(&self, reference: u64) -> u32;

    /// As [`OrderIndex::find`], from what [`OrderIndex::approach`] returned, and any number where
    /// there is none: for hints, so without a branch on whether there is one.
    fn approached(&self, way: u32, reference: u64) -> u32;

    /// A slot that will be given to a new reference soon, so that its memory can be fetched.
    fn upcoming(&self) -> u32;

    /// The slot of `reference`, which is given one if it has none.
    ///
    /// # Errors
    /// [`BookError::AbsurdReference`] or [`BookError::OrderTableFull`]; nothing has changed.
    fn enter(&mut self, reference: u64) -> Result<u32, BookError>;

    /// The order of `reference`, which has `slot`, is gone. `last`: no other slot of its group
    /// holds an order.
    fn leave(&mut self, reference: u64, slot: u32, last: bool);

    /// The reference to which `slot` was given.
    fn reference(&self, slot: u32) -> u64;

    /// Shows the memory of the index to `visitor`.
    fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V);
}
