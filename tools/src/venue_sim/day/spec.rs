//! What a day is to be, and what the real days were that it is calibrated to.

use serde::Serialize;

use super::super::Error;

/// A generated day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The same seed, size and symbols give the same bytes.
    pub seed: u64,
    /// Messages of the whole day.
    pub messages: u64,
    /// Symbols, 1 to 65,534.
    pub symbols: u16,
    /// Stop after so many messages of that day; 0 writes it all. The first messages of a day are
    /// not a small day: fewer orders rest, because the market has just begun.
    pub first: u64,
}

impl Spec {
    /// The day that all comparisons use.
    pub const WHOLE: Self = Self { seed: 1, messages: 40_000_000, symbols: 8_900, first: 0 };

    /// Messages that a day has besides the orders: six of the system, three for each symbol.
    #[must_use]
    pub const fn frame(&self) -> u64 {
        6 + 3 * self.symbols as u64
    }

    /// Messages that are written.
    #[must_use]
    pub const fn written(&self) -> u64 {
        if self.first == 0 || self.first > self.messages { self.messages } else { self.first }
    }

    /// Refuses what makes no day.
    pub(super) fn check(&self) -> Result<(), Error> {
        let range = |option, value, low, high| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Error::Range { option, value, low, high })
            }
        };
        range("--symbols", self.symbols.into(), 1, u64::from(u16::MAX) - 1)?;
        range("--messages", self.messages, self.frame(), MOST)
    }
}

/// Reference numbers and message numbers are kept in 32 bits; a quarter of the references is of
/// orders that nobody sees.
const MOST: u64 = 3_000_000_000;

/// What published counts say of whole days, scaled to 40 million messages of 8,900 symbols. They
/// come from the READMEs of three open book builders that counted the days of 2017-01-30 and
/// 2019-12-30: 268.7 million messages with 118.6 million adds, 114.4 million deletes, 21.6 million
/// replaces and 8.6 million executions and reductions; at most 1.65 and 1.92 million orders.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Share of adds (A, F).
    pub adds: f64,
    /// Share of deletes (D).
    pub deletes: f64,
    /// Share of replaces (U).
    pub replaces: f64,
    /// Share of executions and reductions (E, C, X).
    pub takes: f64,
    /// Exponent of Zipf's law in messages per symbol.
    pub zipf: f64,
    /// Median lifetime of an order, in messages of the whole market.
    pub lifetime: f64,
    /// Most orders at once.
    pub orders: f64,
    /// Most prices at once.
    pub levels: f64,
    /// The greatest reference number.
    pub references: f64,
}

impl Calibration {
    /// The figures for [`Spec::WHOLE`].
    pub const WHOLE: Self = Self {
        adds: 0.466,
        deletes: 0.417,
        replaces: 0.077,
        takes: 0.029,
        zipf: 0.65,
        lifetime: 22_000.0,
        orders: 1_390_000.0,
        levels: 408_000.0,
        references: 27_100_000.0,
    };
}
