//! What order by order books allocate, and what they refuse as absurd.

use crate::error::LimitsError;

/// Instruments of one `L3Books`: an instrument index has 24 bits.
pub const INSTRUMENTS_MAX: u32 = 1 << 24;

/// Orders or levels of one `L3Books`, so that slots keep to 32 bits.
const NUMBERS_MAX: u32 = 1 << 28;

/// Sizes fixed when books are built.
///
/// Bytes: 256 an instrument; 68 a level and up to 107 for its place in a tree; 34 an order for the
/// pieces of queues; with the paged index 144 a page and 4 for every 64 references of the day, with
/// the hash index 60 to 92 an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L3Limits {
    /// Number of instruments; their indexes are below it.
    pub instruments: u32,
    /// Most live orders of all instruments together.
    pub orders: u32,
    /// Most price levels of all instruments together.
    pub levels: u32,
    /// Lowest price that is not absurd; above `i64::MIN`, which means "none".
    pub min_price: i64,
    /// Highest price that is not absurd; below `i64::MAX`.
    pub max_price: i64,
    /// Highest order reference that is not absurd (paged index only).
    pub reference_max: u64,
    /// Pages of 4 references (paged index only); 0 = one for each order, the worst case.
    pub pages: u32,
}

impl L3Limits {
    /// Limits for references without order; any price but the two extremes, half as many levels as
    /// orders.
    #[must_use]
    pub const fn new(instruments: u32, orders: u32) -> Self {
        L3Limits {
            instruments,
            orders,
            levels: orders / 2 + 1024,
            min_price: i64::MIN + 1,
            max_price: i64::MAX - 1,
            reference_max: u32::MAX as u64,
            pages: 0,
        }
    }

    pub(super) fn check(&self) -> Result<(), LimitsError> {
        if self.instruments == 0 || self.instruments > INSTRUMENTS_MAX {
            return Err(LimitsError::Instruments(self.instruments));
        }
        for (what, value) in [("orders", self.orders), ("levels", self.levels)] {
            if value == 0 || value > NUMBERS_MAX {
                let (asked, max) = (u64::from(value), u64::from(NUMBERS_MAX));
                return Err(LimitsError::TooMany { what, asked, max });
            }
        }
        let extreme = self.min_price == i64::MIN || self.max_price == i64::MAX;
        if self.min_price > self.max_price || extreme {
            return Err(LimitsError::Prices { min: self.min_price, max: self.max_price });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_be_are_refused_by_name() {
        let good = L3Limits::new(10, 100);
        assert_eq!(good.check(), Ok(()));
        let text = |limits: L3Limits| limits.check().unwrap_err().to_string();
        assert!(text(L3Limits { instruments: 0, ..good }).contains("instruments"));
        assert!(text(L3Limits { instruments: (1 << 24) + 1, ..good }).contains("16777217"));
        assert!(text(L3Limits { orders: 0, ..good }).contains("orders = 0"));
        assert!(text(L3Limits { levels: u32::MAX, ..good }).contains("levels = 4294967295"));
        assert!(text(L3Limits { min_price: 5, max_price: 4, ..good }).contains("min_price 5"));
        assert!(text(L3Limits { min_price: i64::MIN, ..good }).contains("min_price"));
        assert!(text(L3Limits { max_price: i64::MAX, ..good }).contains("max_price"));
    }
}
