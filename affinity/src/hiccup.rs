//! How often and for how long a core is taken away: ticks, interrupts, other threads, the
//! hypervisor.
//!
//! A thread that does nothing but read the counter should see it advance by the same few
//! nanoseconds every time. Every larger gap is time in which a lane on that core would have been
//! deaf, and no code of ours can be better than it. Reports of latency carry this measurement,
//! so that a tail can be told from the host's own.

use crate::clock::Calibration;
use crate::error::AffinityError;
use crate::pin::pin;
use crate::usage::ThreadUsage;
use hdrhistogram::Histogram;
use std::fmt;
use std::thread;
use std::time::Duration;

/// The longest measurement, whatever is asked for.
pub const MAX_DURATION: Duration = Duration::from_secs(60);

/// The longest gap that the histogram tells apart, in nanoseconds: an hour.
const MAX_GAP_NS: u64 = 3_600_000_000_000;

/// Gaps of fewer ticks are counted in an array, as fast as they come.
const SMALL: usize = 4096;

/// The gaps that a core had.
#[derive(Clone, Debug)]
pub struct HiccupReport {
    /// The core.
    pub core: usize,
    /// How long was measured, in nanoseconds.
    pub duration_ns: u64,
    /// Gaps from 1 us on.
    pub over_1us: u64,
    /// Gaps from 10 us on.
    pub over_10us: u64,
    /// Gaps from 100 us on.
    pub over_100us: u64,
    /// Sum of the gaps from 1 us on, in nanoseconds: time that the core was not ours.
    pub stolen_ns: u64,
    /// Times the kernel gave the core to another thread meanwhile.
    pub switches: u64,
    /// All gaps in nanoseconds, to three digits.
    pub gaps: Histogram<u64>,
}

impl HiccupReport {
    /// The gap that this part of all gaps does not exceed, in nanoseconds; `quantile` from 0 to 1.
    pub fn at(&self, quantile: f64) -> u64 {
        self.gaps.value_at_quantile(quantile)
    }

    /// The longest gap, in nanoseconds.
    pub fn max_ns(&self) -> u64 {
        self.gaps.max()
    }

    /// The part of the time that was taken away, in millionths.
    pub fn stolen_ppm(&self) -> u64 {
        let ppm = u128::from(self.stolen_ns) * 1_000_000 / u128::from(self.duration_ns.max(1));
        u64::try_from(ppm).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for HiccupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "core {}: gaps p50 {} ns, p99.9 {} ns, p99.99 {} ns, max {} ns; {} over 1 us, \
             {} over 10 us, {} over 100 us; {} ppm taken away, {} switches",
            self.core,
            self.at(0.5),
            self.at(0.999),
            self.at(0.9999),
            self.max_ns(),
            self.over_1us,
            self.over_10us,
            self.over_100us,
            self.stolen_ppm(),
            self.switches,
        )
    }
}

/// Measures a core for a time, at most [`MAX_DURATION`], on a thread of its own.
///
/// # Errors
/// Where the core cannot be pinned to.
pub fn measure(
    core: usize,
    duration: Duration,
    calibration: &Calibration,
) -> Result<HiccupReport, AffinityError> {
    let calibration = *calibration;
    let wanted = duration.min(MAX_DURATION);
    let ns = u64::try_from(wanted.as_nanos()).unwrap_or(u64::MAX);
    let measuring = thread::Builder::new().name(format!("hiccup-{core}"));
    let spun = measuring.spawn(move || {
        pin(core)?;
        let mut tally = Tally::new(&calibration)?;
        let before = ThreadUsage::now();
        let ticks = spin(&calibration, calibration.ticks_in(ns), &mut tally);
        let switches = ThreadUsage::now().since(before).involuntary_switches;
        Ok(tally.report(core, calibration.duration_ns(ticks), switches))
    });
    let failed = |reason: String| AffinityError::Hiccup { reason };
    match spun.map_err(|e| failed(e.to_string()))?.join() {
        Ok(report) => report,
        Err(_) => Err(failed("its thread panicked".to_owned())),
    }
}

/// Reads the counter until enough ticks are over; returns how many there were.
fn spin(calibration: &Calibration, ticks: u64, tally: &mut Tally) -> u64 {
    let counter = calibration.counter;
    let begin = counter.read();
    let mut last = begin;
    loop {
        let now = counter.read();
        // Where the counter seems to run backwards the gap is none.
        tally.gap(now.saturating_sub(last));
        last = now;
        let over = now.saturating_sub(begin);
        if over >= ticks {
            return over;
        }
    }
}

/// Counts of gaps. All memory is touched before the first is counted.
struct Tally {
    calibration: Calibration,
    small: Vec<u64>,
    gaps: Histogram<u64>,
    over_1us: u64,
    over_10us: u64,
    over_100us: u64,
    stolen_ns: u64,
}

