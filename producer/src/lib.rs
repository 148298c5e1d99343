//! What a producer links: an instance in shared memory, its lanes, and their end. The twin of
//! `client`.
//!
//! Whoever publishes records - the feed handler, `features`, `oms` - needs the same things: a
//! directory with seats and tables per lane, a heartbeat, somebody who finds dead consumers, a
//! guard against consumers that cut their files short, a clock page, and an end that consumers can
//! tell from a crash. They are made here, once, so that no producer depends on another.
//!
//! ```text
//! spec.rs      what an instance consists of     host.rs      makes it, holds it, ends it
//! control.rs   the clock page and the stop      named.rs     errors and counters by name
//! records.rs   how wire's records lie in shm    error.rs     what can go wrong at start
//! ```
//!
//! A [`Host`] holds what belongs to the process; each lane's thread gets its [`LaneParts`]. Nothing
//! here is on a hot path but the writers in the parts, which are those of `shm`.
#![forbid(unsafe_code)]

pub mod control;
pub mod error;
pub mod host;
pub mod named;
pub mod records;
pub mod spec;

pub use error::{ProducerError, Result};
pub use host::{Host, LaneParts};
pub use named::{NamedCounters, NamedErrors};
pub use records::{RULES, channel_row, layout_rows};
pub use spec::{HostSpec, LaneSpec};
