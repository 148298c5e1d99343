//! Tests of slewing on a made-up host whose true clocks are known exactly.

use super::*;
use crate::clock::{Clock, SHIFT};
use crate::counter::clock_ns;
use crate::kernel_clock::ClockState;
use proptest::prelude::*;

const PERFECT: KernelClock =
    KernelClock { state: ClockState::Ok, max_error_ns: 0, estimated_error_ns: 0, frequency_ppb: 0 };

/// A host with a counter of 2.5 GHz whose UTC runs at a rate of its own and may be stepped.
struct Host {
    raw_ns: u64,
    utc_ns: i128,
    ppb: i128,
}

impl Host {
    const TICKS: u64 = 5;
    const PER_NS: u64 = 2;

    fn new() -> Self {
        Self { raw_ns: 1_000_000_000, utc_ns: 1_700_000_000_000_000_000, ppb: 0 }
    }

    /// Lets an even number of nanoseconds pass.
    fn pass(&mut self, ns: u64) {
        self.raw_ns += ns;
        self.utc_ns += i128::from(ns) + i128::from(ns) * self.ppb / 1_000_000_000;
    }

    fn ticks(&self) -> u64 {
        self.raw_ns / Self::PER_NS * Self::TICKS
    }

    fn utc(&self) -> u64 {
        u64::try_from(self.utc_ns).expect("a time of our age")
    }

    /// A sample that is wrong by `error_ticks` and admits to `bound`.
    fn sample(&self, error_ticks: i64, bound: u64) -> ClockSample {
        ClockSample {
            ticks: self.ticks().wrapping_add_signed(error_ticks),
            utc_ns: self.utc(),
            raw_ns: self.raw_ns,
            uncertainty_ticks: bound,
        }
    }

    fn start(&mut self) -> Slewer {
        let first = self.sample(0, 50);
        self.pass(20_000_000);
        let second = self.sample(0, 50);
        let c = Calibration::between(&first, &second, Counter::Tsc, &PERFECT).expect("a line");
        Slewer::new(c, second, SlewLimits::default())
    }
}

/// One thing that happens to the host between two updates.
#[derive(Clone, Debug)]
struct Event {
    wait_us: u64,
    ppb: i64,
    step_ns: i64,
    noise: i64,
    bound: u64,
}

fn events(steps: bool, max_ppb: i64) -> impl Strategy<Value = Vec<Event>> {
    let step = if steps {
        // Large ones are seen as steps, small ones look like a rate.
        prop_oneof![
            6 => Just(0_i64),
            1 => -2_000_000_000_i64..2_000_000_000,
            1 => -2_000_000_i64..2_000_000,
        ]
        .boxed()
    } else {
        Just(0).boxed()
    };
    let event = (500_000_u64..1_500_000, -max_ppb..max_ppb, step, 0_u64..5_000).prop_flat_map(
        |(wait_us, ppb, step_ns, bound)| {
            let limit = bound.cast_signed();
            (-limit..=limit).prop_map(move |noise| Event { wait_us, ppb, step_ns, noise, bound })
        },
    );
    proptest::collection::vec(event, 1..40)
}

proptest! {
    #[test]
    fn time_never_goes_back_and_never_steps(events in events(true, 400_000)) {
        let mut host = Host::new();
        let mut slewer = host.start();
        let mut shown = slewer.calibration().now_ns(host.ticks());
        let mut unseen_step = false;
        for event in events {
            host.ppb = i128::from(event.ppb);
            host.utc_ns += i128::from(event.step_ns);
            for _ in 0..4 {
                host.pass(event.wait_us / 8 * 2 * 1000);
                let now = slewer.calibration().now_ns(host.ticks());
                prop_assert!(now >= shown);
                shown = now;
            }
            let sample = host.sample(event.noise, event.bound);
            host.pass(100_000);
            let pivot = host.ticks();
            let before = *slewer.calibration();
            let report = slewer.update(&sample, &PERFECT, pivot);
            prop_assert!(!report.rejected);
            let after = report.calibration;
            prop_assert_eq!(after.epoch, before.epoch);
            prop_assert_eq!(after.now_ns(pivot), before.now_ns(pivot));
            // The slope stays within 500 ppm of the rate, which the host keeps within 400 ppm
            // of 0.4 ns a tick, give or take the noise of the shortest stretch measured. A step
            // too small to be one is a rate: at most 1,000 ppm and 10 us in the half second
            // between two samples, which is as fast as a kernel ever slews.
            unseen_step |= event.step_ns != 0 && report.step_ns == 0;
            let rate = if unseen_step { 1000 + 20 } else { 400 };
            let nominal = (2_u128 << SHIFT) / 5;
            let off = u128::from(after.mult).abs_diff(nominal) * 1_000_000 / nominal;
            prop_assert!(off <= 500 + rate + 20, "{off} ppm");
            prop_assert!(report.correction_ppb.abs() <= 500_000);
        }
    }

    #[test]
    fn the_bound_holds_at_any_time(events in events(false, 240_000)) {
        let mut host = Host::new();
        let mut slewer = host.start();
        for event in events {
            host.ppb = i128::from(event.ppb);
            for _ in 0..4 {
                host.pass(event.wait_us / 8 * 2 * 1000);
                let c = slewer.calibration();
                let error = c.now_ns(host.ticks()).abs_diff(host.utc());
                prop_assert!(error <= c.error_at(host.ticks()) + 2, "{error} {c:?}");
            }
            let sample = host.sample(event.noise, event.bound);
            host.pass(20_000);
            let report = slewer.update(&sample, &PERFECT, host.ticks());
            let error = report.calibration.now_ns(host.ticks()).abs_diff(host.utc());
            prop_assert!(error <= report.own_error_ns + 2, "{error} {report:?}");
            prop_assert_eq!(report.step_ns, 0);
        }
    }

    #[test]
    fn an_offset_is_followed_until_it_is_gone(
        step_us in -400_i64..400, ppb in -100_000_i64..100_000, period_ms in 300_u64..3_000,
    ) {
        let mut host = Host::new();
        host.ppb = i128::from(ppb);
        let mut slewer = host.start();
        host.utc_ns += i128::from(step_us) * 1000;
        let mut offset = i64::MAX;
        for _ in 0..150 {
            host.pass(period_ms * 1_000_000);
            offset = slewer.update(&host.sample(0, 25), &PERFECT, host.ticks()).offset_ns;
        }
        // 25 ticks of 0.4 ns are not corrected; the rest is rounding.
        prop_assert!(offset.abs() <= 10 + 15, "{offset}");
    }
}

