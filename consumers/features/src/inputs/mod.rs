//! What the blocks see: quotes, levels, trades, in the integers of the instrument.
//!
//! ```text
//! quote.rs   the best of both sides      depth.rs   the best levels of both sides
//! scale.rs   tick and exponents          trade.rs   a print and who took
//! ```
//!
//! The blocks know neither records nor shared memory, so that the same code is driven by the
//! engine, by recorded files in the tests, and by the worked examples of the specification.

mod depth;
mod quote;
mod scale;
mod trade;

pub use depth::{Depth, MAX_LEVELS, PriceLevel};
pub use quote::Quote;
pub use scale::Scale;
pub use trade::{Print, Taker, classify};

/// The one NaN that outputs carry, so that equal runs have equal bytes.
pub const UNDEFINED: f64 = f64::NAN;
