//! Deterministic simulation: the feed handler's own state machines under a seeded scheduler.
//!
//! Lane (arbiter, gaps, repair), recovery, books, fan-out, seats and the consumers' books are the
//! code that ships. Time, network, servers and consumers are made, and everything that happens
//! follows from one number: a seed that fails fails again.
//!
//! ```text
//! scenario.rs   what a seed draws           world.rs      the run: events and what they do
//! scheduler.rs  virtual time                random.rs     draws
//! market.rs     sessions of messages        truth.rs      the true books
//! itch.rs       their bytes                 line.rs       lines and their faults
//! consumer.rs   consumers and their books
//! servers.rs    retransmission, snapshots  outlet.rs     seats, and a log
//! checks.rs     what must hold              compare.rs    books against the true ones
//! mutant.rs     faults that must be found   trace.rs      what happened last
//! campaign.rs   many seeds                 loss.rs       independent loss on two lines
//! ```
#![forbid(unsafe_code)]

pub mod campaign;
pub mod checks;
pub mod compare;
pub mod consumer;
pub mod itch;
pub mod line;
pub mod loss;
pub mod market;
pub mod mutant;
pub mod outlet;
pub mod random;
pub mod scenario;
pub mod scheduler;
pub mod servers;
pub mod trace;
pub mod truth;
pub mod world;
