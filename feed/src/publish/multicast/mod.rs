//! The multicast publisher: records in, datagrams out, on a thread and a seat of its own.
//!
//! A lane must not wait for a network, so it does not know of one: the publisher is a consumer
//! like any other, attached with the policy `lose`. What it cannot send in time is conflated
//! (books), declared (trades), or said again within five seconds (everything else).
//!
//! ```text
//! thread.rs    the loop: seat, clock, socket            machine.rs   records in
//! compose.rs   a datagram into a slot                   trades.rs    what is never conflated
//! books.rs     whole sides, on change                   status.rs    states, definitions
//! cycle.rs     what is repeated: heartbeats, text       group.rs     four groups, their numbers
//! lane.rs      what is known of a lane's instruments    exchange.rs  names, counts of an exchange
//! batch.rs     slots                                    order.rs     equal sizes together
//! counts.rs    what was counted                      pace.rs      a cap on datagrams
//! ```
//!
//! All but `thread.rs` is a state machine: no clock, no socket. `docs/decisions/0008` says why
//! it is built on the client library and takes LEVELS.

pub mod batch;
mod books;
mod compose;
pub mod counts;
mod cycle;
mod exchange;
pub mod group;
mod lane;
pub mod machine;
pub mod order;
mod pace;
pub mod settings;
mod status;
mod thread;
mod trades;

pub use counts::{Counts, PublisherReport};
pub use machine::{Machine, Plan, Rows};
pub use thread::{Publisher, PublisherHandle};
