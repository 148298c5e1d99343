//! Features of an instrument's book and trades, computed from a producer's records and published
//! as records of its own.
//!
//! ```text
//! inputs/      quotes, levels, prints            window/     exact sums, means over time, as-of
//! blocks/      one file per feature              flags.rs    how far an output can be believed
//! output.rs    feature ids, parts, records       instrument.rs  all blocks of an instrument
//! engine/      records in, outputs out           process/    the program: seats, counters, signals
//! ```
//!
//! Prices, quantities and sums stay integers; floating point begins at the output. No block reads a
//! clock: feature time is the greatest receive time of the lane so far, so a replay gives the same
//! values. All memory is taken when an instrument is first seen.
#![forbid(unsafe_code)]

pub mod blocks;
pub mod engine;
pub mod flags;
pub mod inputs;
pub mod instrument;
pub mod output;
pub mod policy;
pub mod process;
pub mod window;
