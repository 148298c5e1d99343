//! UTC in nanoseconds from a counter, by one multiplication and no system call.
//!
//! A [`Calibration`] is a straight line through one point: at `tsc_base` it was `utc_base_ns`,
//! and each tick adds `mult / 2^48` nanoseconds. All processes of an instance use the same line,
//! so their stamps can be subtracted from one another. It is handed around as six words, in the
//! order and the units of the clock page in shared memory:
//!
//! | word | bits | field |
//! |---|---|---|
//! | 0 | 0-63 | `tsc_base`, ticks |
//! | 1 | 0-63 | `utc_base_ns`, nanoseconds since 1970 |
//! | 2 | 0-63 | `mult`, nanoseconds per tick in 16.48 fixed point |
//! | 3 | 0-63 | `error_ns`, bound of the error at `tsc_base` |
//! | 4 | 0-55 | `epoch`, another number only where the clock was stepped on purpose |
//! | 4 | 56-63 | `counter`: 1 TSC, 2 CLOCK_MONOTONIC_RAW |
//! | 5 | 0-63 | `rate_error_ppb`, by which the bound grows |
//!
//! The counter shares a word with the epoch because a reader must read the same one, and because
//! both change only together with a step.
//!
//! The last field keeps the bound honest when nobody re-calibrates any more: a reader that asks
//! [`Calibration::error_at`] sees the error of a dead control plane grow.

use crate::counter::Counter;
use crate::error::AffinityError;
use crate::kernel_clock::KernelClock;
use crate::sample::ClockSample;
use std::fmt;
use std::time::Duration;

/// Fraction bits of [`Calibration::mult`].
pub const SHIFT: u32 = 48;

/// Bits of the epoch in its word; the counter's code is above.
const EPOCH_BITS: u32 = 56;

/// Doubt about UTC that the kernel itself adds while nobody disciplines it: 500 ppm.
pub const KERNEL_DRIFT_PPB: u64 = 500_000;

/// How long the first calibration looks: long enough for some 1 ppm, which slewing improves.
pub const FIRST_INTERVAL: Duration = Duration::from_millis(20);

/// What is wrong with six words of a clock page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalibrationError {
    /// The multiplier is 0, as in a page that nobody wrote yet.
    ZeroMultiplier,
    /// The counter's code is unknown.
    UnknownCounter,
}

impl CalibrationError {
    /// Every variant, in the order of [`CalibrationError::index`].
    pub const ALL: [Self; 2] = [Self::ZeroMultiplier, Self::UnknownCounter];

    /// The variant's name, as counters and reports print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZeroMultiplier => "zero_multiplier",
            Self::UnknownCounter => "unknown_counter",
        }
    }

    /// The variant's place in [`CalibrationError::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for CalibrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for CalibrationError {}

/// The line from ticks to UTC, with a bound of its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Ticks of the point that the line goes through.
    pub tsc_base: u64,
    /// Nanoseconds UTC of that point.
    pub utc_base_ns: u64,
    /// Nanoseconds per tick in 16.48 fixed point; never 0.
    pub mult: u64,
    /// Bound of the error at `tsc_base` against true UTC, in nanoseconds: what calibration left,
    /// and what the kernel says of its own clock.
    pub error_ns: u64,
    /// Another number only where the clock was stepped on purpose; slewing keeps it. Below 2^56.
    pub epoch: u64,
    /// By how much the bound grows, in parts per billion of the time since `tsc_base`.
    pub rate_error_ppb: u64,
    /// The counter that ticks come from.
    pub counter: Counter,
}

impl Calibration {
    /// The first calibration of an instance: two samples, [`FIRST_INTERVAL`] apart.
    ///
    /// Also returns the second sample, from which slewing goes on.
    ///
    /// # Errors
    /// Where a clock cannot be read, or the counter stands still.
    pub fn measure(
        counter: Counter,
        kernel: &KernelClock,
    ) -> Result<(Self, ClockSample), AffinityError> {
        let first = ClockSample::take(counter)?;
        std::thread::sleep(FIRST_INTERVAL);
        let second = ClockSample::take(counter)?;
        Ok((Self::between(&first, &second, counter, kernel)?, second))
    }

