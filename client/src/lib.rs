//! What a consumer links: attach, filter, poll, books, resync, several lanes.
//!
//! ```text
//! client.rs   from "no producer yet" through every generation: poll, resync, filters
//! lane.rs     one lane: its seat, instruments, counts      seat.rs    taking a seat
//! spec.rs     what is asked for                            event.rs   what a poll hands out
//! books/      books made from records, never invented      images.rs  latest state, at random
//! table.rs    symbols and numbers                          stats.rs, pace.rs, error.rs
//! ```
//!
//! A consumer attaches at any time, also before its producer exists, and follows it through
//! restarts. It treats everything in shared memory as untrusted bytes.
#![forbid(unsafe_code)]

pub mod books;
pub mod client;
pub mod error;
pub mod event;
pub mod images;
pub mod lane;
mod pace;
mod seat;
pub mod spec;
pub mod stats;
pub mod table;

pub use books::{BookSet, BookSpec, Books};
pub use client::Client;
pub use error::{Error, Result};
pub use event::{Detached, Event};
pub use images::{ImageView, Images};
pub use lane::{Lane, LaneState};
pub use shm::seat::Policy;
pub use spec::{AttachSpec, FilterSpec, Lanes, Wanted};
pub use stats::LaneStats;
pub use table::InstrumentTable;
