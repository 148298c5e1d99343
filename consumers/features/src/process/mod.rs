//! The program: follows an instance, computes, publishes as an instance of its own.
//!
//! ```text
//! args.rs    the command line        config.rs  the file, and what is in force
//! outlet.rs  seats and counters      run.rs     the loop, through every generation
//! report.rs  what was done           error.rs   what keeps it from running
//! ```
//!
//! Numbers of instruments hold for one generation of the source, so each of its generations gets
//! one of ours: our consumers see ours close and the next one begin.

pub mod args;
pub mod config;
pub mod error;
pub mod outlet;
pub mod report;
pub mod run;

pub use args::Args;
pub use config::Config;
pub use error::{Error, Result};
