//! Tests of the clock against arithmetic done the long way, and against the kernel's clocks.

use super::*;
use crate::counter::clock_ns;
use crate::kernel_clock::ClockState;
use proptest::prelude::*;

/// A kernel clock that claims to be perfect, so that only our own error is judged.
const PERFECT: KernelClock =
    KernelClock { state: ClockState::Ok, max_error_ns: 0, estimated_error_ns: 0, frequency_ppb: 0 };

fn line(tsc_base: u64, utc_base_ns: u64, mult: u64) -> Calibration {
    Calibration {
        tsc_base,
        utc_base_ns,
        mult,
        error_ns: 0,
        epoch: 1,
        rate_error_ppb: 0,
        counter: Counter::Tsc,
    }
}

/// The same by schoolbook long multiplication on 32-bit digits, then floor division.
fn naive(c: &Calibration, ticks: u64) -> i128 {
    let negative = ticks.wrapping_sub(c.tsc_base) > i64::MAX as u64;
    let away =
        if negative { c.tsc_base.wrapping_sub(ticks) } else { ticks.wrapping_sub(c.tsc_base) };
    let digits = |n: u64| [n & 0xffff_ffff, n >> 32];
    let mut product = 0_u128;
    for (i, a) in digits(away).into_iter().enumerate() {
        for (j, b) in digits(c.mult).into_iter().enumerate() {
            product += (u128::from(a) * u128::from(b)) << (32 * (i + j));
        }
    }
    let whole = i128::try_from(product / (1 << SHIFT)).expect("below 2^80");
    let rest = !product.is_multiple_of(1 << SHIFT);
    let ns = if negative { -whole - i128::from(rest) } else { whole };
    (i128::from(c.utc_base_ns) + ns).clamp(0, i128::from(u64::MAX))
}

proptest! {
    #[test]
    fn conversion_is_exact(
        base in any::<u64>(), utc in any::<u64>(), mult in 1_u64.., ticks in any::<u64>(),
    ) {
        let c = line(base, utc, mult);
        prop_assert_eq!(i128::from(c.now_ns(ticks)), naive(&c, ticks));
    }

    #[test]
    fn conversion_is_exact_near_the_base(
        base in any::<u64>(),
        utc in 1_600_000_000_000_000_000_u64..2_000_000_000_000_000_000,
        mult in 1_u64 << (SHIFT - 4)..1 << (SHIFT + 3),
        delta in -20_000_000_000_i64..20_000_000_000,
    ) {
        let c = line(base, utc, mult);
        let ticks = base.wrapping_add_signed(delta);
        prop_assert_eq!(i128::from(c.now_ns(ticks)), naive(&c, ticks));
        if delta >= 0 {
            prop_assert_eq!(c.duration_ns(delta as u64), c.now_ns(ticks) - utc);
            // There and back loses less than a tick's worth.
            let back = c.ticks_in(c.duration_ns(delta as u64));
            prop_assert!(back <= delta as u64);
            prop_assert!(c.duration_ns(back + 1) >= c.duration_ns(delta as u64));
        }
    }

    #[test]
    fn one_line_never_runs_backwards(
        mult in 1_u64 << (SHIFT - 4)..1 << (SHIFT + 3),
        delta in -1_000_000_000_i64..1_000_000_000, more in 0_i64..9,
    ) {
        let c = line(1 << 40, 1 << 60, mult);
        let at = |d: i64| c.now_ns((1_u64 << 40).wrapping_add_signed(d));
        prop_assert!(at(delta + more) >= at(delta));
    }

    #[test]
    fn words_are_read_back(
        words in any::<[u64; 5]>(), rate in any::<u64>(), tsc in any::<bool>(),
    ) {
        let [tsc_base, utc_base_ns, mult, error_ns, epoch] = words;
        let (mult, epoch) = (mult.max(1), epoch >> 8);
        let counter = if tsc { Counter::Tsc } else { Counter::MonotonicRaw };
        let c = Calibration {
            tsc_base, utc_base_ns, mult, error_ns, epoch, rate_error_ppb: rate, counter,
        };
        prop_assert_eq!(Calibration::from_words(c.to_words()), Ok(c));
    }

    #[test]
    fn any_words_are_a_calibration_or_an_error(words in any::<[u64; 6]>(), ticks in any::<u64>()) {
        if let Ok(c) = Calibration::from_words(words) {
            prop_assert_eq!(c.to_words(), words);
            let _ = (c.now_ns(ticks), c.error_at(ticks), c.duration_ns(ticks));
        }
    }

    #[test]
    fn the_line_goes_through_both_samples(
        mhz in 1_000_u64..5_000, span_us in 1_000_u64..10_000_000, freq_ppm in -500_i64..500,
    ) {
        // A counter of `mhz` against a UTC that runs `freq_ppm` fast.
        let ticks = span_us * mhz;
        let raw = span_us * 1000;
        let utc = raw.wrapping_add_signed(raw as i64 * freq_ppm / 1_000_000);
        let first = ClockSample { ticks: 77, utc_ns: 1 << 60, raw_ns: 5, uncertainty_ticks: 10 };
        let second = ClockSample {
            ticks: 77 + ticks, utc_ns: (1 << 60) + utc, raw_ns: 5 + raw, uncertainty_ticks: 20,
        };
        let c = Calibration::between(&first, &second, Counter::Tsc, &PERFECT)
            .expect("a running counter");
        prop_assert_eq!(c.now_ns(second.ticks), second.utc_ns);
        prop_assert!(c.now_ns(first.ticks).abs_diff(first.utc_ns) <= 1 + (ticks >> SHIFT));
        // Twenty ticks take no more than 20 ns at 1 GHz and above.
        prop_assert!(c.error_ns <= 22);
        prop_assert_eq!(c.epoch, 1);
    }
}

