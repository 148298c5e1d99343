//! What a lane needs from the host: its own core, memory that is already there, and the time.
//!
//! A busy-polling thread is only as good as the ground it stands on. This crate finds out what
//! the host offers ([`topology`], [`allowed`]), claims it ([`mod@pin`], [`memory`], [`huge`]),
//! tells the time without a system call ([`clock`], kept true by [`slew`]), runs the poll loop
//! ([`core_loop`], [`poll`]) and measures how well it went ([`longest`], [`hiccup`]).
//!
//! Everything here knows nothing of markets. Claiming happens at start, on the control plane;
//! only [`clock::Clock::now`], [`poll::Idle::idle`], [`longest::LongestPoll::record`] and the
//! loop itself are on the hot path, and these neither allocate nor lock.

pub mod allowed;
pub mod clock;
pub mod core_loop;
pub mod counter;
pub mod cpu_set;
pub mod error;
pub mod hiccup;
pub mod huge;
pub mod kernel_clock;
pub mod longest;
pub mod memory;
pub mod pin;
pub mod poll;
pub mod sample;
pub mod slew;
mod sysfs;
pub mod topology;
pub mod usage;

pub use allowed::Allowed;
pub use clock::{Calibration, Clock, Now};
pub use core_loop::{Bodies, Body, CoreReport, CoreSpec, run_core};
pub use counter::Counter;
pub use cpu_set::CpuSet;
pub use error::AffinityError;
pub use huge::{HugeBuffer, HugeOutcome, PageKind, advise_huge};
pub use kernel_clock::{ClockState, KernelClock};
pub use longest::{LongestPoll, PollStats};
pub use pin::{Pinned, pin};
pub use poll::{Backoff, Idle, PollMode, choose};
pub use slew::{SlewLimits, SlewReport, Slewer};
pub use topology::Topology;
pub use usage::ThreadUsage;
