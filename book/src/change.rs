//! What an operation did to the book: all that is needed to tell others.

use wire::Side;

/// A price level after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelChange {
    /// Price of the level.
    pub price: i64,
    /// Quantity of all its orders now; 0 where the level is gone.
    pub quantity: i64,
    /// Number of its orders now.
    pub orders: u32,
    /// Its position on its side, 1 the best; for a level that is gone, the one it had; 0 where
    /// there was no such level.
    pub position: u32,
}

impl LevelChange {
    /// Whether the best price of the side, or the quantity there, is another than before.
    #[inline(always)]
    #[must_use]
    pub const fn changed_best(&self) -> bool {
        self.position == 1
    }
}

/// Result of an addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// Side of the order.
    pub side: Side,
    /// The level it joined.
    pub level: LevelChange,
}

/// Result of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// Side of the resting order.
    pub side: Side,
    /// Price of the resting order.
    pub price: i64,
    /// What is left of it; 0 where it is gone.
    pub remaining: i64,
    /// Its level.
    pub level: LevelChange,
}

/// Result of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reduced {
    /// Side of the order.
    pub side: Side,
    /// Price of the order.
    pub price: i64,
    /// What is left of it; 0 where it is gone.
    pub remaining: i64,
    /// Its level.
    pub level: LevelChange,
}

/// Result of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Side of the order.
    pub side: Side,
    /// Price of the order.
    pub price: i64,
    /// Quantity it still had.
    pub quantity: i64,
    /// Its level.
    pub level: LevelChange,
}

/// Result of a replacement or a modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Side of both orders.
    pub side: Side,
    /// Price of the old order.
    pub old_price: i64,
    /// Quantity the old order still had.
    pub old_quantity: i64,
    /// The level that the old order left. Where the price is the same, equal to `to`.
    pub from: LevelChange,
    /// The level that the new order joined, after both changes.
    pub to: LevelChange,
    /// Whether the best price of the side, or the quantity there, is another than before.
    pub changed_best: bool,
}

/// An order as the book knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderView {
    /// The venue's reference.
    pub reference: u64,
    /// Index of the instrument.
    pub instrument: u32,
    /// Bid or ask.
    pub side: Side,
    /// Price.
    pub price: i64,
    /// Remaining quantity.
    pub quantity: i64,
}

/// A price level as the book knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price.
    pub price: i64,
    /// Quantity of all orders.
    pub quantity: i64,
    /// Number of orders; `u32::MAX` where the venue does not tell.
    pub orders: u32,
}

/// How much is in front of an order at its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePosition {
    /// Orders that will be executed before it.
    pub orders_ahead: u32,
    /// Their quantity.
    pub quantity_ahead: i64,
}
