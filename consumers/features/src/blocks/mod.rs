//! The features of one instrument on one venue, one file each. A block takes quotes, levels or
//! prints with the feature time, and tells its values at a time; it knows no records.
//!
//! ```text
//! bbo.rs         1.1  best prices, middle, spread, time-weighted spread
//! wap.rs         1.3  weighted average price, now and 200 ms ago
//! microprice.rs  1.4  middle corrected by a fitted table       fit.rs   how that is fitted
//! imbalance.rs   1.5  imbalance of quantities, by levels and by distance
//! ofi.rs         2.1  order flow imbalance at the best prices
//! tfi.rs         2.3  trade flow imbalance
//! vwap.rs        2.5  average price since an anchor, weighted by volume
//! ```

pub mod bbo;
pub mod fit;
pub mod imbalance;
pub mod microprice;
pub mod ofi;
pub mod tfi;
pub mod vwap;
pub mod wap;

pub use bbo::{Bbo, BboValues, SpreadValues};
pub use imbalance::{ImbalanceValues, imbalance};
pub use microprice::{MicroTable, MicroValues};
pub use ofi::{Ofi, OfiValues};
pub use tfi::{Tfi, TfiValues, TfiWindow};
pub use vwap::{Anchor, Vwap, VwapValues};
pub use wap::{Wap, WapGrid, WapValues};

/// ns of a second.
pub const SECOND: i64 = 1_000_000_000;

/// A ratio of two exact integers, or NaN where there is none.
#[inline(always)]
pub(crate) fn ratio(numerator: i128, denominator: i128) -> f64 {
    if denominator == 0 { f64::NAN } else { numerator as f64 / denominator as f64 }
}