    /// The line through two samples.
    ///
    /// Where UTC was stepped between them, the slope is the raw clock's.
    ///
    /// # Errors
    /// Where the counter did not advance, or so little that the slope does not fit.
    pub fn between(
        first: &ClockSample,
        second: &ClockSample,
        counter: Counter,
        kernel: &KernelClock,
    ) -> Result<Self, AffinityError> {
        let interval_ns = second.raw_ns.saturating_sub(first.raw_ns);
        let stopped = || AffinityError::CounterStopped { interval_ns };
        let ticks = second.ticks.checked_sub(first.ticks).ok_or_else(stopped)?;
        let utc = second.utc_ns.saturating_sub(first.utc_ns);
        let stepped = utc.abs_diff(interval_ns) > step_tolerance_ns(interval_ns);
        let span = if stepped { interval_ns } else { utc };
        let mult = slope(span, ticks).ok_or_else(stopped)?;
        let last = ticks_to_ns(second.uncertainty_ticks, mult);
        let both = ticks_to_ns(first.uncertainty_ticks, mult).saturating_add(last);
        let rate_error = ratio_ppb(both, span).saturating_add(KERNEL_DRIFT_PPB);
        Ok(Self {
            tsc_base: second.ticks,
            utc_base_ns: second.utc_ns,
            mult,
            error_ns: last.saturating_add(kernel.max_error_ns),
            epoch: 1,
            rate_error_ppb: rate_error,
            counter,
        })
    }