#[test]
fn malformed_words_are_told_apart() {
    let good = line(1, 2, 3).to_words();
    let with = |i: usize, value: u64| {
        let mut words = good;
        words[i] = value;
        Calibration::from_words(words)
    };
    assert_eq!(with(2, 0), Err(CalibrationError::ZeroMultiplier));
    for code in [0, 3, 255] {
        assert_eq!(with(4, code << 56 | 7), Err(CalibrationError::UnknownCounter));
    }
    assert_eq!(Calibration::from_words([0; 6]), Err(CalibrationError::ZeroMultiplier));
    for (i, error) in CalibrationError::ALL.into_iter().enumerate() {
        assert_eq!((error.index(), error.to_string()), (i, error.name().to_owned()));
    }
}

#[test]
fn the_words_lie_where_the_table_says() {
    let c = Calibration {
        tsc_base: 0x11,
        utc_base_ns: 0x22,
        mult: 0x33,
        error_ns: 0x44,
        epoch: 0x55,
        rate_error_ppb: 0x66,
        counter: Counter::MonotonicRaw,
    };
    assert_eq!(c.to_words(), [0x11, 0x22, 0x33, 0x44, 0x0200_0000_0000_0055, 0x66]);
}

#[test]
fn a_step_of_utc_between_the_samples_does_not_bend_the_line() {
    let first = ClockSample { ticks: 0, utc_ns: 1 << 60, raw_ns: 0, uncertainty_ticks: 1 };
    for step in [-1_000_000_000_i64, 1_000_000_000, 100_000] {
        let second = ClockSample {
            ticks: 60_000_000,
            utc_ns: ((1_u64 << 60) + 20_000_000).wrapping_add_signed(step),
            raw_ns: 20_000_000,
            uncertainty_ticks: 1,
        };
        let c = Calibration::between(&first, &second, Counter::Tsc, &PERFECT).expect("a line");
        // One tick of 3 GHz is a third of a nanosecond.
        assert_eq!(c.mult, ((1_u128 << SHIFT) / 3) as u64);
        assert_eq!(c.now_ns(second.ticks), second.utc_ns);
    }
}

#[test]
fn a_counter_that_stands_is_an_error() {
    let sample = ClockSample { ticks: 9, utc_ns: 1 << 60, raw_ns: 0, uncertainty_ticks: 1 };
    let later = ClockSample { utc_ns: (1 << 60) + 1000, raw_ns: 1000, ..sample };
    let stopped = Calibration::between(&sample, &later, Counter::Tsc, &PERFECT);
    assert!(matches!(stopped, Err(AffinityError::CounterStopped { interval_ns: 1000 })));
    let backwards = ClockSample { ticks: 8, ..later };
    assert!(Calibration::between(&sample, &backwards, Counter::Tsc, &PERFECT).is_err());
}

#[test]
fn the_bound_grows_with_age() {
    let mut c = line(1 << 40, 1 << 60, 1 << SHIFT);
    c.error_ns = 100;
    c.rate_error_ppb = 1000;
    assert!((100..=101).contains(&c.error_at(1 << 40)));
    let later = c.error_at((1 << 40) + 1_000_000_000);
    assert!((1100..=1102).contains(&later), "{later}");
    // Extrapolating backwards is as doubtful as forwards.
    assert_eq!(c.error_at((1 << 40) - 1_000_000_000), later);
}

#[test]
fn the_clock_agrees_with_the_kernels() {
    for counter in [Counter::detect().counter, Counter::MonotonicRaw] {
        let (calibration, _) = Calibration::measure(counter, &PERFECT).expect("a calibration");
        let mut clock = Clock::new(calibration);
        for _ in 0..1000 {
            let before = clock_ns(libc::CLOCK_REALTIME, "CLOCK_REALTIME").expect("UTC");
            let now = clock.now();
            let after = clock_ns(libc::CLOCK_REALTIME, "CLOCK_REALTIME").expect("UTC");
            let error = calibration.error_at(clock.ticks());
            assert!(now.saturating_add(error) >= before, "{now} {before} {error}");
            assert!(now <= after.saturating_add(error), "{now} {after} {error}");
        }
    }
}

#[test]
fn a_clock_stands_rather_than_go_back() {
    let (c, _) = Calibration::measure(Counter::detect().counter, &PERFECT).expect("a line");
    let mut clock = Clock::new(c);
    let before = clock.now();
    clock.adopt(Calibration { utc_base_ns: c.utc_base_ns - 60_000_000_000, ..c });
    assert_eq!(clock.now(), before);
    assert!(clock.at(clock.ticks()) < before);
    clock.adopt(Calibration { utc_base_ns: c.utc_base_ns + 60_000_000_000, ..c });
    assert!(clock.now() > before);
}

#[test]
fn a_tools_own_clock_runs() {
    let mut clock = Clock::measure().expect("a calibration");
    let first = Now::now(&mut clock);
    let mut closure = || 7;
    assert_eq!(Now::now(&mut closure), 7);
    assert!(clock.now() >= first);
    assert!(clock.calibration().mult > 0);
}
