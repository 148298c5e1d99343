//! What the kernel knows of its own clock: synchronised or not, and wrong by at most how much.
//!
//! CLOCK_REALTIME is what `ptp4l`, `chronyd` or `ntpd` make of it. They tell the kernel how good
//! it is, the kernel adds 500 ppm of doubt for every second without news, and adjtimex(2) with
//! no modes reads the sum without any privilege. A host that nobody synchronises reports
//! `TIME_ERROR` and 16 s, which is the kernel's word for "no idea".

use crate::error::AffinityError;
use std::io;

/// The kernel's largest error, used where it says nothing: 16 s in nanoseconds.
pub const UNKNOWN_ERROR_NS: u64 = 16_000_000_000;

/// State of the kernel's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ClockState {
    /// adjtimex was refused, so nothing is known.
    Unknown = 0,
    /// Synchronised.
    Ok = 1,
    /// Synchronised; a second will be inserted at the end of the day.
    InsertLeap = 2,
    /// Synchronised; a second will be left out at the end of the day.
    DeleteLeap = 3,
    /// A leap second is happening.
    LeapInProgress = 4,
    /// A leap second has happened.
    LeapDone = 5,
    /// Not synchronised (`TIME_ERROR`).
    Unsynchronised = 6,
}

impl ClockState {
    /// Every state; the place is the code.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Ok,
        Self::InsertLeap,
        Self::DeleteLeap,
        Self::LeapInProgress,
        Self::LeapDone,
        Self::Unsynchronised,
    ];

    /// The name that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::InsertLeap => "insert_leap",
            Self::DeleteLeap => "delete_leap",
            Self::LeapInProgress => "leap_in_progress",
            Self::LeapDone => "leap_done",
            Self::Unsynchronised => "unsynchronised",
        }
    }

    /// The state of this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The state of adjtimex(2)'s return value and status bits.
    fn from_adjtimex(rc: libc::c_int, status: libc::c_int) -> Self {
        if status & libc::STA_UNSYNC != 0 {
            return Self::Unsynchronised;
        }
        match rc {
            libc::TIME_OK => Self::Ok,
            libc::TIME_INS => Self::InsertLeap,
            libc::TIME_DEL => Self::DeleteLeap,
            libc::TIME_OOP => Self::LeapInProgress,
            libc::TIME_WAIT => Self::LeapDone,
            _ => Self::Unsynchronised,
        }
    }

    /// Whether the kernel stands by the clock's error bound.
    pub const fn is_synchronised(self) -> bool {
        !matches!(self, Self::Unknown | Self::Unsynchronised)
    }
}

/// The kernel's account of CLOCK_REALTIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelClock {
    /// Synchronised or not, leap second or not.
    pub state: ClockState,
    /// The clock is wrong by at most this, in nanoseconds; 16 s where nobody synchronises.
    pub max_error_ns: u64,
    /// The clock is probably wrong by this, in nanoseconds.
    pub estimated_error_ns: u64,
    /// How much faster the discipline runs the clock, in parts per billion.
    pub frequency_ppb: i64,
}

impl KernelClock {
    /// Where nothing is known.
    pub const UNKNOWN: Self = Self {
        state: ClockState::Unknown,
        max_error_ns: UNKNOWN_ERROR_NS,
        estimated_error_ns: UNKNOWN_ERROR_NS,
        frequency_ppb: 0,
    };

    /// Asks the kernel; one system call that changes nothing.
    ///
    /// # Errors
    /// Where the kernel refuses (a sandbox may); [`KernelClock::UNKNOWN`] then stands in.
    pub fn read() -> Result<Self, AffinityError> {
        // SAFETY: `timex` is a struct of integers, for which all-zero bytes are valid.
        let mut timex: libc::timex = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel reads and writes one `timex` through the pointer, which is
        // exclusive here; with `modes` 0 it changes no clock.
        let rc = unsafe { libc::adjtimex(&raw mut timex) };
        if rc < 0 {
            let source = io::Error::last_os_error();
            return Err(AffinityError::ClockRead { clock: "adjtimex", source });
        }
        Ok(Self {
            state: ClockState::from_adjtimex(rc, timex.status),
            max_error_ns: micros_to_ns(timex.maxerror),
            estimated_error_ns: micros_to_ns(timex.esterror),
            frequency_ppb: scaled_ppm_to_ppb(timex.freq),
        })
    }

    /// Asks the kernel; [`KernelClock::UNKNOWN`] where it refuses.
    pub fn read_or_unknown() -> Self {
        Self::read().unwrap_or(Self::UNKNOWN)
    }
}

/// The kernel counts these in microseconds; a negative one is none of its.
fn micros_to_ns(micros: libc::c_long) -> u64 {
    u64::try_from(micros).map_or(UNKNOWN_ERROR_NS, |us| us.saturating_mul(1000))
}

/// Parts per billion of a frequency in 2^-16 ppm.
fn scaled_ppm_to_ppb(scaled: libc::c_long) -> i64 {
    scaled.saturating_mul(1000) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_values_have_names() {
        let cases = [
            (libc::TIME_OK, 0, ClockState::Ok),
            (libc::TIME_INS, 0, ClockState::InsertLeap),
            (libc::TIME_DEL, 0, ClockState::DeleteLeap),
            (libc::TIME_OOP, 0, ClockState::LeapInProgress),
            (libc::TIME_WAIT, 0, ClockState::LeapDone),
            (libc::TIME_ERROR, 0, ClockState::Unsynchronised),
            (libc::TIME_OK, libc::STA_UNSYNC, ClockState::Unsynchronised),
            (77, 0, ClockState::Unsynchronised),
        ];
        for (rc, status, state) in cases {
            assert_eq!(ClockState::from_adjtimex(rc, status), state);
        }
        for (code, state) in (0_u8..).zip(ClockState::ALL) {
            assert_eq!(state as u8, code);
            assert_eq!(ClockState::from_code(code), Some(state));
        }
        assert_eq!(ClockState::from_code(7), None);
        assert!(!ClockState::Unsynchronised.is_synchronised());
        assert!(ClockState::InsertLeap.is_synchronised());
    }

    #[test]
    fn the_kernels_units_are_converted() {
        assert_eq!(micros_to_ns(250), 250_000);
        assert_eq!(micros_to_ns(-1), UNKNOWN_ERROR_NS);
        assert_eq!(scaled_ppm_to_ppb(65_536), 1000);
        assert_eq!(scaled_ppm_to_ppb(-32_768_000), -500_000);
    }

    #[test]
    fn this_kernel_answers_or_is_unknown() {
        let clock = KernelClock::read_or_unknown();
        // The kernel caps its own error at 16 s and its frequency at 500 ppm.
        assert!(clock.max_error_ns <= UNKNOWN_ERROR_NS, "{clock:?}");
        assert!(clock.frequency_ppb.abs() <= 500_000, "{clock:?}");
    }
}
