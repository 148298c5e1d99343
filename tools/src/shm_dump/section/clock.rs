//! The clock page: how every process of this host turns its counter into UTC.

use std::io::{self, Write};

use serde::Serialize;
use shm::clock_page::{ClockReader, MULTIPLIER_BITS};
use shm::instance::CLOCK_LINE;
use shm::region::Region;
use shm::row_error::RowError;

use crate::inspect::page::{Page, Paint};
use crate::inspect::words::{span, utc};

/// The page.
#[derive(Debug, Serialize)]
pub struct Clock {
    /// Whether a calibration was ever published; the rest is 0 without one.
    published: bool,
    tsc_base: u64,
    /// ns UTC at the base.
    utc_base_ns: u64,
    /// ns per tick times 2^48.
    multiplier: u64,
    /// The same as a frequency.
    ticks_per_s: f64,
    /// Bound of the error at the base.
    error_ns: u64,
    /// Growth of the bound, parts per billion of age.
    drift_ppb: u64,
    /// Changes when the clock was stepped on purpose.
    epoch: u64,
}

/// Copies the page.
///
/// # Errors
/// [`RowError::Torn`]; [`RowError::Beyond`] if the region has no such line.
pub fn read(instance: &Region) -> Result<Clock, RowError> {
    let reader = ClockReader::new(instance.body().clone(), CLOCK_LINE);
    let found = reader.ok_or(RowError::Beyond)?.page()?;
    let page = found.unwrap_or_default();
    let ns_per_tick = page.multiplier as f64 / (1_u64 << MULTIPLIER_BITS) as f64;
    Ok(Clock {
        published: found.is_some(),
        tsc_base: page.tsc_base,
        utc_base_ns: page.utc_base,
        multiplier: page.multiplier,
        ticks_per_s: if page.multiplier == 0 { 0.0 } else { 1e9 / ns_per_tick },
        error_ns: page.error_ns,
        drift_ppb: page.drift_ppb,
        epoch: page.epoch,
    })
}

impl Clock {
    /// Shows the page.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        if !self.published {
            return page.line("  not published", Paint::Dim);
        }
        let (ghz, at) = (self.ticks_per_s / 1e9, utc(self.utc_base_ns));
        let line = format!("  {ghz:.6} GHz, calibrated at {at}, epoch {}", self.epoch);
        page.line(&line, Paint::Plain)?;
        let (error, drift) = (span(self.error_ns), self.drift_ppb);
        let line = format!("  error at most {error} then, growing by {drift} ns a second");
        page.line(&line, Paint::Plain)?;
        let line = format!("  base {} ticks, multiplier {}", self.tsc_base, self.multiplier);
        page.line(&line, Paint::Dim)
    }
}
