//! The fault table of `docs/RELIABILITY.md`: one test for each row, named `row_NN_words`. Each
//! injects its fault and checks the promise by its number; what it measured is printed.
//!
//! ```text
//! stage.rs     streams, timed sources, one process for one test
//! loss.rs      rows 1 to 5, 11: lost, repeated, moved     damage.rs   rows 6 to 8: wrong bytes
//! session.rs   rows 9, 10, 12, 13: numbers and copies     values.rs   rows 17 to 19: wrong content
//! servers.rs   row 15: servers that fill gaps             network.rs  rows 14, 16, 21: the kernel
//! listed.rs    the document names what is here, and nothing else
//! ```
//!
//! `HOTLANE_FAULTS=full` runs rows 16 and 17 at their full size.

#[path = "../common/mod.rs"]
mod common;
#[path = "../recover/ear.rs"]
#[allow(dead_code)]
mod ear;
#[path = "../recover/rig.rs"]
#[allow(dead_code)]
mod rig;
#[path = "../net/sockets.rs"]
#[allow(dead_code)]
mod sockets;
#[path = "../recover/venue.rs"]
#[allow(dead_code)]
mod venue;

mod damage;
mod listed;
mod loss;
mod network;
mod servers;
mod session;
mod stage;
mod values;
