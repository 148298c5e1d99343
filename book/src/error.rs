//! What can be wrong with a book event, and with the limits a book is built with.
//!
//! A venue can send an event that does not fit the book: because messages were missed, because it
//! is corrupt, or because a limit was set too small. None of these may stop the handler and none
//! may pass unseen, so every operation answers with one small code which the caller counts.

use core::fmt;

/// Why a book refused an event. Unless the variant says otherwise the book is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum BookError {
    /// The instrument is not below the number of instruments the books were built for.
    UnknownInstrument,
    /// No live order has this reference.
    UnknownReference,
    /// A live order has this reference already.
    DuplicateReference,
    /// The order belongs to another instrument than the message says.
    WrongInstrument,
    /// The quantity of an order, execution or reduction is zero.
    ZeroQuantity,
    /// The quantity is negative.
    NegativeQuantity,
    /// The price is outside the limits, or is `i64::MIN` or `i64::MAX`.
    AbsurdPrice,
    /// The reference is above the largest that the order index was built for.
    AbsurdReference,
    /// More was executed than remained. The order **was removed** with all that remained of it;
    /// no quantity went below zero. The book is no longer proven right.
    OverExecution,
    /// More was taken off than remained. The order **was removed**, as with
    /// [`BookError::OverExecution`].
    OverReduction,
    /// The quantities of a level would sum to more than an `i64` holds.
    QuantityOverflow,
    /// As many orders are live as the limits allow, or the order index has no page left.
    OrderTableFull,
    /// As many levels exist as the limits allow.
    LevelTableFull,
}

impl BookError {
    /// Every error, in the order of [`BookError::index`].
    pub const ALL: [BookError; 13] = [
        BookError::UnknownInstrument,
        BookError::UnknownReference,
        BookError::DuplicateReference,
        BookError::WrongInstrument,
        BookError::ZeroQuantity,
        BookError::NegativeQuantity,
        BookError::AbsurdPrice,
        BookError::AbsurdReference,
        BookError::OverExecution,
        BookError::OverReduction,
        BookError::QuantityOverflow,
        BookError::OrderTableFull,
        BookError::LevelTableFull,
    ];

    /// The name under which counters and reports show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BookError::UnknownInstrument => "unknown_instrument",
            BookError::UnknownReference => "unknown_reference",
            BookError::DuplicateReference => "duplicate_reference",
            BookError::WrongInstrument => "wrong_instrument",
            BookError::ZeroQuantity => "zero_quantity",
            BookError::NegativeQuantity => "negative_quantity",
            BookError::AbsurdPrice => "absurd_price",
            BookError::AbsurdReference => "absurd_reference",
            BookError::OverExecution => "over_execution",
            BookError::OverReduction => "over_reduction",
            BookError::QuantityOverflow => "quantity_overflow",
            BookError::OrderTableFull => "order_table_full",
            BookError::LevelTableFull => "level_table_full",
        }
    }

    /// Its place in [`BookError::ALL`], for arrays of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for BookError {}

/// Why books cannot be built with the limits given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// An instrument index has 24 bits.
    #[error("book limits: {0} instruments asked for, at least 1 and at most {max} are possible",
        max = crate::INSTRUMENTS_MAX)]
    Instruments(u32),
    /// Orders and levels are linked by 32-bit numbers.
    #[error("book limits: {what} = {asked} asked for, at least 1 and at most {max} are possible")]
    TooMany {
        /// The field of the limits.
        what: &'static str,
        /// Its value.
        asked: u64,
        /// The largest value possible.
        max: u64,
    },
    /// No price lies between the two bounds, or one of them is extreme.
    #[error(
        "book limits: min_price {min} must not be above max_price {max}, \
        and neither may be the extreme of an i64"
    )]
    Prices {
        /// `min_price` of the limits.
        min: i64,
        /// `max_price` of the limits.
        max: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_place_in_all_and_names_differ() {
        for (place, error) in BookError::ALL.into_iter().enumerate() {
            assert_eq!(error.index(), place);
        }
        let mut names: Vec<_> = BookError::ALL.iter().map(|e| e.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BookError::ALL.len());
    }
}
