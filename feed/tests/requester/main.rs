//! Recovery against made servers in virtual time.
//!
//! ```text
//! world.rs      virtual time, request servers with every fault, the lane's end of the queues
//! numbers.rs    every wanted number is filled or declared, once; the rate; nothing unwanted
//! faults.rs     each fault of a request server by its name
//! streams.rs    a snapshot server by script           snapshots.rs  its faults by name
//! ```

#[path = "../common/mod.rs"]
mod common;

mod faults;
mod numbers;
mod snapshots;
mod streams;
mod world;
