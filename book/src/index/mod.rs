//! From a venue's order reference to the slot of the order.
//!
//! Venues number orders in two ways, and each has its own index: [`paged`] for references that
//! count up through the day (Nasdaq), [`hash`] for numbers without order (and for consumers, who
//! follow several venues). Both give an order a slot that stays the same while the order lives, so
//! that queues can link orders by slot.

pub mod hash;
pub mod paged;

pub use hash::HashIndex;
pub use paged::PagedIndex;

use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;

/// Gives each live reference a slot number below [`OrderIndex::slots`].
///
/// The books ask [`OrderIndex::find`] before they insert, and insert or remove each reference once.
pub trait OrderIndex: Sized {
    /// Allocates everything that will ever be needed for `orders` live orders.
    ///
    /// # Errors
    /// The limits need more than 32-bit slot numbers.
    fn new(limits: &L3Limits, orders: u32) -> Result<Self, LimitsError>;

    /// Number of slots.
    fn slots(&self) -> u32;

    /// The slot of `reference`, if it is live.
    fn find(&self, reference: u64) -> Option<u32>;

    /// Gives `reference`, which is not live, a slot.
    ///
    /// # Errors
    /// [`BookError::AbsurdReference`] or [`BookError::OrderTableFull`]; nothing has changed.
    fn insert(&mut self, reference: u64) -> Result<u32, BookError>;

    /// Frees the slot of a live reference.
    fn remove(&mut self, reference: u64, slot: u32);

    /// First hint: `reference` will be looked up soon.
    fn prefetch(&self, reference: u64);
}
