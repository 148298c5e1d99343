//! The best level of a side, kept beside the book: it is read after every update, and most updates
//! are elsewhere.

use crate::change::Level;
use crate::side::flip;
use wire::NONE;

/// The best level of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    /// Its price as a key of its side, `i64::MIN` without one: no level has that key.
    pub(super) key: i64,
    pub(super) price: i64,
    pub(super) quantity: i64,
}

impl Touch {
    pub(super) const NONE: Touch = Touch { key: i64::MIN, price: NONE, quantity: 0 };

    #[inline(always)]
    pub(super) fn of(side: u32, level: Option<Level>) -> Touch {
        match level {
            Some(Level { price, quantity, .. }) => {
                Touch { key: flip(side, price), price, quantity }
            }
            None => Touch::NONE,
        }
    }

    /// The better of two.
    #[inline(always)]
    pub(super) fn better(self, other: Touch) -> Touch {
        if other.key > self.key { other } else { self }
    }
}
