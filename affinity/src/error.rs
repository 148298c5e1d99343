//! The crate's one error: what was wrong, where, and what to do about it.
//!
//! Everything here happens at start or on the control plane, so the messages may be long and
//! may allocate. They are written for the person who has to change a configuration or a host.

use crate::clock::CalibrationError;
use crate::cpu_set::{CpuListError, CpuSet};
use std::io;
use std::path::PathBuf;

/// Everything that can go wrong between this crate and the host.
#[derive(Debug, thiserror::Error)]
pub enum AffinityError {
    /// A core number that this host never had.
    #[error("core {core} does not exist; this host has {present}")]
    NoSuchCore {
        /// The core that was asked for.
        core: usize,
        /// The cores of this host.
        present: CpuSet,
    },
    /// A core that exists but is switched off.
    #[error(
        "core {core} is offline; online are {online}: write 1 to \
         /sys/devices/system/cpu/cpu{core}/online or choose another core"
    )]
    CoreOffline {
        /// The core that was asked for.
        core: usize,
        /// The cores that are switched on.
        online: CpuSet,
    },
    /// A core that this process may not use.
    #[error(
        "core {core} is not allowed to this process, which may use {allowed}: \
         widen the cgroup's cpuset or the taskset, or choose another core"
    )]
    CoreNotAllowed {
        /// The core that was asked for.
        core: usize,
        /// The cores that affinity and cgroup leave.
        allowed: CpuSet,
    },
    /// The kernel refused a change of affinity.
    #[error("cannot pin this thread to core {cpus}: {source}")]
    SetAffinity {
        /// The cores the thread should have run on.
        cpus: CpuSet,
        /// What the kernel said.
        source: io::Error,
    },
    /// The thread's affinity cannot be read.
    #[error("cannot read this thread's allowed cores: {source}")]
    GetAffinity {
        /// What the kernel said.
        source: io::Error,
    },
    /// A file of the host cannot be read.
    #[error("cannot read {}: {source}; is /sys or /proc mounted?", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A list of cores in a file of the host is not one.
    #[error("{} holds {text:?}, which is no list of cores: {error}", path.display())]
    CpuList {
        /// The file.
        path: PathBuf,
        /// What it held, at most 64 characters of it.
        text: String,
        /// What is wrong with it.
        error: CpuListError,
    },
    /// A buffer of no bytes was asked for.
    #[error("a buffer needs at least one byte")]
    EmptyBuffer,
    /// A buffer longer than the address space.
    #[error("a buffer of {bytes} bytes does not fit the address space")]
    BufferTooLarge {
        /// The length that was asked for, in bytes.
        bytes: usize,
    },
    /// Memory cannot be had in any page size.
    #[error("cannot map {bytes} bytes, not even in ordinary pages: {source}; is memory short?")]
    Map {
        /// The length that was asked for, in bytes.
        bytes: usize,
        /// What the kernel said about ordinary pages.
        source: io::Error,
    },
    /// A clock of the kernel cannot be read.
    #[error("cannot read {clock}: {source}")]
    ClockRead {
        /// The clock's name as in clock_gettime(2), or `adjtimex`.
        clock: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The counter did not advance between two samples.
    #[error(
        "the counter stood still between two samples {interval_ns} ns apart: \
         calibrate over a longer interval, or use another counter"
    )]
    CounterStopped {
        /// Nanoseconds of CLOCK_MONOTONIC_RAW between the samples.
        interval_ns: u64,
    },
    /// Six words that are no calibration.
    #[error("these words are no calibration: {0}; is the clock page of another version?")]
    CalibrationWords(#[from] CalibrationError),
    /// A core's hiccups cannot be measured.
    #[error("cannot measure hiccups: {reason}")]
    Hiccup {
        /// What stood in the way.
        reason: String,
    },
}
