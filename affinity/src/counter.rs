//! The counter that time is computed from: the TSC, or the kernel's raw clock.
//!
//! Reading the processor's time stamp counter takes some 10 ns and no system call. It is only a
//! clock where it runs at one rate through frequency changes (`constant_tsc`) and sleep
//! (`nonstop_tsc`), and where the kernel, which compares it with other clocks, still trusts it
//! (it is listed as a clock source). Elsewhere CLOCK_MONOTONIC_RAW stands in: its "ticks" are
//! nanoseconds, so everything above works the same, a little slower.

use crate::error::AffinityError;
use crate::sysfs;
use std::io;
use std::path::Path;

/// Where ticks come from. Every process on a clock page reads the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Counter {
    /// The processor's time stamp counter.
    Tsc = 1,
    /// CLOCK_MONOTONIC_RAW, in nanoseconds.
    MonotonicRaw = 2,
}

/// Which counter this host allows, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterChoice {
    /// The counter.
    pub counter: Counter,
    /// Why this one.
    pub reason: &'static str,
}

impl Counter {
    /// The name that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tsc => "tsc",
            Self::MonotonicRaw => "monotonic_raw",
        }
    }

    /// The counter of this code in a clock page.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Tsc),
            2 => Some(Self::MonotonicRaw),
            _ => None,
        }
    }

    /// Chooses the counter for this host.
    pub fn detect() -> CounterChoice {
        Self::detect_from(Path::new("/"))
    }

    /// Chooses the counter for the host described below `root`.
    pub fn detect_from(root: &Path) -> CounterChoice {
        let raw = |reason| CounterChoice { counter: Self::MonotonicRaw, reason };
        if !cfg!(target_arch = "x86_64") {
            return raw("this processor has no TSC");
        }
        let cpuinfo = sysfs::text(&root.join("proc/cpuinfo")).ok().flatten().unwrap_or_default();
        let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        let has = |flag| flags.split_whitespace().any(|word| word == flag);
        if !has("constant_tsc") {
            return raw("the TSC changes its rate with the processor's frequency");
        }
        if !has("nonstop_tsc") {
            return raw("the TSC stops while the processor sleeps");
        }
        let path = root.join("sys/devices/system/clocksource/clocksource0/available_clocksource");
        let sources = sysfs::text(&path).ok().flatten().unwrap_or_default();
        if !sources.split_whitespace().any(|word| word == "tsc") {
            return raw("the kernel does not trust the TSC as a clock source");
        }
        CounterChoice { counter: Self::Tsc, reason: "the TSC is constant, nonstop and trusted" }
    }

    /// The count now. No system call with the TSC; one of the vDSO's with the raw clock.
    #[inline]
    pub fn read(self) -> u64 {
        match self {
            Self::Tsc => tsc(),
            Self::MonotonicRaw => raw_or_zero(),
        }
    }

    /// The count now, read after everything before it and before everything after it.
    ///
    /// Twice the price of [`Counter::read`]; for brackets around another clock.
    #[inline]
    pub fn read_ordered(self) -> u64 {
        match self {
            Self::Tsc => tsc_ordered(),
            Self::MonotonicRaw => raw_or_zero(),
        }
    }
}

/// The raw clock; it cannot fail where [`clock_ns`] worked once, which calibration makes sure of.
#[inline]
fn raw_or_zero() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW").unwrap_or(0)
}

/// Nanoseconds of a kernel clock; negative times are an error.
///
/// # Errors
/// Where the kernel does not have the clock, or it stands before its epoch.
pub fn clock_ns(id: libc::clockid_t, clock: &'static str) -> Result<u64, AffinityError> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec` through the pointer, which is exclusive here.
    let rc = unsafe { libc::clock_gettime(id, &raw mut time) };
    if rc != 0 {
        return Err(AffinityError::ClockRead { clock, source: io::Error::last_os_error() });
    }
    let seconds = u64::try_from(time.tv_sec).ok().and_then(|s| s.checked_mul(1_000_000_000));
    let nanoseconds = u64::try_from(time.tv_nsec).ok();
    seconds.zip(nanoseconds).and_then(|(s, n)| s.checked_add(n)).ok_or_else(|| {
        AffinityError::ClockRead { clock, source: io::ErrorKind::InvalidData.into() }
    })
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn tsc() -> u64 {
    // SAFETY: RDTSC is part of every x86-64 processor and only reads a counter.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn tsc_ordered() -> u64 {
    use core::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: LFENCE is SSE2 and RDTSC older, both part of every x86-64 processor; they order
    // and read, nothing else.
    unsafe {
        _mm_lfence();
        let ticks = _rdtsc();
        _mm_lfence();
        ticks
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn tsc() -> u64 {
    // A clock page of an x86-64 host can only come from a file; its ticks mean nothing here.
    0
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn tsc_ordered() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::made_up::tree;

    const SOURCES: &str = "sys/devices/system/clocksource/clocksource0/available_clocksource";

    fn choice(flags: &str, sources: &str) -> CounterChoice {
        let root = tempfile::tempdir().expect("a folder");
        let cpuinfo = format!("processor\t: 0\nflags\t\t: fpu {flags} sse\n");
        tree(root.path(), &[("proc/cpuinfo", &cpuinfo), (SOURCES, sources)]);
        Counter::detect_from(root.path())
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn only_a_trusted_tsc_is_a_clock() {
        let good = choice("constant_tsc nonstop_tsc", "tsc kvm-clock \n");
        assert_eq!(good.counter, Counter::Tsc);
        for (flags, sources, word) in [
            ("nonstop_tsc", "tsc\n", "rate"),
            ("constant_tsc", "tsc\n", "sleeps"),
            ("constant_tsc nonstop_tsc", "hpet acpi_pm\n", "trust"),
            ("constant_tsc_x nonstop_tsc", "tsc\n", "rate"),
        ] {
            let bad = choice(flags, sources);
            assert_eq!(bad.counter, Counter::MonotonicRaw, "{flags} {sources}");
            assert!(bad.reason.contains(word), "{}", bad.reason);
        }
    }

    #[test]
    fn a_host_that_says_nothing_gets_the_kernels_clock() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(Counter::detect_from(root.path()).counter, Counter::MonotonicRaw);
    }

    #[test]
    fn counters_do_not_run_backwards_on_one_thread() {
        for counter in [Counter::detect().counter, Counter::MonotonicRaw] {
            let mut last = counter.read_ordered();
            for _ in 0..10_000 {
                let now = counter.read_ordered();
                assert!(now >= last, "{}: {now} after {last}", counter.name());
                last = now;
            }
        }
    }

    #[test]
    fn codes_are_read_back() {
        for counter in [Counter::Tsc, Counter::MonotonicRaw] {
            assert_eq!(Counter::from_code(counter as u8), Some(counter));
        }
        assert_eq!(Counter::from_code(0), None);
        assert_eq!(Counter::from_code(3), None);
    }
}
