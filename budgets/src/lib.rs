//! Instruction budgets: what a message costs, in instructions, held against a baseline.
//!
//! Times on a shared host scatter by a tenth and more, so a slowdown of a few per cent is seen by
//! nobody when it is made and by everybody when ten of them have added up. The number of
//! instructions hardly scatters: callgrind runs the shipped code in a simulated processor and counts
//! them. It does not see caches or mispredicted branches; times are `compare`'s to measure.
//!
//! ```text
//! program/      what is counted: decode, book, publish, consume
//! callgrind.rs  the only part that knows valgrind
//! baseline.rs   the committed counts        report.rs   a table of both
//! command.rs    check, update, measure
//! ```
//!
//! The binary is both sides: `budgets check` runs `budgets measure PROGRAM` under callgrind. Only
//! what runs inside [`program::counted_by_callgrind`] is counted, and only on a market that has
//! warmed up, so that neither set-up nor empty books are in the figures. Valgrind's processor has
//! AVX2 and no AVX-512, whatever the host has.
#![forbid(unsafe_code)]

pub mod baseline;
pub mod callgrind;
pub mod command;
pub mod error;
pub mod program;
pub mod report;
