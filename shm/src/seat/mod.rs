//! A seat: one consumer's ring at a producer, with its claim, filter, policy and counters.
//!
//! Joining, filtering, losing, recovering and leaving are one mechanism here. The consumer writes
//! in its own small memory (`ctl`): the claim, the cursor, and a request that says what it wants.
//! The producer reads that as untrusted bytes and answers in the ring's memory: status, counters,
//! records. Neither ever waits for the other. This module is the consumer's side and what both
//! sides share; the producer's side is [`crate::fanout`].

mod consumer;
pub mod layout;
mod request;
mod status;

pub use consumer::{Attach, AttachError, Consumer};
pub use request::{Filter, Policy};
pub(crate) use request::{RequestRow, Terms};
pub use status::{COUNTERS, Counter, Reason, SeatState, SeatStatus, StatusError, read_counters};
pub(crate) use status::{STATUS_WORDS, write_counters};
