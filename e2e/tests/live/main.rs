//! Two lines on real sockets: `venue-sim play` sends, `hotlane run` arbitrates, another process sees.
//!
//! What is compared is never the handler with itself: records with those of `hotlane replay` of the
//! same file, gaps with the list of what the sender did not send.

#[path = "../common/mod.rs"]
mod common;
mod lines;
mod loss;
mod processes;
mod stage;
