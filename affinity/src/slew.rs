//! Keeping the clock true while it is in use: re-calibration that bends, never steps.
//!
//! UTC wanders against the counter: the oscillator warms up, `ptp4l` steers, somebody sets the
//! clock. Records already written cannot be restamped, so a correction must not make time jump:
//! the new line starts where the old one is at this moment and has a slope that meets UTC after
//! a while, at most 500 ppm off. A step of UTC by a second is followed over half an hour, and
//! the error bound says so all that time.
//!
//! Each update, about once a second on a control thread:
//!
//! 1. The rate (ticks to UTC) is measured over the longest and cleanest stretch of the last
//!    samples. A step of UTC, seen by comparison with the raw clock, empties the stretch.
//! 2. The offset is what UTC is ahead of the line. What is less than the sample's own
//!    uncertainty is not corrected, so that noise does not become slope.
//! 3. The line is continued from the pivot with the rate plus the correction.
//! 4. The bound is offset + uncertainty + what the kernel says of UTC itself.

use crate::clock::{
    Calibration, KERNEL_DRIFT_PPB, drift_ns, ratio_ppb, slope, step_tolerance_ns, ticks_to_ns,
};
use crate::counter::Counter;
use crate::error::AffinityError;
use crate::kernel_clock::{ClockState, KernelClock};
use crate::sample::ClockSample;
use std::collections::VecDeque;

/// How many samples the rate is measured over.
const WINDOW: usize = 16;

/// How fast a measured rate loses its worth: 20 ppb a second, a crystal warming up.
const AGING_PPB_PER_S: u64 = 20;

/// How a correction is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlewLimits {
    /// The most that the slope may differ from the measured rate, in parts per billion.
    pub max_slope_ppb: u32,
    /// Time in which an offset should be gone, in nanoseconds; at least twice the time between
    /// updates is used, so that corrections do not overshoot.
    pub horizon_ns: u64,
}

impl Default for SlewLimits {
    /// 500 ppm, two seconds.
    fn default() -> Self {
        Self { max_slope_ppb: 500_000, horizon_ns: 2_000_000_000 }
    }
}

/// What one update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlewReport {
    /// The calibration to publish.
    pub calibration: Calibration,
    /// By how much UTC was ahead of the old line, in nanoseconds.
    pub offset_ns: i64,
    /// The correction in the new slope, in parts per billion of the rate.
    pub correction_ppb: i64,
    /// The part of `error_ns` that is not the kernel's: offset and uncertainty, in nanoseconds.
    pub own_error_ns: u64,
    /// A step of UTC since the last update, in nanoseconds; 0 where there was none.
    pub step_ns: i64,
    /// Time until the offset is gone at this correction, in nanoseconds.
    pub converge_ns: u64,
    /// State of the kernel's clock; where it is not synchronised, `error_ns` means nothing.
    pub state: ClockState,
    /// The sample was not usable (the counter did not advance), and nothing changed.
    pub rejected: bool,
}

/// The control plane's side of a clock page.
#[derive(Clone, Debug)]
pub struct Slewer {
    current: Calibration,
    limits: SlewLimits,
    rate: u64,
    rate_error_ppb: u64,
    window: VecDeque<ClockSample>,
    last: ClockSample,
}

impl Slewer {
    /// Goes on from a calibration and the sample that it ended with.
    pub fn new(calibration: Calibration, sample: ClockSample, limits: SlewLimits) -> Self {
        let mut window = VecDeque::with_capacity(WINDOW);
        window.push_back(sample);
        Self {
            current: calibration,
            limits,
            rate: calibration.mult,
            rate_error_ppb: calibration.rate_error_ppb.saturating_sub(KERNEL_DRIFT_PPB),
            window,
            last: sample,
        }
    }

    /// Calibrates this host and starts; takes some 20 ms.
    ///
    /// # Errors
    /// Where a clock of the kernel cannot be read, or the counter stands still.
    pub fn start(limits: SlewLimits) -> Result<Self, AffinityError> {
        let kernel = KernelClock::read_or_unknown();
        let counter = Counter::detect().counter;
        let (calibration, sample) = Calibration::measure(counter, &kernel)?;
        Ok(Self::new(calibration, sample, limits))
    }

    /// The calibration that is published now.
    pub const fn calibration(&self) -> &Calibration {
        &self.current
    }

    /// Samples this host's clocks and updates; publish the result at once.
    ///
    /// # Errors
    /// Where a clock of the kernel cannot be read.
    pub fn run_once(&mut self) -> Result<SlewReport, AffinityError> {
        let counter = self.current.counter;
        let sample = ClockSample::take(counter)?;
        let kernel = KernelClock::read_or_unknown();
        // The pivot is read last: readers follow the old line until they see the new one, and
        // the lines part from the pivot on.
        Ok(self.update(&sample, &kernel, counter.read()))
    }

