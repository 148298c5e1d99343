//! `hotlane run`: cores, lanes and sockets from a configuration, until a signal.
//!
//! ```text
//! source.rs   sockets, with damage and recording around them, as one source
//! clock.rs    a core's clock, which follows the instance's clock page
//! polling.rs  how each core polls, and why
//! body.rs     a lane as its core polls it
//! core.rs     a core's thread, from its start to its report
//! handler.rs  sets everything up, watches, reloads, ends
//! reload.rs   symbols while it runs
//! recovery.rs the servers that gaps are filled from
//! summary.rs  what came of it
//! ```
//!
//! Threads: this one watches and talks; one per core polls lanes; the instance has two of its own
//! (keeper, clock page). Lanes meet the others through atomics and queues only: what they count
//! lies in shared memory, and what a reload changes comes prepared through a queue.

pub mod body;
pub mod clock;
pub mod core;
pub mod handler;
pub mod polling;
pub mod recovery;
pub mod reload;
pub mod source;
pub mod summary;

pub use handler::{Flags, run};
pub use summary::Summary;