    /// Nanoseconds UTC at a count of ticks, before or after the base.
    ///
    /// Exact to the nanosecond below; times outside of what `u64` holds stop at its ends.
    #[inline]
    pub fn now_ns(&self, ticks: u64) -> u64 {
        let after = ticks.wrapping_sub(self.tsc_base);
        if after > i64::MAX.cast_unsigned() {
            return self.before_base(after.wrapping_neg());
        }
        // One multiplication of 64 by 64 bits: this is the path of every reading.
        let ns = (u128::from(after) * u128::from(self.mult)) >> SHIFT;
        self.utc_base_ns.saturating_add(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// A stamp that was taken before the line it is converted with.
    #[cold]
    fn before_base(&self, before: u64) -> u64 {
        // Rounded up, because what is taken away must leave the nanosecond below.
        let product = u128::from(before) * u128::from(self.mult);
        let ns = product.div_ceil(1 << SHIFT);
        self.utc_base_ns.saturating_sub(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Nanoseconds that a number of ticks lasts.
    #[inline]
    pub fn duration_ns(&self, ticks: u64) -> u64 {
        ticks_to_ns_floor(ticks, self.mult)
    }

    /// Ticks that a number of nanoseconds lasts.
    pub fn ticks_in(&self, ns: u64) -> u64 {
        let ticks = (u128::from(ns) << SHIFT).checked_div(u128::from(self.mult)).unwrap_or(0);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Bound of the error against true UTC at a count of ticks, in nanoseconds.
    pub fn error_at(&self, ticks: u64) -> u64 {
        let away = ticks.wrapping_sub(self.tsc_base).cast_signed().unsigned_abs();
        let age_ns = ticks_to_ns(away, self.mult);
        self.error_ns.saturating_add(drift_ns(age_ns, self.rate_error_ppb))
    }

    /// The six words of a clock page.
    pub fn to_words(&self) -> [u64; 6] {
        let epoch = self.epoch & ((1 << EPOCH_BITS) - 1);
        let epoch = u64::from(self.counter as u8) << EPOCH_BITS | epoch;
        let (base, utc) = (self.tsc_base, self.utc_base_ns);
        [base, utc, self.mult, self.error_ns, epoch, self.rate_error_ppb]
    }

    /// Reads the six words of a clock page.
    ///
    /// # Errors
    /// Where they are not the words of a calibration.
    pub fn from_words(words: [u64; 6]) -> Result<Self, CalibrationError> {
        let [tsc_base, utc_base_ns, mult, error_ns, epoch, rate_error_ppb] = words;
        if mult == 0 {
            return Err(CalibrationError::ZeroMultiplier);
        }
        let [.., code] = epoch.to_le_bytes();
        Ok(Self {
            tsc_base,
            utc_base_ns,
            mult,
            error_ns,
            epoch: epoch & ((1 << EPOCH_BITS) - 1),
            rate_error_ppb,
            counter: Counter::from_code(code).ok_or(CalibrationError::UnknownCounter)?,
        })
    }
}

/// Something that tells the time in nanoseconds UTC: a [`Clock`], or a simulation's closure.
pub trait Now {
    /// The time now; never before what the same value returned earlier.
    fn now(&mut self) -> u64;
}

impl<F: FnMut() -> u64> Now for F {
    #[inline]
    fn now(&mut self) -> u64 {
        self()
    }
}

/// One thread's clock: a calibration, and the promise not to run backwards.
///
/// When a new calibration with a smaller slope is adopted some time after it was made, its line
/// lies below the old one by that time times the change of slope. The clock then stands still
/// for these few nanoseconds rather than go back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    calibration: Calibration,
    last: u64,
}

impl Clock {
    /// A clock of a calibration, measured here or read from a clock page.
    pub const fn new(calibration: Calibration) -> Self {
        Self { calibration, last: 0 }
    }

    /// A clock of its own calibration, for tools that have no clock page; takes some 20 ms.
    ///
    /// # Errors
    /// Where a clock of the kernel cannot be read.
    pub fn measure() -> Result<Self, AffinityError> {
        let counter = Counter::detect().counter;
        let (calibration, _) = Calibration::measure(counter, &KernelClock::read_or_unknown())?;
        Ok(Self::new(calibration))
    }

    /// The calibration in use.
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Goes on with another calibration of the same instance.
    pub fn adopt(&mut self, calibration: Calibration) {
        self.calibration = calibration;
    }

    /// The counter now, for stamps that are converted later.
    #[inline]
    pub fn ticks(&self) -> u64 {
        self.calibration.counter.read()
    }

    /// Nanoseconds UTC of a stamp in ticks.
    #[inline]
    pub fn at(&self, ticks: u64) -> u64 {
        self.calibration.now_ns(ticks)
    }

    /// Nanoseconds UTC now, never less than before.
    #[inline]
    pub fn now(&mut self) -> u64 {
        self.last = self.last.max(self.at(self.ticks()));
        self.last
    }
}

impl Now for Clock {
    #[inline]
    fn now(&mut self) -> u64 {
        Clock::now(self)
    }
}

/// The most that UTC and raw clock differ over an interval without a step: the kernel slews by
/// at most 500 ppm on top of at most 500 ppm of frequency, plus the moment between two readings.
pub(crate) fn step_tolerance_ns(interval_ns: u64) -> u64 {
    (interval_ns / 1000).saturating_add(10_000)
}

/// Nanoseconds per tick in 16.48, rounded; `None` where it is 0 or does not fit.
pub(crate) fn slope(ns: u64, ticks: u64) -> Option<u64> {
    let scaled = (u128::from(ns) << SHIFT).checked_add(u128::from(ticks / 2))?;
    let mult = scaled.checked_div(u128::from(ticks))?;
    u64::try_from(mult).ok().filter(|&mult| mult != 0)
}

fn ticks_to_ns_floor(ticks: u64, mult: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(mult)) >> SHIFT).unwrap_or(u64::MAX)
}

/// Nanoseconds of ticks, rounded up, as bounds are.
pub(crate) fn ticks_to_ns(ticks: u64, mult: u64) -> u64 {
    ticks_to_ns_floor(ticks, mult).saturating_add(1)
}

/// `part / whole` in parts per billion, rounded up.
pub(crate) fn ratio_ppb(part: u64, whole: u64) -> u64 {
    let ppb = (u128::from(part) * 1_000_000_000).div_ceil(u128::from(whole.max(1)));
    u64::try_from(ppb).unwrap_or(u64::MAX)
}

/// What a rate's error comes to over a time, in nanoseconds, rounded up.
pub(crate) fn drift_ns(age_ns: u64, ppb: u64) -> u64 {
    let ns = (u128::from(age_ns) * u128::from(ppb)).div_ceil(1_000_000_000);
    u64::try_from(ns).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