    /// Updates from a sample. `pivot` is the count of ticks at which the lines meet, not before
    /// the sample: the latest that is known.
    pub fn update(&mut self, sample: &ClockSample, kernel: &KernelClock, pivot: u64) -> SlewReport {
        let old = self.current;
        if sample.ticks <= self.last.ticks || pivot < sample.ticks {
            return SlewReport {
                calibration: old,
                offset_ns: 0,
                correction_ppb: 0,
                own_error_ns: old.error_ns.saturating_sub(kernel.max_error_ns),
                step_ns: 0,
                converge_ns: 0,
                state: kernel.state,
                rejected: true,
            };
        }
        let elapsed_ns = old.duration_ns(sample.ticks - self.last.ticks);
        let step_ns = self.measure_rate(sample, elapsed_ns);
        let ours = old.now_ns(sample.ticks);
        let offset_ns = difference(sample.utc_ns, ours);
        let uncertainty = ticks_to_ns(sample.uncertainty_ticks, self.rate);
        let (correction_ppb, converge_ns) = self.correction(offset_ns, uncertainty, elapsed_ns);
        // Between sample and pivot the old line went on with its own error.
        let waited = drift_ns(
            old.duration_ns(pivot - sample.ticks),
            old.rate_error_ppb.max(KERNEL_DRIFT_PPB),
        );
        let own_error_ns =
            offset_ns.unsigned_abs().saturating_add(uncertainty).saturating_add(waited);
        let rate_error = self
            .rate_error_ppb
            .saturating_add(correction_ppb.unsigned_abs())
            .saturating_add(KERNEL_DRIFT_PPB);
        self.current = Calibration {
            tsc_base: pivot,
            utc_base_ns: old.now_ns(pivot),
            mult: bent(self.rate, correction_ppb),
            error_ns: own_error_ns.saturating_add(kernel.max_error_ns),
            epoch: old.epoch,
            rate_error_ppb: rate_error,
            counter: old.counter,
        };
        SlewReport {
            calibration: self.current,
            offset_ns,
            correction_ppb,
            own_error_ns,
            step_ns,
            converge_ns,
            state: kernel.state,
            rejected: false,
        }
    }

    /// Takes the sample into the window and improves the rate; returns a step of UTC.
    fn measure_rate(&mut self, sample: &ClockSample, elapsed_ns: u64) -> i64 {
        let utc = difference(sample.utc_ns, self.last.utc_ns);
        let raw = difference(sample.raw_ns, self.last.raw_ns);
        let parted = utc.saturating_sub(raw);
        let noise = ticks_to_ns(
            sample.uncertainty_ticks.saturating_add(self.last.uncertainty_ticks),
            self.rate,
        );
        let tolerance = step_tolerance_ns(raw.unsigned_abs()).saturating_add(noise);
        let stepped = parted.unsigned_abs() > tolerance;
        if stepped {
            self.window.clear();
        }
        self.last = *sample;
        let aged = drift_ns(elapsed_ns, AGING_PPB_PER_S);
        self.rate_error_ppb = self.rate_error_ppb.saturating_add(aged);
        let measured = self.window.iter().filter_map(|from| rate_between(from, sample, self.rate));
        if let Some((rate, error)) = measured.min_by_key(|&(_, error)| error)
            && error <= self.rate_error_ppb
        {
            self.rate = rate;
            self.rate_error_ppb = error;
        }
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(*sample);
        if stepped { parted } else { 0 }
    }

    /// The correction of the slope, in parts per billion, and how long it needs.
    fn correction(&self, offset_ns: i64, uncertainty: u64, elapsed_ns: u64) -> (i64, u64) {
        let beyond = offset_ns.unsigned_abs().saturating_sub(uncertainty);
        if beyond == 0 {
            return (0, 0);
        }
        let horizon = self.limits.horizon_ns.max(elapsed_ns.saturating_mul(2)).max(1);
        let wanted = ratio_ppb(beyond, horizon);
        let ppb =
            i64::from(self.limits.max_slope_ppb).min(i64::try_from(wanted).unwrap_or(i64::MAX));
        let needs = u128::from(beyond) * 1_000_000_000 / u128::from(ppb.unsigned_abs().max(1));
        (ppb * offset_ns.signum(), u64::try_from(needs).unwrap_or(u64::MAX))
    }
}

/// The rate between two samples and its error in parts per billion.
fn rate_between(from: &ClockSample, to: &ClockSample, rate: u64) -> Option<(u64, u64)> {
    let span = to.utc_ns.checked_sub(from.utc_ns)?;
    let measured = slope(span, to.ticks.checked_sub(from.ticks)?)?;
    let noise = ticks_to_ns(from.uncertainty_ticks.saturating_add(to.uncertainty_ticks), rate);
    Some((measured, ratio_ppb(noise, span)))
}

/// `a - b`, stopping at the ends of `i64`.
fn difference(a: u64, b: u64) -> i64 {
    let magnitude = i64::try_from(a.abs_diff(b)).unwrap_or(i64::MAX);
    if a >= b { magnitude } else { -magnitude }
}

/// A rate that runs faster by some parts per billion; never 0.
fn bent(rate: u64, ppb: i64) -> u64 {
    let change = i128::from(rate) * i128::from(ppb) / 1_000_000_000;
    u64::try_from(i128::from(rate) + change).unwrap_or(rate).max(1)
}

#[cfg(test)]
#[path = "slew_tests.rs"]
mod tests;
