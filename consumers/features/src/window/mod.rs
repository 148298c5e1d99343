//! Look-back windows over receive time: (t - W, t], closed on the right.
//!
//! ```text
//! sum.rs     exact sums over several windows, one ring
//! timed.rs   time-weighted mean of a step function
//! asof.rs    state as of a lagged time
//! ```
//!
//! All memory is taken when a window is made. Times are ns and must not go back.

mod asof;
mod sum;
mod timed;

pub use asof::{AsOf, Lagged};
pub use sum::SumWindows;
pub use timed::{TimedMean, TimedSum};

/// Slots of a ring for at least `entries`: a power of two, so that a place is a mask.
fn slots(entries: usize) -> usize {
    entries.clamp(2, 1 << 24).next_power_of_two()
}