impl Tally {
    fn new(calibration: &Calibration) -> Result<Self, AffinityError> {
        let failed =
            |e: hdrhistogram::CreationError| AffinityError::Hiccup { reason: e.to_string() };
        let mut gaps = Histogram::new_with_bounds(1, MAX_GAP_NS, 3).map_err(failed)?;
        gaps.reset();
        let mut small = vec![0; SMALL];
        small.fill(0);
        Ok(Self {
            calibration: *calibration,
            small,
            gaps,
            over_1us: 0,
            over_10us: 0,
            over_100us: 0,
            stolen_ns: 0,
        })
    }

    #[inline]
    fn gap(&mut self, ticks: u64) {
        let place = usize::try_from(ticks).unwrap_or(usize::MAX);
        match self.small.get_mut(place) {
            Some(count) => *count += 1,
            None => self.count(ticks, 1),
        }
    }

    fn count(&mut self, ticks: u64, times: u64) {
        let ns = self.calibration.duration_ns(ticks);
        self.gaps.saturating_record_n(ns, times);
        let from = |limit: u64| if ns >= limit { times } else { 0 };
        self.over_1us += from(1_000);
        self.over_10us += from(10_000);
        self.over_100us += from(100_000);
        if ns >= 1_000 {
            self.stolen_ns = self.stolen_ns.saturating_add(ns.saturating_mul(times));
        }
    }

    fn report(mut self, core: usize, duration_ns: u64, switches: u64) -> HiccupReport {
        let small = std::mem::take(&mut self.small);
        for (ticks, times) in (0_u64..).zip(small).filter(|&(_, times)| times > 0) {
            self.count(ticks, times);
        }
        HiccupReport {
            core,
            duration_ns,
            over_1us: self.over_1us,
            over_10us: self.over_10us,
            over_100us: self.over_100us,
            stolen_ns: self.stolen_ns,
            switches,
            gaps: self.gaps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SHIFT};
    use crate::counter::Counter;
    use crate::pin::current_affinity;
    use proptest::prelude::*;

    /// Half a nanosecond a tick.
    fn two_gigahertz() -> Calibration {
        Calibration {
            tsc_base: 0,
            utc_base_ns: 0,
            mult: 1 << (SHIFT - 1),
            error_ns: 0,
            epoch: 1,
            rate_error_ppb: 0,
            counter: Counter::Tsc,
        }
    }

    proptest! {
        #[test]
        fn the_report_agrees_with_a_sorted_list(
            ticks in proptest::collection::vec(
                prop_oneof![20 => 10_u64..60, 3 => 1_000_u64..9_000, 1 => 9_000_u64..50_000_000],
                1..300,
            ),
        ) {
            let mut tally = Tally::new(&two_gigahertz()).expect("a histogram");
            ticks.iter().for_each(|&gap| tally.gap(gap));
            let mut ns: Vec<u64> = ticks.iter().map(|gap| gap / 2).collect();
            ns.sort_unstable();
            let report = tally.report(3, ns.iter().sum(), 0);
            let from = |limit: u64| ns.iter().filter(|&&gap| gap >= limit).count() as u64;
            prop_assert_eq!(report.over_1us, from(1_000));
            prop_assert_eq!(report.over_10us, from(10_000));
            prop_assert_eq!(report.over_100us, from(100_000));
            let stolen: u64 = ns.iter().filter(|&&gap| gap >= 1_000).sum();
            prop_assert_eq!(report.stolen_ns, stolen);
            prop_assert_eq!(report.gaps.len(), ns.len() as u64);
            // Nearest rank, and three digits.
            for quantile in [0.5, 0.9, 1.0] {
                let rank = ((quantile * ns.len() as f64).ceil() as usize).clamp(1, ns.len());
                let exact = ns[rank - 1];
                let near = report.at(quantile);
                prop_assert!(near.abs_diff(exact) <= exact / 1000 + 1, "{near} {exact}");
            }
        }
    }

    #[test]
    fn a_measured_core_is_accounted_for() {
        let core = current_affinity().expect("affinity").first().expect("a core");
        let clock = Clock::measure().expect("a clock");
        let asked = Duration::from_millis(30);
        let report = measure(core, asked, clock.calibration()).expect("an allowed core");
        assert!(report.duration_ns >= 29_999_999, "{report}");
        // The gaps are the time: nothing between the first and the last reading is missing, but
        // for what rounding each gap down to whole nanoseconds and three digits loses.
        let sum: f64 = report
            .gaps
            .iter_recorded()
            .map(|step| step.value_iterated_to() as f64 * step.count_at_value() as f64)
            .sum();
        let slack = report.gaps.len() as f64 + report.duration_ns as f64 / 500.0;
        assert!((sum - report.duration_ns as f64).abs() <= slack, "{sum} {report}");
        assert!(report.max_ns() >= report.at(0.5) && report.stolen_ns <= report.duration_ns);
        assert!(report.to_string().starts_with(&format!("core {core}: gaps p50 ")), "{report}");
        assert!(report.stolen_ppm() <= 1_000_000);
    }

    #[test]
    fn a_core_that_does_not_exist_is_an_error() {
        let error = measure(8_000, Duration::from_millis(1), &two_gigahertz()).expect_err("none");
        assert!(matches!(error, AffinityError::NoSuchCore { core: 8_000, .. }), "{error}");
    }
}