#[test]
fn a_step_is_seen_and_followed_at_the_limit() {
    let mut host = Host::new();
    let mut slewer = host.start();
    host.pass(1_000_000_000);
    slewer.update(&host.sample(0, 25), &PERFECT, host.ticks());
    host.utc_ns += 1_000_000_000;
    host.pass(1_000_000_000);
    let report = slewer.update(&host.sample(0, 25), &PERFECT, host.ticks());
    assert!((999_999_000..=1_000_001_000).contains(&report.step_ns), "{report:?}");
    assert_eq!(report.correction_ppb, 500_000);
    // One second at 500 ppm takes 2,000 s.
    assert!(report.converge_ns.abs_diff(2_000_000_000_000) < 1_000_000_000, "{report:?}");
    assert!(report.own_error_ns >= report.offset_ns.unsigned_abs());
}

#[test]
fn the_rate_is_learnt() {
    let mut host = Host::new();
    host.ppb = 37_000;
    let mut slewer = host.start();
    for _ in 0..20 {
        host.pass(1_000_000_000);
        slewer.update(&host.sample(0, 25), &PERFECT, host.ticks());
    }
    let expected = (2_u128 << SHIFT) * 1_000_037 / 5_000_000;
    let off = u128::from(slewer.rate).abs_diff(expected) * 1_000_000_000 / expected;
    assert!(off <= 5, "{off} ppb");
    assert!(slewer.rate_error_ppb < 50, "{slewer:?}");
}

#[test]
fn a_wide_sample_does_not_bend_the_clock() {
    let mut host = Host::new();
    let mut slewer = host.start();
    for _ in 0..5 {
        host.pass(1_000_000_000);
        slewer.update(&host.sample(0, 25), &PERFECT, host.ticks());
    }
    let rate = slewer.rate;
    host.pass(1_000_000_000);
    // Preempted inside the bracket: 2 ms wrong, and it says so.
    let report = slewer.update(&host.sample(-5_000_000, 5_000_200), &PERFECT, host.ticks());
    assert_eq!((report.correction_ppb, slewer.rate), (0, rate));
    assert!(report.own_error_ns >= 2_000_000);
}

#[test]
fn what_the_kernel_says_is_carried() {
    let mut host = Host::new();
    let mut slewer = host.start();
    host.pass(1_000_000_000);
    let kernel =
        KernelClock { state: ClockState::Unsynchronised, max_error_ns: 16_000_000_000, ..PERFECT };
    let report = slewer.update(&host.sample(0, 25), &kernel, host.ticks());
    assert_eq!(report.state, ClockState::Unsynchronised);
    assert_eq!(report.calibration.error_ns, report.own_error_ns + 16_000_000_000);
}

#[test]
fn unusable_samples_change_nothing() {
    let mut host = Host::new();
    let mut slewer = host.start();
    let before = *slewer.calibration();
    let stale = host.sample(0, 25);
    assert!(slewer.update(&stale, &PERFECT, host.ticks()).rejected);
    host.pass(1_000_000);
    let fresh = host.sample(0, 25);
    assert!(slewer.update(&fresh, &PERFECT, fresh.ticks - 1).rejected);
    assert_eq!(*slewer.calibration(), before);
    assert!(!slewer.update(&fresh, &PERFECT, fresh.ticks).rejected);
}

#[test]
fn this_host_slews_without_running_backwards() {
    let mut slewer = Slewer::start(SlewLimits::default()).expect("clocks");
    let mut clock = Clock::new(*slewer.calibration());
    let mut last = clock.now();
    for _ in 0..20 {
        for _ in 0..200 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
        let report = slewer.run_once().expect("clocks");
        assert!(!report.rejected, "{report:?}");
        clock.adopt(report.calibration);
        let before = clock_ns(libc::CLOCK_REALTIME, "CLOCK_REALTIME").expect("UTC");
        let ticks = clock.ticks();
        let now = clock.at(ticks);
        let after = clock_ns(libc::CLOCK_REALTIME, "CLOCK_REALTIME").expect("UTC");
        let grown = clock.calibration().error_at(ticks) - clock.calibration().error_ns;
        let error = report.own_error_ns + grown;
        assert!(now + error >= before && now <= after + error, "{now} {before} {after} {error}");
    }
}
