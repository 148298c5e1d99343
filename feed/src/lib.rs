//! The feed handler: bytes in, records out.
//!
//! Modules follow the data:
//!
//! ```text
//! net/       where bytes come from            line/     first copy of each number wins
//! gap.rs     what is missing, since when      lane/     the state machine of one venue
//! venue/     venue messages to records        publish/  seats, images, tables, counters
//! replay/    a recording through a lane       cli/      the command line of `hotlane`
//! config/    a file checked whole             run/      cores, lanes and sockets until a signal
//! ```
//!
//! A lane is `poll(now)`: no clock, thread or I/O of its own. The same code runs on a pinned core,
//! in a replay and under a deterministic simulation.
#![deny(unsafe_code)]

pub mod cli;
pub mod config;
pub mod counts;
pub mod error;
pub mod gap;
pub mod lane;
pub mod line;
pub mod net;
pub mod publish;
pub mod recover;
pub mod replay;
pub mod run;
pub mod venue;
